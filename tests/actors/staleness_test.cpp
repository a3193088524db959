#include "actors/staleness.hpp"

#include <gtest/gtest.h>

#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

TEST(Staleness, IsTheDistanceInVersionsOfWhatWasSampledSeedsAside) {
  const auto store = make_memory_store();
  WriteSet set;
  set.seeds.push_back(make_seed(1));
  set.problems.push_back(make_problem(2001));
  for (const VersionId version : {2u, 5u}) {
    ItemResult item = make_item(version);
    JudgedAttempt& judged = item.attempts[0];
    judged.attempt.tokens = {1, 2};
    judged.attempt.logprobs = {-1, -1};
    judged.attempt.versions = {1, version};
    judged.verdict.step_scores.clear();
    set.items.push_back(std::move(item));
  }
  ASSERT_TRUE(store->commit(std::move(set)).ok());
  AttemptQuery query;
  query.oldest_first = true;
  AttemptId seed = 0, old = 0, fresh = 0;
  const AttemptPage page = store->find(query).value();
  for (const AttemptSummary& row : page.rows) (row.seed_example ? seed : row.version == 2 ? old : fresh) = row.id;
  ASSERT_TRUE(seed != 0 && old != 0 && fresh != 0);

  const AttemptId batch[] = {seed, old, fresh, fresh};
  const auto staleness = staleness_of(*store, batch, 5);
  ASSERT_TRUE(staleness);
  EXPECT_DOUBLE_EQ(staleness->mean, 1.0);
  EXPECT_DOUBLE_EQ(staleness->max, 3.0);
  EXPECT_FALSE(staleness_of(*store, {&seed, 1}, 5)) << "seeds alone say nothing";
  const AttemptId gone = 999;
  EXPECT_FALSE(staleness_of(*store, {&gone, 1}, 5));

  Metrics metrics;
  note_staleness(*store, batch, 5, metrics);
  EXPECT_EQ(metrics.seen("autodidact_staleness_versions", "max"), 3.0);
  EXPECT_FALSE(metrics.seen("autodidact_staleness_versions", "never")) << "asking makes no gauge";
  EXPECT_EQ(metrics.text().find("never"), std::string::npos);
}

}  // namespace
}  // namespace autodidact
