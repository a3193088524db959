#include "storage/summary_block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "storage/draw_random.hpp"
#include "storage/item_set.hpp"
#include "storage/query.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

// Rows as wide or as narrow in range as `spread` says, with gaps.
std::vector<AttemptSummary> random_rows(BlockNumber block, std::uint64_t spread, bool gaps, DrawRandom& random) {
  std::vector<AttemptSummary> rows;
  const std::size_t last = 1 + random.below(kBlockRows);
  for (std::size_t slot = 0; slot < last; ++slot) {
    if (gaps && random.below(3) == 0) continue;
    AttemptSummary row;
    row.id = first_id(block) + slot;
    row.problem = spread > 1000 ? random.next() : 1 + random.below(spread);
    row.round = static_cast<std::uint32_t>(random.below(spread));
    row.version = static_cast<VersionId>(random.below(spread));
    row.created_us = static_cast<std::int64_t>(random.below(spread * spread)) - static_cast<std::int64_t>(spread);
    row.score = static_cast<float>(random.below(spread)) / static_cast<float>(spread);
    row.weight = static_cast<float>(random.below(4));
    row.length = static_cast<std::uint32_t>(random.below(spread));
    row.outcome = static_cast<Outcome>(random.below(3));
    row.reason = static_cast<Reject>(random.below(10));
    set_summary_flags(row, static_cast<std::uint8_t>(random.below(32)));
    rows.push_back(row);
  }
  if (rows.empty()) rows.push_back({.id = first_id(block)});
  return rows;
}

SummaryBlock parsed(BlockNumber number, const std::vector<AttemptSummary>& rows) {
  std::string bytes;
  SummaryBlock::encode(number, rows, bytes);
  auto block = SummaryBlock::parse(bytes, number);
  EXPECT_TRUE(block.ok()) << block.status().message();
  return std::move(block).value();
}

AttemptQuery random_filter(std::uint64_t spread, DrawRandom& random) {
  AttemptQuery query;
  const auto often = [&] { return random.below(4) == 0; };
  const auto number = [&] { return static_cast<std::uint32_t>(random.below(spread + 2)); };
  if (often()) query.problem = 1 + random.below(spread);
  if (often()) query.version = number();
  if (often()) query.round = number();
  if (often()) query.outcome = static_cast<Outcome>(random.below(3));
  if (often()) query.kept = random.below(2) == 0;
  if (often()) query.hinted = random.below(2) == 0;
  if (often()) query.seed_example = random.below(2) == 0;
  if (often()) query.pinned = random.below(2) == 0;
  if (often()) query.reason = static_cast<Reject>(random.below(10));
  if (often()) query.min_score = static_cast<float>(number()) / static_cast<float>(spread);
  if (often()) query.max_score = static_cast<float>(number()) / static_cast<float>(spread);
  if (often()) query.min_length = number();
  if (often()) query.max_length = number();
  if (often()) query.since_us = static_cast<std::int64_t>(random.below(spread * spread)) - static_cast<std::int64_t>(spread);
  if (often()) query.until_us = static_cast<std::int64_t>(random.below(spread * spread)) - static_cast<std::int64_t>(spread);
  return query;
}

