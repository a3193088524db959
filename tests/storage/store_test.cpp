// What every store promises, run over the one in memory and the one on disk (which is also reopened along the way).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "storage/replay_store.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class EveryStore : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { open(); }

  void open() {
    if (on_disk()) {
      auto opened = open_store(directory_.path("store"), test_options());
      ASSERT_TRUE(opened.ok()) << opened.status().message();
      store_ = std::move(opened).value();
    } else if (!store_) {
      store_ = make_memory_store();
    }
  }
  // Close and open again, where there is anything to reopen.
  void reopen() {
    if (on_disk()) store_.reset();
    open();
  }
  WriteReceipt commit(WriteSet set) {
    auto receipt = store_->commit(std::move(set));
    EXPECT_TRUE(receipt.ok()) << receipt.status().message();
    return receipt.ok() ? receipt.value() : WriteReceipt();
  }
  void commit_items(std::uint64_t count, std::size_t attempts) {
    for (std::uint64_t i = 0; i < count; ++i) {
      store_->submit(item_set(i, 1, attempts), [](Result<WriteReceipt> receipt) { EXPECT_TRUE(receipt.ok()); });
      if (i % 500 == 499) commit({});  // not more than the queue takes
    }
    commit({});
  }
  std::vector<AttemptId> find(const AttemptQuery& query) {
    const auto page = store_->find(query);
    EXPECT_TRUE(page.ok()) << page.status().message();
    return page.ok() ? ids_of(page.value()) : std::vector<AttemptId>();
  }
  bool on_disk() const { return std::string(GetParam()) == "rocks"; }

  TempDirectory directory_;
  std::unique_ptr<ReplayStore> store_;
};

TEST_P(EveryStore, IsEmptyAtFirst) {
  EXPECT_EQ(store_->counts().attempts, 0u);
  EXPECT_EQ(store_->loop_state().value().phase, "seed");
  EXPECT_EQ(store_->trainer_state().value().step, 0u);
  EXPECT_THAT(find({}), IsEmpty());
  EXPECT_THAT(store_->draw({.count = 5}), IsEmpty());
  EXPECT_FALSE(store_->summary(1).has_value());
  EXPECT_FALSE(store_->summary(0).has_value());
  EXPECT_TRUE(store_->health().writable) << store_->health().problem;
}

TEST_P(EveryStore, GivesBackWholeAttempts) {
  WriteSet set = item_set(7, 1, 3);
  const ItemResult written = set.items[0];
  const WriteReceipt receipt = commit(std::move(set));
  ASSERT_THAT(receipt.first_ids, ElementsAre(1));
  reopen();
  const std::vector<AttemptId> ids = {3, 1, 2, 3};  // any order, repeats too
  const auto read = store_->read(ids);
  ASSERT_TRUE(read.ok()) << read.status().message();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    JudgedAttempt expected = written.attempts[ids[i] - 1];
    expected.attempt.id = ids[i];
    expected.attempt.item = written.item;
    expected.attempt.problem = written.problem.id;
    expect_equal(expected, read.value()[i]);
  }
  EXPECT_EQ(store_->problem(written.problem.id).value().prompt, written.problem.prompt);
}

TEST_P(EveryStore, NamesTheIdThatIsMissing) {
  commit(item_set(1));
  const std::vector<AttemptId> ids = {1, 99};
  const auto read = store_->read(ids);
  EXPECT_EQ(read.status().code(), Errc::kNotFound);
  EXPECT_NE(read.status().message().find("99"), std::string::npos);
  EXPECT_EQ(store_->problem(4).status().code(), Errc::kNotFound);
}

TEST_P(EveryStore, AppliesAnItemOnlyOnce) {
  commit(item_set(1, 1, 2));
  WriteSet again = item_set(1, 1, 2);
  again.items.push_back(make_item(2));
  again.items.push_back(make_item(2));  // twice in one set, too
  const WriteReceipt receipt = commit(std::move(again));
  EXPECT_THAT(receipt.first_ids, ElementsAre(0, 3, 0));
  EXPECT_EQ(receipt.duplicates, 2u);
  reopen();
  EXPECT_EQ(commit(item_set(2)).duplicates, 1u);
  EXPECT_EQ(store_->counts().items, 2u);
  EXPECT_EQ(store_->counts().attempts, 3u);
}

