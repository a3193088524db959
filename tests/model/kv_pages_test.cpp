#include "model/kv_pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <set>

#include "model/kv_cache.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<TokenId> counting(TokenId from, std::size_t count) {
  std::vector<TokenId> tokens(count);
  std::iota(tokens.begin(), tokens.end(), from);
  return tokens;
}

TEST(KvPages, GivesEachPageOnceAndTakesThemBack) {
  KvPages pages(3);
  std::set<PageId> given;
  for (int i = 0; i < 3; ++i) given.insert(pages.allocate());
  EXPECT_THAT(given, SizeIs(3));
  EXPECT_EQ(pages.allocate(), kNoPage);
  pages.take(1);
  pages.give(1);
  EXPECT_EQ(pages.available(), 0) << "one still uses it";
  pages.give(1);
  EXPECT_EQ(pages.available(), 1);
  EXPECT_EQ(pages.allocate(), 1);
}

TEST(KvPages, FindsTheLongestKnownBeginning) {
  KvPages pages(8);
  const auto text = counting(100, 2 * kPage + 5);
  const PageId first = pages.allocate(), second = pages.allocate(), tail = pages.allocate(), other = pages.allocate();
  EXPECT_TRUE(pages.publish(first, kNoPage, std::span(text).first(kPage)));
  EXPECT_TRUE(pages.publish(second, first, std::span(text).subspan(kPage, kPage)));
  EXPECT_TRUE(pages.publish(tail, second, std::span(text).subspan(2 * kPage)));
  auto fork = counting(100 + kPage, kPage);
  fork[3] = 7;
  EXPECT_TRUE(pages.publish(other, first, fork));
  const auto find = [&](const std::vector<TokenId>& wanted) {
    std::vector<PageId> whole;
    const auto found = pages.find(wanted, whole);
    return std::tuple(whole, found.partial, found.partial_tokens);
  };
  EXPECT_EQ(find(text), std::tuple(std::vector{first, second}, tail, 5));
  EXPECT_EQ(find(counting(100, 2 * kPage + 2)), std::tuple(std::vector{first, second}, tail, 2));
  EXPECT_EQ(find(counting(100, kPage + 9)), std::tuple(std::vector{first}, second, 9));
  auto forked = counting(100, kPage + 6);
  forked[kPage + 3] = 7;
  EXPECT_EQ(find(forked), std::tuple(std::vector{first}, other, 6));
  EXPECT_EQ(find(counting(100, 3)), std::tuple(std::vector<PageId>{}, first, 3));
  EXPECT_EQ(find(counting(99, 40)), std::tuple(std::vector<PageId>{}, kNoPage, 0));
  EXPECT_EQ(find({}), std::tuple(std::vector<PageId>{}, kNoPage, 0));
  pages.forget();
  EXPECT_EQ(find(text), std::tuple(std::vector<PageId>{}, kNoPage, 0));
}

TEST(KvPages, TakesUnusedTextsApartFromTheirEnds) {
  KvPages pages(3);
  const auto text = counting(0, 3 * kPage);
  std::vector<PageId> chain;
  for (int i = 0; i < 3; ++i) {
    chain.push_back(pages.allocate());
    ASSERT_TRUE(pages.publish(chain[i], i == 0 ? kNoPage : chain[i - 1], std::span(text).subspan(i * kPage, kPage)));
  }
  for (int i = 3; i-- > 0;) pages.give(chain[i]);
  EXPECT_EQ(pages.available(), 3);
  EXPECT_EQ(pages.allocate(), chain[2]);
  std::vector<PageId> whole;
  pages.find(text, whole);
  EXPECT_THAT(whole, ElementsAre(chain[0], chain[1]));
  pages.take(chain[0]);
  EXPECT_EQ(pages.allocate(), chain[1]);
  EXPECT_EQ(pages.allocate(), kNoPage) << "the first is in use";
}

TEST(KvPages, KeepsNoMoreUnusedThanUsedAndSome) {
  KvPages pages(1000);
  std::set<PageId> touched;
  for (TokenId i = 0; i < 900; ++i) {
    const PageId page = pages.allocate();
    touched.insert(page);
    ASSERT_TRUE(pages.publish(page, kNoPage, counting(i, 3)));
    pages.give(page);
  }
  EXPECT_LT(touched.size(), 100u);
}

