#pragma once
// Made-up records, for the tests of the store.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "storage/draw_random.hpp"
#include "storage/replay_store.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {

// Small watermarks, so that a nearly full build machine does not fail the tests.
inline StoreOptions test_options() {
  StoreOptions options;
  options.cache_mb = 8;
  options.soft_free_mb = 0;
  options.hard_free_mb = 0;
  return options;
}

inline Problem make_problem(ProblemId id) {
  Problem problem;
  problem.id = id;
  problem.task = "addition";
  problem.prompt = std::to_string(id) + "+1=";
  problem.reference = std::to_string(id + 1);
  problem.difficulty = static_cast<double>(id % 5);
  problem.source = "generated";
  problem.split = id % 11 == 0 ? Split::kHeldOut : Split::kTrain;
  return problem;
}

// Any content at all, but the same for the same seed.
inline JudgedAttempt make_attempt(std::uint64_t seed, std::uint32_t round = 1, std::size_t most_tokens = 24) {
  DrawRandom random(seed * 977 + 5);
  JudgedAttempt judged;
  Attempt& attempt = judged.attempt;
  attempt.round = round;
  attempt.method = "star";
  attempt.turn = static_cast<std::uint8_t>(1 + random.below(3));
  attempt.hinted = random.below(4) == 0;
  attempt.parent = random.below(3) == 0 ? random.below(1000) : 0;
  attempt.finish = static_cast<Finish>(random.below(4));
  attempt.seed = random.next();
  attempt.created_us = 1'700'000'000'000'000 + static_cast<std::int64_t>(seed) * 1000;
  attempt.sample_us = static_cast<std::uint32_t>(random.below(100000));
  attempt.sampler = {
      .temperature = 0.7f, .top_p = 0.9f, .top_k = static_cast<std::int32_t>(random.below(50)), .max_tokens = 96};
  if (seed % 3 == 0) attempt.sampler.min_p = 0.05f;
  if (seed % 3 == 1) attempt.sampler.repetition_penalty = 1.1f;
  for (std::uint64_t i = random.below(6); i > 0; --i) attempt.prompt_tokens.push_back(static_cast<TokenId>(random.below(200)));
  const std::size_t tokens = random.below(most_tokens + 1);
  const std::uint64_t vocabulary = 1ull << (7 + random.below(12));
  for (std::size_t i = 0; i < tokens; ++i) {
    attempt.tokens.push_back(static_cast<TokenId>(random.below(vocabulary)));
    attempt.logprobs.push_back(-static_cast<float>(random.below(1 << 20)) / 65536.0f);
    attempt.versions.push_back(static_cast<VersionId>(1 + round + (i > tokens / 2 ? random.below(2) : 0)));
    attempt.text.push_back(static_cast<char>('0' + random.below(10)));
  }
  judged.verdict.checker = "addition.scratchpad";
  judged.verdict.outcome = static_cast<Outcome>(random.below(3));
  judged.verdict.answer_correct = random.below(2) == 0;
  judged.verdict.extracted = std::to_string(random.below(100));
  judged.verdict.score = judged.verdict.outcome == Outcome::kCorrect ? 1.0f : static_cast<float>(random.below(8)) / 8.0f;
  for (std::uint64_t i = random.below(3); i > 0; --i)
    judged.verdict.step_scores.push_back(static_cast<float>(random.below(9)) / 9);
  judged.verdict.judge_us = static_cast<std::uint32_t>(random.below(500));
  judged.selection.kept = judged.verdict.outcome == Outcome::kCorrect && random.below(4) != 0;
  judged.selection.reason = judged.selection.kept ? Reject::kNone : static_cast<Reject>(1 + random.below(9));
  judged.selection.weight = judged.selection.kept ? static_cast<float>(1 + random.below(4)) : 0.0f;
  return judged;
}

inline ItemResult make_item(std::uint64_t position, std::uint32_t round = 1, std::size_t attempts = 1) {
  ItemResult item;
  item.item = make_item_id(round, position, false);
  item.problem = make_problem(1000 + position % 37);
  for (std::size_t i = 0; i < attempts; ++i) item.attempts.push_back(make_attempt(item.item * 31 + i, round));
  return item;
}

inline WriteSet item_set(std::uint64_t position, std::uint32_t round = 1, std::size_t attempts = 1) {
  WriteSet set;
  set.items.push_back(make_item(position, round, attempts));
  return set;
}

inline JudgedAttempt make_seed(std::uint64_t number) {
  JudgedAttempt judged = make_attempt(number, 0);
  judged.attempt.seed_example = true;
  judged.attempt.problem = 2000 + number;
  judged.attempt.logprobs.clear();
  judged.attempt.versions.clear();
  judged.verdict.outcome = Outcome::kCorrect;
  judged.selection = {.kept = true, .reason = Reject::kNone, .weight = 1.0f};
  return judged;
}

inline VersionRecord make_version(VersionId id, VersionState state = VersionState::kCandidate) {
  VersionRecord version;
  version.id = id;
  version.parent = id > 1 ? 1 : 0;
  version.state = state;
  return version;
}

