#pragma once
// What a search is about: the question, and what was drawn for it so far. Values; no thread of their own.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/types.hpp"
#include "methods/learned_verifier.hpp"
#include "methods/steps.hpp"
#include "model/decoder.hpp"

namespace autodidact {

// A completion, whole or so far.
struct Candidate {
  std::vector<TokenId> context;  // behind the question's prompt, before the completion: earlier attempts of a revision
  std::vector<TokenId> tokens;   // the completion, what ended it included
  std::vector<float> logprobs;
  std::vector<VersionId> versions;
  Finish finish = Finish::kStop;
  bool whole = false;  // the model ended it
  std::string text;
  std::string answer;  // the final answer as votes count it; empty: none
  std::optional<VerifierScore> score;
  std::uint32_t cached = 0;  // tokens of the prompt that its first draw found computed
};

// Below all others when the verifier said nothing of it.
inline float score_of(const Candidate& candidate) {
  return candidate.score ? candidate.score->score : -std::numeric_limits<float>::infinity();
}

struct Question {
  std::vector<TokenId> prompt;
  SamplerSettings sampler;                                     // of each sample; max_tokens of a whole completion
  std::uint64_t seed = 0;                                      // draws are a function of it and their number
  std::shared_ptr<const EndOfText> ends;                       // null: the stop token alone ends a completion
  std::shared_ptr<const StepBoundaries> steps;                 // where a step of reasoning ends; null: nowhere before the end
  std::function<std::string(std::span<const TokenId>)> text;   // of a completion
  std::function<std::string(const std::string& text)> answer;  // in a completion's text, as votes count it
  std::function<void(TokenId, float)> drawn;                   // told of each token, see DecodeRequest; null: nobody
  TokenId eos = 0;
  std::int64_t max_positions = 0;  // of the model: prompt, context and completion fit in it
};

// Share of the weight behind each answer, most first; candidates without an answer have no vote. weight: null = one each.
std::vector<std::pair<std::string, double>> count_votes(std::span<const Candidate> candidates,
                                                        const std::function<double(const Candidate&)>& weight = {});

// What strategy `auto` learnt about a question before it chose.
struct Probing {
  double difficulty = 0;     // predicted, see methods/compute_optimal/difficulty.hpp
  std::uint64_t tokens = 0;  // that the probes cost; part of those spent
  std::string strategy;      // chosen
};

struct SearchResult {
  std::vector<Candidate> candidates;  // whole ones, in the order they were drawn
  std::size_t chosen = 0;             // of them; none when there are none
  std::vector<std::pair<std::string, double>> votes;
  std::string strategy;  // as it ran, "auto -> weighted:n=16"
  std::optional<Probing> probing;
};

}  // namespace autodidact