TEST(KvPages, DoesNotNameTheSameTextTwice) {
  KvPages pages(3);
  const auto text = counting(0, kPage);
  const PageId one = pages.allocate(), two = pages.allocate();
  EXPECT_TRUE(pages.publish(one, kNoPage, std::span(text).first(4)));
  EXPECT_TRUE(pages.publish(one, kNoPage, text)) << "its owner wrote on";
  EXPECT_TRUE(pages.publish(one, kNoPage, text)) << "again";
  EXPECT_FALSE(pages.publish(two, kNoPage, text));
  pages.give(two);
  EXPECT_EQ(pages.available(), 2);
}

TEST(KvCache, AFullCacheGivesUpWhatItWouldHaveCopied) {
  std::vector<std::pair<PageId, PageId>> copies;
  KvCache cache(3, [&](PageId from, PageId to) { copies.emplace_back(from, to); });
  PageTable table;
  const auto beginning = counting(0, 5), longest = counting(0, 3 * kPage);
  ASSERT_EQ(cache.begin(beginning, 0, table), 0);
  cache.publish(table, beginning);
  cache.release(table);
  ASSERT_EQ(cache.begin(counting(0, 2 * kPage), 0, table), 5) << "room for both";
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_EQ(copies[0].second, table.ids[0]);
  cache.release(table);
  EXPECT_EQ(cache.begin(longest, 1, table), std::nullopt);
  EXPECT_EQ(cache.begin(longest, 0, table), 0) << "needs the page with the beginning too";
  EXPECT_EQ(cache.available(), 0);
}

// Random sequences come, grow, step back and leave: nothing leaks, no page has two writers, and what is found is what was
// written.
TEST(KvCache, ManySequencesLeakNothingAndReadWhatTheyWrote) {
  constexpr std::int64_t kPages = 40;
  std::map<PageId, std::vector<TokenId>> content;  // the text up to and with the page, as its writer wrote it
  KvCache cache(kPages, [&](PageId from, PageId to) { content[to] = content.at(from); });
  std::mt19937_64 random(1);
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
  struct Sequence {
    PageTable table;
    std::vector<TokenId> text;
  };
  std::map<int, Sequence> live;
  const auto write = [&](const Sequence& s, std::int64_t from) {
    for (std::int64_t i = from; i < static_cast<std::int64_t>(s.text.size()); ++i) {
      const PageId page = s.table.ids[static_cast<std::size_t>(i / kPage)];
      content[page].assign(s.text.begin(), s.text.begin() + i + 1);
    }
  };
  int next = 0, refused = 0;
  for (int round = 0; round < 20000; ++round) {
    const auto action = below(10);
    if (action < 4) {  // texts over two letters, so that many begin alike
      Sequence s;
      s.text.resize(static_cast<std::size_t>(1 + below(70)));
      TokenId letter = static_cast<TokenId>(below(2));
      for (TokenId& token : s.text) token = below(12) == 0 ? letter ^= 1 : letter;
      const auto known = cache.begin(s.text, below(4), s.table);
      if (!known) {
        ++refused;
        ASSERT_THAT(s.table.ids, IsEmpty());
        continue;
      }
      ASSERT_LT(*known, static_cast<std::int64_t>(s.text.size()));
      ASSERT_EQ(static_cast<std::int64_t>(s.table.ids.size()), pages_for(static_cast<std::int64_t>(s.text.size())));
      for (std::int64_t i = 0; i < *known / kPage; ++i) {
        const auto& text = content.at(s.table.ids[static_cast<std::size_t>(i)]);
        ASSERT_GE(static_cast<std::int64_t>(text.size()), (i + 1) * kPage);
        ASSERT_TRUE(std::equal(s.text.begin(), s.text.begin() + (i + 1) * kPage, text.begin()));
      }
      write(s, *known / kPage * kPage);
      cache.publish(s.table, s.text);
      live.emplace(next++, std::move(s));
    } else if (!live.empty()) {
      auto it = std::next(live.begin(), below(live.size()));
      if (action < 7) {
        Sequence& s = it->second;
        const auto before = static_cast<std::int64_t>(s.text.size());
        if (before % kPage == 0 && !cache.grow(s.table)) continue;
        s.text.push_back(static_cast<TokenId>(below(2)));
        write(s, before);
      } else {
        if (action == 7) cache.publish(it->second.table, it->second.text);
        cache.release(it->second.table);
        live.erase(it);
      }
    }
    if (below(500) == 0) cache.forget();
    std::set<PageId> used;
    for (const auto& [number, s] : live) used.insert(s.table.ids.begin(), s.table.ids.end());
    ASSERT_EQ(cache.available(), kPages - static_cast<std::int64_t>(used.size())) << "round " << round;
  }
  EXPECT_GT(refused, 100);
  for (auto& [number, s] : live) cache.release(s.table);
  EXPECT_EQ(cache.available(), kPages);
}

}  // namespace
}  // namespace autodidact
