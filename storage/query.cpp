#include "storage/query.hpp"

#include "storage/codec.hpp"

namespace autodidact {
namespace {

template <class T>
bool equal(const std::optional<T>& wanted, const T& have) {
  return !wanted || *wanted == have;
}

template <class T>
bool between(const std::optional<T>& low, const std::optional<T>& high, const T& have) {
  return (!low || have >= *low) && (!high || have <= *high);
}

Status check_attempt(const Attempt& attempt) {
  const std::size_t tokens = attempt.tokens.size();
  if (!attempt.logprobs.empty() && attempt.logprobs.size() != tokens) {
    return {Errc::kInternal, "replay store: an attempt of problem " + std::to_string(attempt.problem) + " has " +
                                 std::to_string(tokens) + " tokens but " + std::to_string(attempt.logprobs.size()) +
                                 " log-probabilities"};
  }
  if (!attempt.versions.empty() && attempt.versions.size() != tokens) {
    return {Errc::kInternal, "replay store: an attempt of problem " + std::to_string(attempt.problem) + " has " +
                                 std::to_string(tokens) + " tokens but " + std::to_string(attempt.versions.size()) +
                                 " versions"};
  }
  return {};
}

Status bad_score(const AttemptScore& score, const char* fault) {
  return {Errc::kInternal, "replay store: a score of attempt " + std::to_string(score.attempt) + " by version " +
                               std::to_string(score.scorer) + ": " + fault};
}

Status normalize_item(ItemResult& item) {
  for (JudgedAttempt& judged : item.attempts) {
    Attempt& attempt = judged.attempt;
    if (attempt.item == 0) attempt.item = item.item;
    if (attempt.problem == 0) attempt.problem = item.problem.id;
    if (attempt.item != item.item || attempt.problem != item.problem.id) {
      return {Errc::kInternal, "replay store: item " + std::to_string(item.item) + " of problem " +
                                   std::to_string(item.problem.id) + " carries an attempt of item " +
                                   std::to_string(attempt.item) + ", problem " + std::to_string(attempt.problem)};
    }
    AD_RETURN_IF_ERROR(check_attempt(attempt));
  }
  return {};
}

}  // namespace

AttemptSummary summarize(const JudgedAttempt& judged) {
  const Attempt& attempt = judged.attempt;
  AttemptSummary row;
  row.id = attempt.id;
  row.problem = attempt.problem;
  row.round = attempt.round;
  row.version = attempt.versions.empty() ? 0 : attempt.versions.back();
  row.created_us = attempt.created_us;
  row.score = judged.verdict.score;
  row.weight = judged.selection.weight;
  row.length = static_cast<std::uint32_t>(attempt.tokens.size());
  row.outcome = judged.verdict.outcome;
  row.reason = judged.selection.reason;
  row.kept = judged.selection.kept;
  row.hinted = attempt.hinted;
  row.seed_example = attempt.seed_example;
  row.answer_correct = judged.verdict.answer_correct;
  return row;
}

bool matches(const AttemptQuery& query, const AttemptSummary& row) {
  return equal(query.problem, row.problem) && equal(query.version, row.version) && equal(query.round, row.round) &&
         equal(query.outcome, row.outcome) && equal(query.kept, row.kept) && equal(query.hinted, row.hinted) &&
         equal(query.seed_example, row.seed_example) && equal(query.pinned, row.pinned) && equal(query.reason, row.reason) &&
         between(query.min_score, query.max_score, row.score) && between(query.min_length, query.max_length, row.length) &&
         (!query.since_us || row.created_us >= *query.since_us) && (!query.until_us || row.created_us < *query.until_us);
}

bool matches(const DrawRequest& request, const AttemptSummary& row) {
  if (!row.kept) return false;
  if (row.seed_example) return request.include_seeds;
  return row.round >= request.min_round && row.version >= request.min_version;
}

SelectorOptions selector_options(const DrawRequest& request) {
  return {.name = request.selector,
          .priority_exponent = request.priority_exponent,
          .newest_share = request.window_newest_share,
          .window_size = static_cast<std::size_t>(request.window_size)};
}

bool past_cursor(const AttemptQuery& query, AttemptId id) {
  if (query.after == 0) return true;
  return query.oldest_first ? id > query.after : id < query.after;
}

Status normalize(WriteSet& set) {
  for (ItemResult& item : set.items) AD_RETURN_IF_ERROR(normalize_item(item));
  for (const JudgedAttempt& seed : set.seeds) AD_RETURN_IF_ERROR(check_attempt(seed.attempt));
  for (const AttemptScore& score : set.scores) {
    if (const char* fault = fault_of(score)) return bad_score(score, fault);
  }
  return {};
}

Status check_target(const AttemptScore& score, const std::optional<AttemptSummary>& attempt) {
  if (!attempt) {
    return {Errc::kNotFound, "replay store: the scored attempt " + std::to_string(score.attempt) + " is not in the store"};
  }
  if (!score.step_ends.empty() && score.step_ends.back() >= attempt->length)
    return bad_score(score, "its steps end behind the attempt");
  return {};
}

std::size_t attempt_count(const WriteSet& set) {
  std::size_t count = set.seeds.size();
  for (const ItemResult& item : set.items) count += item.attempts.size();
  return count;
}

}  // namespace autodidact
