#pragma once
// A search for an answer, written as a coroutine that reads like its paper's pseudo-code: it asks its SearchContext for draws
// and scores and is suspended until they are there. Many run at once on one decoder and one verifier: search_engine.hpp.
// One thread runs them all. A strategy is one function `Search name(SearchContext&, Strategy)` in a file of its own.

#include <coroutine>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "config/status.hpp"
#include "methods/search/candidate.hpp"
#include "methods/search/strategy.hpp"

namespace autodidact {

struct StrategyTable;

// Owns a suspended coroutine and, once it has run to its end, its result. `co_await` runs one inside another.
class [[nodiscard]] Search {
 public:
  struct promise_type {
    SearchResult result;
    std::coroutine_handle<> outer;  // awaits this one; null for the outermost
    std::exception_ptr thrown;

    Search get_return_object() { return Search(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
        return ended.promise().outer ? ended.promise().outer : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(SearchResult value) { result = std::move(value); }
    void unhandled_exception() { thrown = std::current_exception(); }
  };

  Search() = default;
  Search(Search&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Search& operator=(Search&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Search() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return handle_.done(); }
  void start() { handle_.resume(); }
  SearchResult take() {
    if (handle_.promise().thrown) std::rethrow_exception(handle_.promise().thrown);
    return std::move(handle_.promise().result);
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> outer) {
    handle_.promise().outer = outer;
    return handle_;
  }
  SearchResult await_resume() { return take(); }

 private:
  explicit Search(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// A draw that goes on from a candidate: to the end of a completion, or for some steps.
struct DrawSpec {
  Candidate from;           // empty: from the question (and its `context`)
  std::uint32_t steps = 0;  // 0: to the end
  bool greedy = false;
};

// What a strategy sees of the world, and through which it waits. Owned by the engine, one per search.
class SearchContext {
 public:
  // scores: of a verifier; absent: there is none. table: strategy auto's.
  SearchContext(std::shared_ptr<const Question> question, std::uint64_t budget_tokens, std::optional<ScoreBounds> scores,
                std::shared_ptr<const StrategyTable> table = {})
      : question_(std::move(question)), table_(std::move(table)), budget_(budget_tokens), scores_(scores) {}

  const Question& question() const { return *question_; }
  const StrategyTable* table() const { return table_.get(); }  // null for all strategies but auto
  std::uint64_t budget() const { return budget_; }
  // Of the budget; draws under way have theirs reserved already.
  std::uint64_t tokens_left() const { return budget_ - spent_; }
  std::uint64_t tokens_spent() const { return spent_; }
  bool has_verifier() const { return scores_.has_value(); }      // else score() may not be called
  const ScoreBounds& scores() const { return scores_.value(); }  // with a verifier

  // std::vector<Candidate> drawn = co_await context.draw(specs): in the order of `specs`. Those for which the budget had no
  // token left, or that came too late, are missing, the last ones first; the last ones there are may be cut (Finish::kLength).
  auto draw(std::vector<DrawSpec> specs) {
    struct Wait {
      SearchContext& context;
      bool await_ready() const { return context.specs_.empty(); }
      void await_suspend(std::coroutine_handle<> search) { context.waiting_ = search; }
      std::vector<Candidate> await_resume() { return std::exchange(context.drawn_, {}); }
    };
    specs_ = std::move(specs);
    return Wait{*this};
  }
  // Completions drawn already, the first one greedily: the next draws of whole completions from the question get these, without
  // paying twice. A greedy draw gets the first or none.
  void keep(std::vector<Candidate> samples) {
    kept_.assign(samples.begin(), samples.end());
    greedy_kept_ = !kept_.empty();
  }
  // co_await context.score(candidates): sets the score of each that has none yet; minus infinity of those without a token.
  auto score(std::vector<Candidate>& candidates) {
    struct Wait {
      SearchContext& context;
      bool await_ready() const { return context.to_score_->empty(); }
      void await_suspend(std::coroutine_handle<> search) { context.waiting_ = search; }
      void await_resume() { context.to_score_ = nullptr; }
    };
    to_score_ = &candidates;
    return Wait{*this};
  }

 private:
  friend class SearchEngine;
  const std::shared_ptr<const Question> question_;
  const std::shared_ptr<const StrategyTable> table_;
  const std::uint64_t budget_;
  const std::optional<ScoreBounds> scores_;
  std::uint64_t spent_ = 0, draws_ = 0;
  std::vector<DrawSpec> specs_;  // asked for
  std::vector<Candidate> drawn_;
  std::deque<Candidate> kept_;  // in the order they were drawn
  bool greedy_kept_ = false;    // is its first
  std::vector<Candidate>* to_score_ = nullptr;
  std::coroutine_handle<> waiting_;
};

// The strategies. `context` outlives the coroutine.
Search repeated_sampling(SearchContext& context, Strategy strategy);  // greedy, sample, majority, best_of_n, weighted
Search beam_search(SearchContext& context, Strategy strategy);        // beam, lookahead
Search tree_search(SearchContext& context, Strategy strategy);        // dvts
Search revision(SearchContext& context, Strategy strategy);           // revise
Search auto_search(SearchContext& context);                           // auto: one of the above, by difficulty
Search run_strategy(SearchContext& context, const Strategy& strategy);

// Chooses among `candidates` by the weight behind their answers, and among those who give the answer by the highest weight; the
// first drawn wins ties. weight null: majority.
SearchResult choose_by_vote(std::vector<Candidate> candidates, const std::function<double(const Candidate&)>& weight);
// exp(score - the highest score): a weight in (0, 1] for whatever kind of verifier; 0 without one.
std::function<double(const Candidate&)> score_weights(std::span<const Candidate> candidates);

}  // namespace autodidact
