#pragma once
// Runs many searches at once on one decoder and one verifier: every decode step serves all of them, scores are asked for in one
// batch, and samples of one question share its pages. Counts what each search generates and honours its budget to the token: a
// draw reserves its max_tokens before it starts. Owner and thread: one compute thread makes it and calls every method. Nothing
// survives a crash.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "methods/compute_optimal/strategy_table.hpp"
#include "methods/learned_verifier.hpp"
#include "methods/search/search.hpp"
#include "model/decoder.hpp"

namespace autodidact {

struct SearchRequest {
  std::uint64_t tag = 0;  // the caller's name for it
  std::shared_ptr<const Question> question;
  Strategy strategy;
  std::uint64_t budget_tokens = 0;  // generated, at most
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  StrategyTablePtr table = {};  // for strategy auto, fitted for the weights that are set
};

struct SearchOutcome {
  std::uint64_t tag = 0;
  Status status;  // not ok: this search alone failed
  SearchResult result;
  std::uint64_t tokens_spent = 0, tokens_scored = 0;
};

class SearchEngine {
 public:
  // `verifier`: null for strategies without one. Both outlive the engine.
  SearchEngine(Decoder& decoder, LearnedVerifier* verifier) : decoder_(decoder), verifier_(verifier) {}
  ~SearchEngine();

  // Takes effect at the next step. kBadInput: another shape than before.
  Status set_weights(WeightsPtr generator, VerifierWeights verifier);
  // kUsage: the strategy needs a verifier that there is not, or a table fitted for these weights; the budget is 0, the question
  // does not fit. Past its deadline a search chooses among what it has.
  Status start(SearchRequest request);
  void cancel(std::uint64_t tag);  // without an outcome; its slots and pages are free at the next step
  // Scores what waits for scores, then advances all draws by a token; appends what ended. Returns how many searches are open.
  std::size_t step(std::vector<SearchOutcome>& ended);
  std::size_t open() const { return runs_.size(); }

 private:
  struct Run {
    SearchRequest request;
    SearchContext context;
    Search search;
    Status failed;
    std::deque<std::size_t> waiting;                     // of context.specs_, not yet admitted
    std::map<std::size_t, Candidate> drawn;              // by their place among the specs
    std::unordered_map<std::uint64_t, std::size_t> out;  // decode tag -> place
    std::uint64_t reserved = 0, scored = 0;
    bool scoring = false, expired = false;  // expired: past its deadline, nothing more is drawn
  };

  bool verifies() const { return verifier_ != nullptr && verifier_weights_.verifier != nullptr; }
  Status check(const Strategy& strategy) const;
  Status check(const StrategyTable* table) const;
  void resume(Run& run);
  void after_resume(Run& run);
  void admit(Run& run);
  bool submit(Run& run, std::size_t place);
  void collect(DecodeResult result);
  void finish_draws(Run& run);
  Result<std::vector<VerifierScore>> score(std::span<const ScoreCall> calls);
  void score_waiting();
  bool end(Run& run, std::vector<SearchOutcome>& ended);

  Decoder& decoder_;
  LearnedVerifier* const verifier_;
  VersionId generator_version_ = 0;
  VerifierWeights verifier_weights_;
  std::map<std::uint64_t, std::unique_ptr<Run>> runs_;                               // by tag
  std::unordered_map<std::uint64_t, std::pair<std::uint64_t, std::uint32_t>> tags_;  // decode tag -> search, its max_tokens
  std::uint64_t next_tag_ = 1;
  std::vector<DecodeResult> finished_;
};

}  // namespace autodidact