TEST_P(EveryStore, ADuplicateItemDoesNotKeepTheRestOfItsSetOut) {
  commit(item_set(1));
  WriteSet set = item_set(1);
  set.events.push_back({.created_us = 5, .kind = "round", .detail_json = "{}"});
  set.loop = LoopState{.phase = "train"};
  commit(std::move(set));
  EXPECT_EQ(store_->counts().events, 1u);
  EXPECT_EQ(store_->loop_state().value().phase, "train");
}

TEST_P(EveryStore, RefusesAMalformedSetAsAWhole) {
  WriteSet set = item_set(1);
  set.events.push_back(make_event("round"));
  set.items[0].attempts[0].attempt.tokens = {1, 2, 3};
  set.items[0].attempts[0].attempt.logprobs = {-1.0f};
  EXPECT_EQ(store_->commit(set).status().code(), Errc::kInternal);
  WriteSet foreign = item_set(2);
  foreign.items[0].attempts[0].attempt.item = make_item_id(1, 3, false);
  EXPECT_EQ(store_->commit(foreign).status().code(), Errc::kInternal);
  EXPECT_EQ(store_->counts().items, 0u);
  EXPECT_EQ(store_->counts().events, 0u);
  EXPECT_EQ(commit(item_set(1)).first_ids.at(0), 1u);
}

