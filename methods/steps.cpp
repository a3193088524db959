#include "methods/steps.hpp"

namespace autodidact {

StepBoundaries::StepBoundaries(const Tokenizer& tokenizer, const std::string& separator) {
  separates_.resize(static_cast<std::size_t>(tokenizer.vocab_size()));
  for (std::size_t id = 0; id < separates_.size(); ++id) {
    const TokenId token = static_cast<TokenId>(id);
    if (token == tokenizer.eos() || token == tokenizer.pad()) continue;
    separates_[id] = tokenizer.decode({&token, 1}).find(separator) != std::string::npos;
  }
}

std::vector<std::uint32_t> StepBoundaries::ends(std::span<const TokenId> completion) const {
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i < completion.size(); ++i) {
    const bool last = i + 1 == completion.size();
    if (last || (ends_step(completion[i]) && !ends_step(completion[i + 1]))) ends.push_back(static_cast<std::uint32_t>(i));
  }
  return ends;
}

}  // namespace autodidact
