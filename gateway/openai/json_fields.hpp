#pragma once
// Reads the fields of one JSON object that a stranger sent: typed, in bounds, null as absent. The first thing wrong is kept as
// the error; what is read after it does not matter. For one thread at a time.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "gateway/openai/api_error.hpp"

namespace autodidact {

// The object that a request's body is, or why it is none: UTF-8, depth and syntax are looked at.
std::variant<nlohmann::json, ApiError> parse_json_object(std::string_view body);

class JsonFields {
 public:
  // `path`: of the object in the body, "reasoning."; both references outlive this.
  JsonFields(const nlohmann::json& object, std::string path, std::optional<ApiError>& error)
      : object_(object), path_(std::move(path)), error_(error) {}

  // Null when absent, or null.
  const nlohmann::json* find(const char* name) const;
  bool boolean(const char* name, bool fallback) const;
  std::optional<std::int64_t> integer(const char* name, std::int64_t least, std::int64_t most) const;
  std::optional<double> number(const char* name, double least, double most) const;
  std::optional<std::string> text(const char* name, std::size_t most_bytes) const;

  void refuse(const std::string& name, const std::string& message, const std::string& code = "") const;
  bool ok() const { return !error_; }

 private:
  const nlohmann::json& object_;
  const std::string path_;
  std::optional<ApiError>& error_;
};

}  // namespace autodidact