TEST_P(EveryStore, RunsCallbacksInOrderOfSubmission) {
  std::vector<int> order;
  std::promise<void> last;
  for (int i = 0; i < 400; ++i) {
    WriteSet set = item_set(static_cast<std::uint64_t>(i), 1, 1 + static_cast<std::size_t>(i) % 3);
    if (i % 50 == 7) set.items[0].attempts[0].attempt.versions.assign(1000, 1);  // refused, but in its turn
    store_->submit(std::move(set), [&, i](Result<WriteReceipt> receipt) {
      EXPECT_EQ(receipt.ok(), i % 50 != 7);
      order.push_back(i);
      if (i == 399) last.set_value();
    });
  }
  last.get_future().wait();
  ASSERT_EQ(order.size(), 400u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_P(EveryStore, WhatACallbackReportsIsThere) {
  std::promise<void> done;
  store_->submit(item_set(1), [&](Result<WriteReceipt> receipt) {
    EXPECT_EQ(store_->counts().attempts, 1u);
    EXPECT_TRUE(store_->summary(receipt.value().first_ids[0]).has_value());
    EXPECT_TRUE(store_->read(receipt.value().first_ids).ok());
    done.set_value();
  });
  done.get_future().wait();
}

TEST_P(EveryStore, TakesSetsFromManyThreads) {
  constexpr int kThreads = 4, kSets = 100;
  std::atomic<int> answered{0};
  std::mutex mutex;
  std::set<AttemptId> ids;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kSets; ++i) {
        store_->submit(item_set(static_cast<std::uint64_t>(t * kSets + i), 1, 2), [&](Result<WriteReceipt> receipt) {
          const std::lock_guard lock(mutex);
          ids.insert(receipt.value().first_ids[0]);
          answered += 1;
        });
        EXPECT_TRUE(i % 10 != 0 || store_->find({}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  commit({});  // behind all others
  EXPECT_EQ(answered, kThreads * kSets);
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(kThreads * kSets));
  EXPECT_EQ(store_->counts().attempts, 2u * kThreads * kSets);
}

TEST_P(EveryStore, StoresAProblemOnceAndKeepsTheFirst) {
  WriteSet set;
  set.problems = {make_problem(5), make_problem(6)};
  commit(std::move(set));
  reopen();
  WriteSet other;
  other.problems = {make_problem(5), make_problem(7)};
  other.problems[0].prompt = "another";
  commit(std::move(other));
  EXPECT_EQ(store_->problem(5).value().prompt, "5+1=");
  EXPECT_EQ(store_->counts().problems, 3u);
}

TEST_P(EveryStore, KeepsBothCursors) {
  LoopState loop{
      .phase = "evaluate", .round = 3, .round_size = 9, .base = 1, .current = 4, .serving = 2, .best_accuracy = 0.75};
  loop.verifier = 5;
  TrainerState trainer{.step = 99, .plan_round = 3, .plan_first_step = 50, .plan_steps = 70, .plan_start = 1, .slot = "s"};
  trainer.plan_line = VersionLine::kVerifier;
  WriteSet set;
  set.loop = loop;
  set.trainer = trainer;
  commit(std::move(set));
  reopen();
  EXPECT_EQ(store_->loop_state().value().phase, "evaluate");
  EXPECT_EQ(store_->loop_state().value().serving, 2u);
  EXPECT_EQ(store_->trainer_state().value().plan_steps, 70u);
  EXPECT_EQ(store_->trainer_state().value().slot, "s");
  EXPECT_EQ(store_->loop_state().value().verifier, 5u);
  EXPECT_EQ(store_->trainer_state().value().plan_line, VersionLine::kVerifier);
}

TEST_P(EveryStore, AccountsForItemsByRound) {
  for (std::uint64_t position : {9, 3, 5}) commit(item_set(position, 2, 4));
  commit(item_set(1, 3));
  WriteSet bad;
  bad.items.push_back(make_item(4, 2, 0));
  bad.items[0].item = make_item_id(2, 4, true);
  bad.items[0].quarantined = true;
  bad.items[0].reason = "killed 3 workers";
  commit(std::move(bad));
  reopen();
  const auto found = store_->items_of_round(2);
  ASSERT_TRUE(found.ok());
  const std::vector<ItemState>& items = found.value();
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0].item, make_item_id(2, 3, false));
  EXPECT_EQ(items[1].item, make_item_id(2, 4, true));
  EXPECT_TRUE(items[1].quarantined);
  EXPECT_EQ(items[1].reason, "killed 3 workers");
  EXPECT_EQ(items[3].item, make_item_id(2, 9, false));
  EXPECT_EQ(items[0].attempts, 4u);
  const ItemResult made = make_item(3, 2, 4);
  std::uint32_t correct = 0, kept = 0;
  for (const JudgedAttempt& judged : made.attempts) {
    correct += judged.verdict.outcome == Outcome::kCorrect ? 1 : 0;
    kept += judged.selection.kept ? 1 : 0;
  }
  EXPECT_EQ(items[0].correct, correct);
  EXPECT_EQ(items[0].kept, kept);
  EXPECT_THAT(store_->items_of_round(7).value(), IsEmpty());
  EXPECT_EQ(store_->counts().quarantined, 1u);
}

TEST_P(EveryStore, ReplacesVersionsById) {
  WriteSet set;
  set.versions = {make_version(2), make_version(1)};
  commit(std::move(set));
  reopen();
  WriteSet promoted;
  promoted.versions = {make_version(2, VersionState::kPromoted)};
  commit(std::move(promoted));
  const auto versions = store_->versions().value();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].id, 1u);
  EXPECT_EQ(versions[1].state, VersionState::kPromoted);
  EXPECT_EQ(store_->counts().versions, 2u);
}

TEST_P(EveryStore, NumbersEventsAndPagesThem) {
  for (int i = 0; i < 5; ++i) {
    WriteSet set;
    set.events.push_back(make_event("k" + std::to_string(i)));
    set.events.push_back(make_event("l"));
    commit(std::move(set));
    if (i == 2) reopen();
  }
  const auto page = store_->events(3, 4).value();
  ASSERT_EQ(page.size(), 4u);
  EXPECT_EQ(page[0].seq, 4u);
  EXPECT_EQ(page[1].kind, "k2");
  EXPECT_EQ(page[3].seq, 7u);
  EXPECT_THAT(store_->events(10, 4).value(), IsEmpty());
  EXPECT_THAT(store_->events(0, 0).value(), IsEmpty());
}