// Of an attempt with at least `steps` tokens.
inline AttemptScore make_score(AttemptId attempt, VersionId scorer, std::uint32_t steps = 0) {
  AttemptScore score;
  score.attempt = attempt;
  score.scorer = scorer;
  score.kind = scorer == 0 ? "rollouts" : "prm";
  score.score = -0.25f * static_cast<float>(attempt % 7 + scorer);
  for (std::uint32_t i = 0; i < steps; ++i) {
    score.step_ends.push_back(i);
    score.steps.push_back(static_cast<float>((attempt + i) % 9) / 8);
  }
  return score;
}

inline Event make_event(const std::string& kind) {
  Event event;
  event.created_us = 5;
  event.kind = kind;
  event.detail_json = "{}";
  return event;
}

// Everything of two attempts, for messages that say what differs.
inline void expect_equal(const JudgedAttempt& a, const JudgedAttempt& b) {
  const Attempt &x = a.attempt, &y = b.attempt;
  EXPECT_EQ(x.id, y.id);
  EXPECT_EQ(x.item, y.item);
  EXPECT_EQ(x.problem, y.problem);
  EXPECT_EQ(x.parent, y.parent);
  EXPECT_EQ(x.round, y.round);
  EXPECT_EQ(x.method, y.method);
  EXPECT_EQ(x.turn, y.turn);
  EXPECT_EQ(x.hinted, y.hinted);
  EXPECT_EQ(x.seed_example, y.seed_example);
  EXPECT_EQ(x.prompt_tokens, y.prompt_tokens);
  EXPECT_EQ(x.tokens, y.tokens);
  EXPECT_EQ(x.logprobs, y.logprobs);
  EXPECT_EQ(x.versions, y.versions);
  EXPECT_EQ(x.text, y.text);
  EXPECT_EQ(x.sampler, y.sampler);
  EXPECT_EQ(x.seed, y.seed);
  EXPECT_EQ(x.finish, y.finish);
  EXPECT_EQ(x.created_us, y.created_us);
  EXPECT_EQ(x.sample_us, y.sample_us);
  EXPECT_EQ(a.verdict.checker, b.verdict.checker);
  EXPECT_EQ(a.verdict.checker_version, b.verdict.checker_version);
  EXPECT_EQ(a.verdict.outcome, b.verdict.outcome);
  EXPECT_EQ(a.verdict.answer_correct, b.verdict.answer_correct);
  EXPECT_EQ(a.verdict.extracted, b.verdict.extracted);
  EXPECT_EQ(a.verdict.score, b.verdict.score);
  EXPECT_EQ(a.verdict.step_scores, b.verdict.step_scores);
  EXPECT_EQ(a.verdict.judge_us, b.verdict.judge_us);
  EXPECT_EQ(a.selection.kept, b.selection.kept);
  EXPECT_EQ(a.selection.reason, b.selection.reason);
  EXPECT_EQ(a.selection.weight, b.selection.weight);
}

inline void expect_equal(const AttemptSummary& a, const AttemptSummary& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.problem, b.problem);
  EXPECT_EQ(a.round, b.round);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.created_us, b.created_us);
  EXPECT_EQ(a.score, b.score);
  EXPECT_EQ(a.weight, b.weight);
  EXPECT_EQ(a.length, b.length);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.kept, b.kept);
  EXPECT_EQ(a.hinted, b.hinted);
  EXPECT_EQ(a.seed_example, b.seed_example);
  EXPECT_EQ(a.answer_correct, b.answer_correct);
  EXPECT_EQ(a.pinned, b.pinned);
}

inline void expect_equal(const StoreCounts& a, const StoreCounts& b) {
  EXPECT_EQ(a.attempts, b.attempts);
  EXPECT_EQ(a.seeds, b.seeds);
  EXPECT_EQ(a.problems, b.problems);
  EXPECT_EQ(a.kept, b.kept);
  EXPECT_EQ(a.correct, b.correct);
  EXPECT_EQ(a.wrong, b.wrong);
  EXPECT_EQ(a.cannot_judge, b.cannot_judge);
  EXPECT_EQ(a.items, b.items);
  EXPECT_EQ(a.quarantined, b.quarantined);
  EXPECT_EQ(a.consumed, b.consumed);
  EXPECT_EQ(a.events, b.events);
  EXPECT_EQ(a.versions, b.versions);
  EXPECT_EQ(a.scores, b.scores);
}

inline void expect_equal(const std::vector<AttemptScore>& a, const std::vector<AttemptScore>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].attempt, b[i].attempt);
    EXPECT_EQ(a[i].scorer, b[i].scorer);
    EXPECT_EQ(a[i].kind, b[i].kind);
    EXPECT_EQ(a[i].score, b[i].score);
    EXPECT_EQ(a[i].step_ends, b[i].step_ends);
    EXPECT_EQ(a[i].steps, b[i].steps);
  }
}

inline std::vector<AttemptId> ids_of(const AttemptPage& page) {
  std::vector<AttemptId> ids;
  for (const AttemptSummary& row : page.rows) ids.push_back(row.id);
  return ids;
}

}  // namespace autodidact
