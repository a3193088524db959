#include "model/gguf/gguf_fields.hpp"

#include <algorithm>

namespace autodidact {

void GgufFields::fail(const std::string& key, const std::string& what) {
  if (status_.ok()) status_ = GgufFile::bad_field(key, file_.field(key), what);
}

template <class T>
const T* GgufFields::get(const std::string& key, const char* kind) {
  const GgufField* field = file_.field(key);
  if (field == nullptr) return fail(key, "is missing"), nullptr;
  const T* value = std::get_if<T>(&field->value);
  if (value == nullptr) fail(key, std::string("expected ") + kind);
  return value;
}

std::int64_t GgufFields::integer(const std::string& key, std::int64_t low, std::int64_t high) {
  const auto* value = get<std::int64_t>(key, "an integer");
  if (value == nullptr) return low;
  if (*value >= low && *value <= high) return *value;
  fail(key, "expected " + std::to_string(low) + " to " + std::to_string(high) + ", got " + std::to_string(*value));
  return low;
}
std::int64_t GgufFields::integer_or(const std::string& key, std::int64_t low, std::int64_t high, std::int64_t otherwise) {
  return has(key) ? integer(key, low, high) : otherwise;
}
std::int64_t GgufFields::uniform_integer_or(const std::string& key, std::int64_t low, std::int64_t high,
                                            std::int64_t otherwise) {
  const GgufField* field = file_.field(key);
  const auto* list = field == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(&field->value);
  if (list == nullptr) return integer_or(key, low, high, otherwise);
  const bool alike = !list->empty() && std::count(list->begin(), list->end(), list->front()) == std::ssize(*list);
  if (alike && list->front() >= low && list->front() <= high) return list->front();
  fail(key, "layers that differ are not supported");
  return low;
}

double GgufFields::number(const std::string& key, double low, double high) {
  const auto* value = get<double>(key, "a floating-point number");
  if (value == nullptr) return low;
  if (*value >= low && *value <= high) return *value;
  fail(key, "expected a number from " + std::to_string(low) + " to " + std::to_string(high));
  return low;
}
double GgufFields::number_or(const std::string& key, double low, double high, double otherwise) {
  return has(key) ? number(key, low, high) : otherwise;
}

bool GgufFields::flag_or(const std::string& key, bool otherwise) {
  const bool* value = has(key) ? get<bool>(key, "true or false") : nullptr;
  return value == nullptr ? otherwise : *value;
}
std::string GgufFields::text_or(const std::string& key, const std::string& otherwise) {
  const auto* value = has(key) ? get<std::string>(key, "text") : nullptr;
  return value == nullptr ? otherwise : *value;
}

const std::vector<std::string>* GgufFields::texts(const std::string& key) {
  return get<std::vector<std::string>>(key, "an array of strings");
}
const std::vector<std::int64_t>* GgufFields::integers(const std::string& key) {
  return get<std::vector<std::int64_t>>(key, "an array of integers");
}
const std::vector<double>* GgufFields::numbers(const std::string& key) {
  return get<std::vector<double>>(key, "an array of numbers");
}

}  // namespace autodidact