TEST_P(EveryStore, RecordsConsumptionByStep) {
  WriteSet set;
  set.consumed = {
      {.step = 1, .attempt = 4, .round = 1}, {.step = 1, .attempt = 2, .round = 1}, {.step = 2, .attempt = 4, .round = 1}};
  commit(std::move(set));
  reopen();
  WriteSet redone;  // a step trained again consumed what it consumed the second time
  redone.consumed = {
      {.step = 2, .attempt = 9, .round = 1}, {.step = 2, .attempt = 8, .round = 1}, {.step = 3, .attempt = 1, .round = 2}};
  commit(std::move(redone));
  const auto uses = store_->consumption(1, 2).value();
  ASSERT_EQ(uses.size(), 4u);
  EXPECT_EQ(uses[0].attempt, 4u);
  EXPECT_EQ(uses[1].attempt, 2u);
  EXPECT_EQ(uses[2].attempt, 9u);
  EXPECT_EQ(uses[3].attempt, 8u);
  EXPECT_EQ(store_->counts().consumed, 5u);
  EXPECT_THAT(store_->consumption(4, UINT64_MAX).value(), IsEmpty());
}

// Of the stored attempts with at least `steps` tokens, the first `count`.
std::vector<AttemptId> long_ids(const ReplayStore& store, std::uint32_t steps, std::size_t count) {
  AttemptQuery query;
  query.min_length = steps;
  query.limit = count;
  query.oldest_first = true;
  return ids_of(store.find(query).value());
}

TEST_P(EveryStore, GivesScoresBackByAttemptAndScorer) {
  commit(item_set(1, 1, 30));
  const auto ids = long_ids(*store_, 4, 2);
  WriteSet set;
  set.scores = {make_score(ids[1], 0, 4), make_score(ids[0], 7), make_score(ids[0], 0, 3), make_score(ids[0], 300)};
  const std::vector<AttemptScore> all = {set.scores[2], set.scores[1], set.scores[3], set.scores[0]};
  commit(std::move(set));
  reopen();
  const std::vector<AttemptId> asked = {ids[1], 29, ids[0], ids[1], 9999};  // any order, repeats, strangers
  expect_equal(store_->scores(asked).value(), all);
  expect_equal(store_->scores(std::span(ids).subspan(1)).value(), {all[3]});
  EXPECT_THAT(store_->scores({}).value(), IsEmpty());
  EXPECT_EQ(store_->counts().scores, 4u);
}

TEST_P(EveryStore, ReplacesAScoreOfTheSameScorer) {
  commit(item_set(1));
  for (const char* kind : {"orm", "prm"}) {
    WriteSet set;
    set.scores = {make_score(1, 4), make_score(1, 4)};  // twice in one set, too: the last one stays
    set.scores[1].kind = kind;
    commit(std::move(set));
    reopen();
  }
  const AttemptId id = 1;
  const auto scores = store_->scores(std::span(&id, 1)).value();
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(scores[0].kind, "prm");
  EXPECT_EQ(store_->counts().scores, 1u);
}

