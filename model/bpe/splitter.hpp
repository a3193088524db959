#pragma once
// The pre-tokenizer of a tokenizer.json: cuts text into the pieces that are encoded apart. Its steps run one behind the other,
// each over every piece of the one before. Immutable after make(); any thread.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/bpe/regex.hpp"

namespace autodidact {

class Splitter {
 public:
  using Piece = std::function<void(std::string_view)>;

  // `json`: the value of "pre_tokenizer": Split, ByteLevel, Digits or a Sequence of them; null cuts nothing. kBadInput names
  // what is unknown.
  static Result<Splitter> make(const nlohmann::json& json);

  // Calls `piece` with each piece of well-formed `text`, in order; the views live for that call.
  Status split(std::string_view text, const Piece& piece) const;

 private:
  enum class Behavior { kIsolated, kRemoved };
  struct Step {
    SplitRegex regex;
    Behavior behavior;  // of what matches; what lies between is always a piece
  };
  Status add(const nlohmann::json& json);
  Status add_split(const nlohmann::json& json);
  Status add_regex(const std::string& pattern, Behavior behavior);
  Status run(std::size_t step, std::string_view text, const Piece& piece) const;

  std::vector<Step> steps_;
  bool add_prefix_space_ = false;
};

}  // namespace autodidact
