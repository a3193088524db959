#include "methods/estimators/artefact_json.hpp"

#include <nlohmann/json.hpp>

#include "config/json_depth.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

Status bad(const std::string& key, const std::string& what) { return {Errc::kBadInput, "field \"" + key + "\" " + what}; }

std::string range(Bounds bounds) { return "from " + json(bounds.low).dump() + " to " + json(bounds.high).dump(); }

const json* find(const json& object, const std::string& key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

Result<json> parse_artefact(std::string_view text, const std::string& format, std::uint64_t version) {
  if (text.size() > kMaxArtefactBytes)
    return {Errc::kBadInput, "longer than the " + std::to_string(kMaxArtefactBytes) + " bytes of any " + format};
  if (!json_depth_within(text, 8)) return {Errc::kBadInput, "nested deeper than any " + format};
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {Errc::kBadInput, "not a JSON object"};
  AD_ASSIGN_OR_RETURN(const std::string name, name_field(object, "format", 64));
  if (name != format) return bad("format", "is not \"" + format + "\"");
  AD_ASSIGN_OR_RETURN(const std::uint64_t written, count_field(object, "version", ~std::uint64_t{0}));
  if (written != version)
    return bad("version",
               "is " + std::to_string(written) + ", this program reads " + std::to_string(version) + "; fit it again");
  return object;
}

Result<double> number_field(const json& object, const std::string& key, Bounds bounds) {
  const json* field = find(object, key);
  if (field == nullptr || !field->is_number()) return bad(key, "must be a number");
  const double value = field->get<double>();
  if (!(value >= bounds.low && value <= bounds.high)) return bad(key, "must be " + range(bounds));
  return value;
}

Result<std::uint64_t> count_field(const json& object, const std::string& key, std::uint64_t most) {
  const json* field = find(object, key);
  if (field == nullptr || !field->is_number_unsigned() || field->get<std::uint64_t>() > most)
    return bad(key, "must be a whole number from 0 to " + std::to_string(most));
  return field->get<std::uint64_t>();
}

Result<std::string> name_field(const json& object, const std::string& key, std::size_t most_bytes) {
  const json* field = find(object, key);
  if (field == nullptr || !field->is_string() || field->get_ref<const std::string&>().size() > most_bytes)
    return bad(key, "must be a string of at most " + std::to_string(most_bytes) + " bytes");
  return field->get<std::string>();
}

Result<const json*> array_field(const json& object, const std::string& key, std::size_t most) {
  const json* field = find(object, key);
  if (field == nullptr || !field->is_array() || field->size() > most)
    return bad(key, "must be an array of at most " + std::to_string(most));
  return field;
}

Result<std::vector<double>> numbers_field(const json& object, const std::string& key, std::size_t most, Bounds each) {
  AD_ASSIGN_OR_RETURN(const json* array, array_field(object, key, most));
  std::vector<double> values;
  for (const json& value : *array) {
    if (!value.is_number() || !(value.get<double>() >= each.low && value.get<double>() <= each.high))
      return bad(key, "must hold numbers " + range(each));
    values.push_back(value.get<double>());
  }
  return values;
}

}  // namespace autodidact