TEST_P(EveryStore, RefusesAScoreThatFitsNoAttemptWithItsWholeSetAlone) {
  commit(item_set(1, 1, 2));
  const auto refused = [&](const AttemptScore& score) {
    std::promise<Status> answer;
    WriteSet wrong = item_set(2);
    wrong.scores = {make_score(1, 1), score};
    store_->submit(std::move(wrong), [&](Result<WriteReceipt> receipt) { answer.set_value(receipt.status()); });
    WriteSet neighbour;  // in the same group, where there are groups
    neighbour.scores = {make_score(2, 1)};
    EXPECT_TRUE(store_->commit(std::move(neighbour)).ok());
    return answer.get_future().get();
  };
  const Status missing = refused(make_score(3, 1));  // what its own set would bring has no id yet
  EXPECT_EQ(missing.code(), Errc::kNotFound);
  EXPECT_NE(missing.message().find("attempt 3 "), std::string::npos) << missing.message();
  EXPECT_EQ(refused(make_score(0, 1)).code(), Errc::kNotFound);
  EXPECT_EQ(refused(make_score(1, 1, store_->summary(1)->length + 1)).code(), Errc::kInternal);
  AttemptScore uneven = make_score(1, 1);
  uneven.steps = {0.5f};
  EXPECT_EQ(refused(uneven).code(), Errc::kInternal);
  EXPECT_EQ(store_->counts().scores, 1u);
  EXPECT_EQ(store_->counts().items, 1u);
}

TEST_P(EveryStore, ScoresMayFollowTheirAttemptsInTheSameGroup) {
  store_->submit(item_set(1, 1, 5), [](Result<WriteReceipt> receipt) { EXPECT_TRUE(receipt.ok()); });
  WriteSet set;
  set.scores = {make_score(5, 2)};
  commit(std::move(set));
  EXPECT_EQ(store_->counts().scores, 1u);
}

TEST_P(EveryStore, RetentionTakesTheScoresWithTheirAttempts) {
  commit_items(900, 1);
  std::vector<AttemptId> all;
  WriteSet set;
  for (AttemptId id = 1; id <= 900; ++id) {
    all.push_back(id);
    if (id % 3 == 0) set.scores.push_back(make_score(id, 0));
    if (id % 5 == 0) set.scores.push_back(make_score(id, 6));
  }
  const std::size_t set_size = set.scores.size();
  commit(std::move(set));
  EXPECT_GT(store_->collect(100, true).value(), 0u);
  EXPECT_EQ(store_->counts().scores, set_size);
  EXPECT_GT(store_->collect(100, false).value(), 0u);
  reopen();
  std::vector<AttemptScore> expected;
  for (AttemptId id = 1; id <= 900; ++id) {
    if (!store_->summary(id)) continue;
    if (id % 3 == 0) expected.push_back(make_score(id, 0));
    if (id % 5 == 0) expected.push_back(make_score(id, 6));
  }
  ASSERT_LT(expected.size(), set_size);
  expect_equal(store_->scores(all).value(), expected);
  EXPECT_EQ(store_->counts().scores, expected.size());
}

TEST_P(EveryStore, PagesThroughEverythingInBothDirections) {
  commit_items(300, 2);
  for (const bool oldest_first : {false, true}) {
    std::vector<AttemptId> all;
    AttemptQuery query;
    query.limit = 37;
    query.oldest_first = oldest_first;
    do {
      const auto page = store_->find(query).value();
      for (AttemptId id : ids_of(page)) all.push_back(id);
      query.after = page.next;
    } while (query.after != 0);
    ASSERT_EQ(all.size(), 600u);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], oldest_first ? i + 1 : 600 - i);
  }
}

TEST_P(EveryStore, SaysWhetherThereIsANextPage) {
  commit(item_set(1, 1, 6));
  AttemptQuery query;
  query.limit = 3;
  query.after = store_->find(query).value().next;
  EXPECT_EQ(query.after, 4u);
  EXPECT_EQ(store_->find(query).value().next, 0u);  // exactly full, and the last
  query.after = 0;
  query.limit = 6;
  EXPECT_EQ(store_->find(query).value().next, 0u);
}

TEST_P(EveryStore, PinsAllOrNothing) {
  commit(item_set(1, 1, 3));
  const std::vector<AttemptId> some = {1, 3}, wrong = {2, 44}, zero = {0};
  EXPECT_TRUE(store_->pin(some, true).ok());
  EXPECT_EQ(store_->pin(wrong, true).code(), Errc::kNotFound);
  EXPECT_EQ(store_->pin(zero, true).code(), Errc::kNotFound);
  commit(item_set(2));  // the same block goes on growing
  reopen();
  AttemptQuery pinned;
  pinned.pinned = true;
  EXPECT_THAT(find(pinned), ElementsAre(3, 1));
  EXPECT_TRUE(store_->pin(some, false).ok());
  EXPECT_THAT(find(pinned), IsEmpty());
}

