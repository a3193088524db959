#include "gateway/openai/json_fields.hpp"

#include "config/json_depth.hpp"
#include "model/bpe/utf8.hpp"

namespace autodidact {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxQuoted = 200;  // of a message that quotes the client

std::string plain(double value) { return Json(value).dump(); }

// JSON's integers beyond int64 become its largest.
std::optional<std::int64_t> small_integer(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return INT64_MAX;
  return value.get<std::int64_t>();
}

}  // namespace

std::variant<Json, ApiError> parse_json_object(std::string_view body) {
  if (!is_well_formed(body)) return ApiError{400, "the body is not UTF-8", "", "invalid_utf8"};
  if (!json_depth_within(body, kMaxDepth)) {
    return ApiError{400, "the body nests deeper than " + std::to_string(kMaxDepth) + " levels", "", "invalid_json"};
  }
  try {
    Json object = Json::parse(body);
    if (object.is_object()) return object;
  } catch (const Json::exception& error) {
    return ApiError{400, "the body is not JSON: " + std::string(error.what()).substr(0, kMaxQuoted), "", "invalid_json"};
  }
  return ApiError{400, "the body must be a JSON object", "", "invalid_json"};
}

const Json* JsonFields::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::boolean(const char* name, bool fallback) const {
  const Json* value = find(name);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  refuse(name, "must be true or false");
  return fallback;
}

std::optional<std::int64_t> JsonFields::integer(const char* name, std::int64_t least, std::int64_t most) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto got = small_integer(*value);
  if (got && *got >= least && *got <= most) return got;
  refuse(name, "must be an integer between " + std::to_string(least) + " and " + std::to_string(most));
  return std::nullopt;
}

std::optional<double> JsonFields::number(const char* name, double least, double most) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number() && value->get<double>() >= least && value->get<double>() <= most) return value->get<double>();
  refuse(name, "must be a number between " + plain(least) + " and " + plain(most));
  return std::nullopt;
}

std::optional<std::string> JsonFields::text(const char* name, std::size_t most_bytes) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string() && value->get_ref<const std::string&>().size() <= most_bytes) return value->get<std::string>();
  refuse(name, "must be a string of at most " + std::to_string(most_bytes) + " bytes");
  return std::nullopt;
}

void JsonFields::refuse(const std::string& name, const std::string& message, const std::string& code) const {
  if (!error_) error_ = ApiError{400, "'" + path_ + name + "' " + message, path_ + name, code};
}

}  // namespace autodidact
