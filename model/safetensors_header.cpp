#include "model/safetensors_header.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDimensions = 8;
constexpr std::uint64_t kMaxDimension = std::uint64_t{1} << 48;

// {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n, ...], "data_offsets": [a, b]}, ...} and nothing else.
class HeaderEvents : public nlohmann::json_sax<json> {
 public:
  std::vector<SafetensorsEntry> entries;
  std::string error;

  bool start_object(std::size_t) override {
    if (place_ == Place::kOutside) return go(Place::kTop);
    if (place_ == Place::kTop) return go(key_ == "__metadata__" ? Place::kMetadata : Place::kTensor);
    return fail("an object where none belongs");
  }
  bool end_object() override {
    if (place_ == Place::kTensor && (seen_dtype_ + seen_shape_ + seen_offsets_ != 3 || offsets_.size() != 2))
      return fail("needs dtype, shape and two data_offsets");
    if (place_ == Place::kTensor) {
      entries.back().begin = offsets_[0];
      entries.back().end = offsets_[1];
    }
    return go(place_ == Place::kTop ? Place::kOutside : Place::kTop);
  }
  bool key(std::string& name) override {
    key_ = name;
    if (place_ == Place::kTensor) return tensor_key();
    if (place_ == Place::kMetadata) return true;
    where_ = name;
    if (!names_.insert(name).second) return fail("appears twice");
    if (name != "__metadata__") start_entry(name);
    return true;
  }
  bool start_array(std::size_t) override {
    if (place_ == Place::kTensor && key_ == "shape") return go(Place::kShape);
    if (place_ == Place::kTensor && key_ == "data_offsets") return go(Place::kOffsets);
    return fail("an array where none belongs");
  }
  bool end_array() override { return go(Place::kTensor); }
  bool number_unsigned(std::uint64_t value) override {
    if (place_ == Place::kOffsets && offsets_.size() < 2) {
      offsets_.push_back(value);
      return true;
    }
    if (place_ != Place::kShape) return fail("a number where none belongs");
    auto& shape = entries.back().shape;
    if (value > kMaxDimension || shape.size() == kMaxDimensions) return fail("an impossible shape");
    shape.push_back(static_cast<std::int64_t>(value));
    return true;
  }
  bool string(std::string& text) override {
    if (place_ == Place::kMetadata) return true;
    if (place_ != Place::kTensor || key_ != "dtype") return fail("a string where none belongs");
    if (text == "F32") return set_dtype(Dtype::kF32);
    if (text == "F16") return set_dtype(Dtype::kF16);
    if (text == "BF16") return set_dtype(Dtype::kBf16);
    return fail("dtype " + printable_name(text) + " is not supported (F32, F16 and BF16 are)");
  }
  bool number_integer(std::int64_t) override { return fail("a negative number"); }
  bool number_float(double, const std::string&) override { return fail("a fractional number"); }
  bool null() override { return fail("null"); }
  bool boolean(bool) override { return fail("a boolean"); }
  bool binary(json::binary_t&) override { return fail("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    error = "the header is not valid JSON at its byte " + std::to_string(position);
    return false;
  }

 private:
  enum class Place { kOutside, kTop, kMetadata, kTensor, kShape, kOffsets };

  bool go(Place place) {
    place_ = place;
    return true;
  }
  bool fail(const std::string& what) {
    error = where_.empty() ? "header: " + what : "tensor " + printable_name(where_) + ": " + what;
    return false;
  }
  void start_entry(const std::string& name) {
    entries.emplace_back().name = name;
    offsets_.clear();
    seen_dtype_ = seen_shape_ = seen_offsets_ = 0;
  }
  bool tensor_key() {
    int* seen = key_ == "dtype"          ? &seen_dtype_
                : key_ == "shape"        ? &seen_shape_
                : key_ == "data_offsets" ? &seen_offsets_
                                         : nullptr;
    if (seen == nullptr) return fail("unknown field " + printable_name(key_));
    return ++*seen == 1 || fail("field " + key_ + " appears twice");
  }
  bool set_dtype(Dtype dtype) {
    entries.back().dtype = dtype;
    return true;
  }

  Place place_ = Place::kOutside;
  std::string key_, where_;
  std::unordered_set<std::string> names_;
  std::vector<std::uint64_t> offsets_;
  int seen_dtype_ = 0, seen_shape_ = 0, seen_offsets_ = 0;
};

}  // namespace

Result<std::vector<SafetensorsEntry>> parse_safetensors_header(std::string_view text) {
  HeaderEvents events;
  if (!json::sax_parse(text.begin(), text.end(), &events)) return {Errc::kBadInput, events.error};
  return std::move(events.entries);
}

std::string printable_name(std::string_view name) {
  std::string out = "\"";
  for (char c : name.substr(0, 80)) out += c >= ' ' && c != 127 && c != '"' ? c : '?';
  return out + (name.size() > 80 ? "...\"" : "\"");
}

}  // namespace autodidact