TEST_P(EveryStore, CollectsOnlyWhatNobodyNeeds) {
  commit_items(1500, 1);
  std::vector<AttemptId> pinned;
  WriteSet used;
  for (AttemptId id = 10; id <= 1500; id += 10) {
    pinned.push_back(id);
    used.consumed.push_back({.step = 1, .attempt = id + 1, .round = 1});
  }
  ASSERT_TRUE(store_->pin(pinned, true).ok());
  commit(std::move(used));
  std::set<AttemptId> stay;
  for (AttemptId id = 1; id <= 1500; ++id) {
    const auto row = store_->summary(id);
    if (id > 1100 || row->kept || id % 10 == 0 || (id % 10 == 1 && id > 1)) stay.insert(id);
  }
  const std::uint64_t expected = 1500 - stay.size();
  EXPECT_EQ(store_->collect(400, true).value(), expected);
  EXPECT_EQ(store_->counts().attempts, 1500u);
  EXPECT_EQ(store_->collect(400, false).value(), expected);
  EXPECT_EQ(store_->collect(400, false).value(), 0u);
  reopen();
  EXPECT_EQ(store_->counts().attempts, stay.size());
  AttemptQuery all;
  all.limit = 2000;
  all.oldest_first = true;
  EXPECT_THAT(find(all), ::testing::ElementsAreArray(stay));
  for (AttemptId id = 1; id <= 1500; ++id) EXPECT_EQ(store_->read(std::span(&id, 1)).ok(), stay.count(id) > 0) << id;
  for (ProblemId problem = 1000; problem < 1037; ++problem) {
    all.problem = problem;
    for (AttemptId id : find(all)) EXPECT_TRUE(stay.count(id) > 0);
  }
  EXPECT_EQ(commit(item_set(5000)).first_ids[0], 1501u);  // ids never come back
}

TEST_P(EveryStore, DrawsOnlyWhatTheRequestAllows) {
  for (std::uint32_t round = 1; round <= 3; ++round) commit(item_set(round, round, 40));
  WriteSet seeds;
  for (std::uint64_t i = 0; i < 5; ++i) seeds.seeds.push_back(make_seed(i));
  commit(std::move(seeds));
  for (const char* selector : {"uniform", "fifo", "lifo", "prioritized", "window"}) {
    for (const bool include_seeds : {false, true}) {
      DrawRequest request{
          .count = 300, .selector = selector, .seed = 5, .min_round = 2, .include_seeds = include_seeds, .min_version = 3};
      const auto allowed = store_->kept_ids(request);
      EXPECT_TRUE(std::is_sorted(allowed.begin(), allowed.end()));
      std::set<AttemptId> expected;
      for (AttemptId id = 1; id <= 125; ++id) {
        const auto row = *store_->summary(id);
        if (row.kept && (row.seed_example ? include_seeds : row.round >= 2 && row.version >= 3)) expected.insert(id);
      }
      EXPECT_THAT(allowed, ::testing::ElementsAreArray(expected));
      const auto drawn = store_->draw(request);
      EXPECT_EQ(drawn.size(), 300u);
      EXPECT_EQ(std::set<AttemptId>(drawn.begin(), drawn.end()), expected) << selector;
    }
  }
  EXPECT_THAT(store_->draw({.count = 3, .min_round = 9}), IsEmpty());
  EXPECT_THAT(store_->draw({.count = 3, .selector = "no such rule"}), IsEmpty());
}

TEST_P(EveryStore, DrawsSeeWhatWasCommittedSince) {
  commit(item_set(1, 1, 30));
  DrawRequest request{.count = 4, .selector = "lifo"};
  store_->draw(request);  // a view exists now
  commit(item_set(2, 1, 30));
  EXPECT_EQ(store_->draw(request)[0], store_->kept_ids(request).back());
  EXPECT_GT(store_->draw(request)[0], 30u);
}

