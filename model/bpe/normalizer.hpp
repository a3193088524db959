#pragma once
// The normalizer of a tokenizer.json: null, a Unicode normalization form, or a Sequence of them. Immutable; any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

class Normalizer {
 public:
  // kBadInput names a type that is not supported.
  static Result<Normalizer> make(const nlohmann::json& json);
  // `text`: well-formed UTF-8; so is the result. kBadInput when it grows beyond what utf8proc takes.
  Result<std::string> normalize(std::string text) const;

 private:
  Status add(const nlohmann::json& json);
  std::vector<int> forms_;  // utf8proc's options
};

}  // namespace autodidact
