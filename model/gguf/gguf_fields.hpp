#pragma once
// Reads metadata of a GGUF file field by field and keeps the first error, so that a list of fields reads as a list. One thread.

#include <cstdint>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "model/gguf/gguf_file.hpp"

namespace autodidact {

class GgufFields {
 public:
  explicit GgufFields(const GgufFile& file) : file_(file) {}

  bool has(const std::string& key) const { return file_.field(key) != nullptr; }
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high);
  std::int64_t integer_or(const std::string& key, std::int64_t low, std::int64_t high, std::int64_t otherwise);
  // The one value of a number, or of a list in which all are alike (some converters write one per layer).
  std::int64_t uniform_integer_or(const std::string& key, std::int64_t low, std::int64_t high, std::int64_t otherwise);
  double number(const std::string& key, double low, double high);
  double number_or(const std::string& key, double low, double high, double otherwise);
  bool flag_or(const std::string& key, bool otherwise);
  std::string text_or(const std::string& key, const std::string& otherwise);
  // Null, and an error, when the key is missing or holds something else. Lives as long as the file.
  const std::vector<std::string>* texts(const std::string& key);
  const std::vector<std::int64_t>* integers(const std::string& key);
  const std::vector<double>* numbers(const std::string& key);

  void fail(const std::string& key, const std::string& what);
  const Status& status() const { return status_; }

 private:
  template <class T>
  const T* get(const std::string& key, const char* kind);
  const GgufFile& file_;
  Status status_;
};

}  // namespace autodidact
