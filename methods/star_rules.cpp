#include "methods/star_rules.hpp"

#include <algorithm>
#include <cmath>

#include "methods/method.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

// A control: the coin replaces the verdict, so a curve that still climbs measures something other than reasoning. The coin is
// a hash of the attempt's place, so that a restarted round keeps the same ones.
bool random_reward_keeps(double probability, const WorkItem& item, std::uint64_t attempt_index) {
  return unit(counter_hash({item.seed, item.id, attempt_index, 0x636f696eu})) < probability;
}

// A hinted rationale that ends in the right answer by wrong working has copied it from the hint. Measured: when hinted
// derivations were never taught, that is 99 % of the hinted rationales an answer-only filter keeps.
bool copied_hint(const WorkItem& item, const Verdict& verdict) {
  return item.hinted && verdict.answer_correct && verdict.outcome == Outcome::kWrong;
}

Reject reject_by_verdict(const MethodOptions& options, const WorkItem& item, const Verdict& verdict,
                         std::uint64_t attempt_index) {
  if (options.random_reward >= 0) {
    return random_reward_keeps(options.random_reward, item, attempt_index) ? Reject::kNone : Reject::kMethod;
  }
  if (copied_hint(item, verdict)) return Reject::kHintLeak;
  return verdict.outcome == Outcome::kCorrect ? Reject::kNone : Reject::kWrong;
}

}  // namespace

std::uint64_t steps_in_round(const TrainOptions& options, std::uint32_t round) {
  const double exponent = round > 0 ? round - 1.0 : 0.0;
  const double steps = static_cast<double>(options.steps_first_round) * std::pow(options.steps_growth, exponent);
  const double most = static_cast<double>(options.max_steps_per_round);
  const double bounded = steps < most ? steps : most;  // also when the power overflowed to infinity
  return static_cast<std::uint64_t>(std::max(1.0, std::floor(bounded)));
}

Reject star_reject(const MethodOptions& options, const Task& task, const WorkItem& item, const JudgedAttempt& attempt,
                   std::uint64_t attempt_index, const SelectionState& state) {
  if (attempt.verdict.outcome == Outcome::kCannotJudge) return Reject::kCannotJudge;
  // Without its stop token a completion would teach the model not to stop. Said before "wrong", which it nearly always is
  // too: many truncated attempts mean that sample.max_tokens is too small.
  if (attempt.attempt.finish != Finish::kStop) return Reject::kTruncated;
  const Reject by_verdict = reject_by_verdict(options, item, attempt.verdict, attempt_index);
  if (by_verdict != Reject::kNone) return by_verdict;
  if (item.hinted && task.leaks_hint(item.problem, attempt.attempt.text)) return Reject::kHintLeak;
  if (options.deduplicate) {
    const std::uint64_t hash = token_hash(attempt.attempt.tokens);
    if (std::find(state.kept_hashes.begin(), state.kept_hashes.end(), hash) != state.kept_hashes.end())
      return Reject::kDuplicate;
  }
  // Round data is dominated by what is easy: the cap keeps the easy from growing without end.
  const auto cap = static_cast<std::uint64_t>(std::max<std::int64_t>(0, options.max_kept_per_problem));
  return cap > 0 && state.kept >= cap ? Reject::kProblemCap : Reject::kNone;
}

}  // namespace autodidact
