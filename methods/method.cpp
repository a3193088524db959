#include "methods/method.hpp"

#include "methods/star.hpp"
#include "methods/vstar.hpp"

namespace autodidact {

std::uint64_t token_hash(std::span<const TokenId> tokens) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (TokenId token : tokens) {
    const auto bits = static_cast<std::uint32_t>(token);
    for (int shift = 0; shift < 32; shift += 8) {
      hash ^= (bits >> shift) & 0xffu;
      hash *= 0x100000001b3ull;
    }
  }
  return hash;
}

TrainExample make_example(const JudgedAttempt& attempt) {
  const std::vector<TokenId>& prompt = attempt.attempt.prompt_tokens;
  const std::vector<TokenId>& completion = attempt.attempt.tokens;
  TrainExample example;
  example.tokens.reserve(prompt.size() + completion.size());
  example.tokens.insert(example.tokens.end(), prompt.begin(), prompt.end());
  example.tokens.insert(example.tokens.end(), completion.begin(), completion.end());
  example.prompt_length = static_cast<std::uint32_t>(prompt.size());
  example.weight = attempt.selection.weight;
  return example;
}

Result<std::shared_ptr<const Method>> make_method(const Options& options, std::shared_ptr<const Task> task) {
  AD_REQUIRE(task != nullptr, "make_method() without a task");
  if (options.method.name == "vstar") return make_vstar(options, std::move(task));
  if (options.verifier.kind != "none")
    return Status(Errc::kConfig, "verifier.kind: method.name = \"" + options.method.name + "\" has no verifier, use \"vstar\"");
  if (options.method.name == "star") return make_star(options, std::move(task));
  return Status(Errc::kConfig, "method.name: \"" + options.method.name + "\" is not known, use \"star\" or \"vstar\"");
}

}  // namespace autodidact