TEST_P(EveryStore, FifoGoesOnBehindWhatWasConsumedAlsoAfterReopening) {
  commit(item_set(1, 1, 60));
  DrawRequest request{.count = 5, .selector = "fifo"};
  const auto kept = store_->kept_ids(request);
  ASSERT_GT(kept.size(), 10u);
  const auto first = store_->draw(request);
  EXPECT_THAT(first, ::testing::ElementsAreArray(kept.begin(), kept.begin() + 5));
  EXPECT_EQ(store_->draw(request), first);  // drawing is not consuming
  WriteSet used;
  for (AttemptId id : first) used.consumed.push_back({.step = 1, .attempt = id, .round = 1});
  commit(std::move(used));
  EXPECT_THAT(store_->draw(request), ::testing::ElementsAreArray(kept.begin() + 5, kept.begin() + 10));
  reopen();
  EXPECT_THAT(store_->draw(request), ::testing::ElementsAreArray(kept.begin() + 5, kept.begin() + 10));
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryStore, ::testing::Values("memory", "rocks"),
                         [](const auto& info) { return std::string(info.param); });

// ---- the store on disk against the plain one ----

AttemptQuery random_query(DrawRandom& random) {
  AttemptQuery query;
  const auto often = [&] { return random.below(5) == 0; };
  if (often()) query.problem = 1000 + random.below(40);
  if (often()) query.version = static_cast<VersionId>(random.below(7));
  if (often()) query.round = static_cast<std::uint32_t>(random.below(6));
  if (often()) query.outcome = static_cast<Outcome>(random.below(3));
  if (often()) query.kept = random.below(2) == 0;
  if (often()) query.hinted = random.below(2) == 0;
  if (often()) query.seed_example = random.below(2) == 0;
  if (often()) query.pinned = random.below(2) == 0;
  if (often()) query.reason = static_cast<Reject>(random.below(10));
  if (often()) query.min_score = static_cast<float>(random.below(9)) / 8;
  if (often()) query.max_score = static_cast<float>(random.below(9)) / 8;
  if (often()) query.min_length = static_cast<std::uint32_t>(random.below(25));
  if (often()) query.max_length = static_cast<std::uint32_t>(random.below(25));
  const std::int64_t day = 1'700'000'000'000'000;
  if (often()) query.since_us = day + static_cast<std::int64_t>(random.below(1ull << 50));
  if (often()) query.until_us = day + static_cast<std::int64_t>(random.below(1ull << 51));
  if (often()) query.after = random.below(900);
  query.limit = 1 + random.below(30);
  query.oldest_first = random.below(2) == 0;
  return query;
}

WriteSet random_set(DrawRandom& random) {
  WriteSet set;
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    set.items.push_back(make_item(random.below(400), static_cast<std::uint32_t>(1 + random.below(4)), random.below(5)));
    set.items.back().quarantined = set.items.back().attempts.empty();
  }
  if (random.below(6) == 0) set.seeds.push_back(make_seed(random.below(1000)));
  if (random.below(6) == 0) set.problems.push_back(make_problem(random.below(50)));
  if (random.below(4) == 0) {
    const std::uint64_t step = random.below(20);
    for (std::uint64_t i = 1 + random.below(5); i > 0; --i)
      set.consumed.push_back({.step = step, .attempt = 1 + random.below(200), .round = 1});
  }
  if (random.below(6) == 0) set.versions.push_back(make_version(static_cast<VersionId>(random.below(9))));
  if (random.below(6) == 0) set.events.push_back(make_event("e"));
  if (random.below(6) == 0) set.loop = LoopState{.round = static_cast<std::uint32_t>(random.below(99))};
  return set;
}

// Some of attempts that are not there, or not any more.
WriteSet random_scores(DrawRandom& random) {
  WriteSet set;
  for (std::uint64_t i = random.below(4); i > 0; --i)
    set.scores.push_back(make_score(1 + random.below(200), static_cast<VersionId>(random.below(3))));
  return set;
}