TEST(SummaryBlock, RowsComeBackAsTheyWere) {
  DrawRandom random(1);
  for (int i = 0; i < 300; ++i) {
    const BlockNumber number = random.below(1ull << 40);
    const auto rows = random_rows(number, 1 + random.below(100'000), i % 2 == 0, random);
    const SummaryBlock block = parsed(number, rows);
    ASSERT_EQ(block.size(), rows.size());
    std::size_t next = 0;
    for (std::size_t slot = 0; slot < kBlockRows; ++slot) {
      const auto found = block.find(first_id(number) + slot);
      if (next < rows.size() && rows[next].id == first_id(number) + slot) {
        ASSERT_TRUE(found.has_value());
        expect_equal(rows[next++], *found);
      } else {
        EXPECT_FALSE(found.has_value());
      }
    }
    EXPECT_FALSE(block.find(0).has_value());
    EXPECT_FALSE(block.find(first_id(number) + kBlockRows).has_value());
  }
}

TEST(SummaryBlock, ExtremesSurvive) {
  AttemptSummary row{.id = 1, .problem = UINT64_MAX};
  row.created_us = std::numeric_limits<std::int64_t>::min();
  row.round = row.version = row.length = UINT32_MAX;
  row.score = -std::numeric_limits<float>::infinity();
  AttemptSummary zero{.id = 2};
  zero.created_us = std::numeric_limits<std::int64_t>::max();
  const auto back = parsed(0, {row, zero}).rows();
  expect_equal(row, back[0]);
  expect_equal(zero, back[1]);
}

// The heart of it: the fast way and the plain way agree, and a zone never hides a match.
TEST(SummaryBlock, FiltersAsThePlainRulesDo) {
  DrawRandom random(2);
  std::size_t matches_seen = 0;
  for (int i = 0; i < 400; ++i) {
    const std::uint64_t spread = 1 + random.below(40);
    const auto rows = random_rows(3, spread, i % 2 == 0, random);
    const SummaryBlock block = parsed(3, rows);
    const SummaryZone zone = zone_of(rows);
    for (int j = 0; j < 40; ++j) {
      const AttemptQuery query = random_filter(spread, random);
      std::vector<std::uint16_t> expected, found;
      for (std::size_t r = 0; r < rows.size(); ++r) {
        if (matches(query, rows[r])) expected.push_back(static_cast<std::uint16_t>(r));
      }
      block.match(query, found);
      ASSERT_EQ(found, expected);
      matches_seen += expected.size();
      EXPECT_TRUE(expected.empty() || may_match(query, zone));
    }
  }
  EXPECT_GT(matches_seen, 10'000u);
}

TEST(SummaryZone, RulesOutWhatCannotMatch) {
  std::vector<AttemptSummary> rows(2);
  rows[0] = {.id = 1, .round = 4, .version = 7, .created_us = 100, .score = 0.25f, .length = 10, .outcome = Outcome::kWrong};
  rows[1] = {.id = 2, .round = 5, .version = 9, .created_us = 200, .score = 0.75f, .length = 20, .outcome = Outcome::kWrong};
  for (AttemptSummary& row : rows) row.hinted = true, row.reason = Reject::kWrong;
  const SummaryZone zone = zone_of(rows);
  const auto ruled_out = [&](const auto& set) {
    AttemptQuery query;
    set(query);
    return !may_match(query, zone);
  };
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.version = 6; }));
  EXPECT_FALSE(ruled_out([](AttemptQuery& q) { q.version = 8; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.round = 6; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.outcome = Outcome::kCorrect; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.reason = Reject::kStale; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.kept = true; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.hinted = false; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.min_score = 0.8f; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.max_score = 0.2f; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.min_length = 21; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.max_length = 9; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.since_us = 201; }));
  EXPECT_TRUE(ruled_out([](AttemptQuery& q) { q.until_us = 100; }));
  EXPECT_FALSE(ruled_out([](AttemptQuery& q) { q.until_us = 101; }));
}

TEST(SummaryZone, NeverHidesADrawableAttempt) {
  DrawRandom random(4);
  for (int i = 0; i < 3000; ++i) {
    const auto rows = random_rows(0, 1 + random.below(6), true, random);
    DrawRequest request;
    request.min_round = static_cast<std::uint32_t>(random.below(7));
    request.min_version = static_cast<VersionId>(random.below(7));
    request.include_seeds = random.below(2) == 0;
    bool any = false;
    for (const AttemptSummary& row : rows) any = any || matches(request, row);
    EXPECT_TRUE(!any || may_match(request, zone_of(rows)));
  }
}

TEST(SummaryBlock, IsSmall) {
  DrawRandom random(5);
  std::vector<AttemptSummary> rows;
  for (AttemptId id = 1; id <= kBlockRows; ++id) {
    JudgedAttempt judged = make_attempt(id, 3);
    judged.attempt.id = id;
    judged.attempt.problem = random.next();
    rows.push_back(summarize(judged));
  }
  EXPECT_LT(parsed(0, rows).ram_bytes() / kBlockRows, 32u);
}

TEST(ItemSet, HoldsDenseAndScatteredItems) {
  ItemSet set;
  DrawRandom random(6);
  std::vector<ItemId> items;
  for (std::uint64_t i = 0; i < 5000; ++i) items.push_back(make_item_id(2, i, i % 2 == 1));
  for (int i = 0; i < 500; ++i) items.push_back(random.next() | 1);
  for (ItemId item : items) set.insert(item);
  for (ItemId item : items) EXPECT_TRUE(set.contains(item));
  EXPECT_EQ(set.size(), items.size());
  EXPECT_FALSE(set.contains(make_item_id(2, 0, true)));
  EXPECT_FALSE(set.contains(make_item_id(3, 0, false)));
}

}  // namespace
}  // namespace autodidact
