#pragma once
// Texts of token ids and of steps, by the tokenizer.json that lies beside the weights that sampled them. One thread.

#include <map>
#include <memory>
#include <string>

#include "model/tokenizer.hpp"
#include "tools/json_view.hpp"

namespace autodidact {

class TokenTexts {
 public:
  explicit TokenTexts(std::string data_dir) : data_dir_(std::move(data_dir)) {}

  // Gives an attempt with "tokens" its "token_texts"; leaves it alone when no tokenizer is found.
  void add(Json& attempt);
  // Gives each of its "scores" that has steps their "step_texts".
  void add_steps(Json& attempt);
  // Makes of an exported row with "tokens", "step_ends" and "values" one with "completions", "labels" (a right answer was
  // reached from there) and the "values" of these. kNotFound: no tokenizer is found; kBadInput: the row is of another kind.
  Status complete_steps(Json& row);

 private:
  const Tokenizer* tokenizer_of(std::uint32_t version);

  const std::string data_dir_;
  std::map<std::uint32_t, std::shared_ptr<const Tokenizer>> known_;
};

}  // namespace autodidact