void expect_same_answers(const ReplayStore& disk, const ReplayStore& plain, DrawRandom& random) {
  expect_equal(disk.counts(), plain.counts());
  for (int i = 0; i < 40; ++i) {
    const AttemptQuery query = random_query(random);
    const auto a = disk.find(query), b = plain.find(query);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a.value().next, b.value().next);
    ASSERT_EQ(ids_of(a.value()), ids_of(b.value()));
    for (std::size_t row = 0; row < a.value().rows.size(); ++row) expect_equal(a.value().rows[row], b.value().rows[row]);
  }
  const char* selectors[] = {"uniform", "fifo", "lifo", "prioritized", "window"};
  for (int i = 0; i < 10; ++i) {
    DrawRequest request;
    request.count = random.below(60);
    request.selector = selectors[random.below(5)];
    request.seed = random.next();
    request.min_round = static_cast<std::uint32_t>(random.below(4));
    request.min_version = static_cast<VersionId>(random.below(5));
    request.include_seeds = random.below(2) == 0;
    request.window_size = 1 + random.below(100);
    EXPECT_EQ(disk.draw(request), plain.draw(request));
    EXPECT_EQ(disk.kept_ids(request), plain.kept_ids(request));
  }
  std::vector<AttemptId> ids(400);
  for (AttemptId& id : ids) id = random.below(400);
  expect_equal(disk.scores(ids).value(), plain.scores(ids).value());
  EXPECT_EQ(disk.loop_state().value().round, plain.loop_state().value().round);
  for (std::uint32_t round = 0; round < 6; ++round) {
    const auto a = disk.items_of_round(round), b = plain.items_of_round(round);
    ASSERT_TRUE(a.ok() && b.ok());
    ASSERT_EQ(a.value().size(), b.value().size());
    for (std::size_t i = 0; i < a.value().size(); ++i) {
      EXPECT_EQ(a.value()[i].item, b.value()[i].item);
      EXPECT_EQ(a.value()[i].kept, b.value()[i].kept);
      EXPECT_EQ(a.value()[i].correct, b.value()[i].correct);
    }
  }
}

TEST(RocksStore, AnswersAsThePlainStoreDoesWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    DrawRandom random(seed);
    TempDirectory directory;
    const auto plain = make_memory_store();
    auto disk = open_store(directory.path("store"), test_options()).value();
    for (int step = 0; step < 250; ++step) {
      const WriteSet set = random_set(random);
      const auto a = disk->commit(set), b = plain->commit(set);
      ASSERT_TRUE(a.ok() && b.ok());
      ASSERT_EQ(a.value().first_ids, b.value().first_ids);
      ASSERT_EQ(a.value().duplicates, b.value().duplicates);
      if (random.below(3) == 0) {
        const WriteSet scores = random_scores(random);
        ASSERT_EQ(disk->commit(scores).status().code(), plain->commit(scores).status().code());
      }
      if (random.below(20) == 0) {
        const std::vector<AttemptId> ids = {1 + random.below(300), 1 + random.below(300)};
        ASSERT_EQ(disk->pin(ids, step % 2 == 0).code(), plain->pin(ids, step % 2 == 0).code());
      }
      if (random.below(60) == 0) {
        const std::uint64_t keep = random.below(400);
        ASSERT_EQ(disk->collect(keep, true).value(), plain->collect(keep, true).value());
        ASSERT_EQ(disk->collect(keep, false).value(), plain->collect(keep, false).value());
      }
      if (random.below(50) == 0) {
        disk.reset();
        disk = open_store(directory.path("store"), test_options()).value();
      }
      if (step % 50 == 49) expect_same_answers(*disk, *plain, random);
    }
    disk.reset();
    const auto reader = open_store_read_only(directory.path("store"), test_options());
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    expect_same_answers(*reader.value(), *plain, random);
  }
}

}  // namespace
}  // namespace autodidact
