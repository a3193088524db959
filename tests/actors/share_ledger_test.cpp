// Shares of a device on virtual time: whatever the slices are, of the time that both sides want each gets its share.

#include "actors/share_ledger.hpp"

#include <gtest/gtest.h>

#include <random>

namespace autodidact {
namespace {

constexpr std::int64_t kMs = 1000000;

struct Played {
  std::int64_t answering = 0, both = 0, longest = 0;
  double share() const { return static_cast<double>(answering) / static_cast<double>(both); }
};

// Both want the device all the time; slices as `length` draws them for each side.
template <class Length>
Played play(ShareLedger& ledger, int slices, Length length) {
  Played played;
  for (int i = 0; i < slices; ++i) {
    const bool answering = ledger.answering_next();
    const std::int64_t held = length(answering);
    ledger.book(answering, held);
    played.both += held;
    played.answering += answering ? held : 0;
    played.longest = std::max(played.longest, held);
  }
  return played;
}

TEST(ShareLedger, HoldsAnyShareToWithinOneSlice) {
  std::mt19937 random(3);
  for (const double share : {0.01, 0.1, 0.25, 0.5, 0.7, 0.9, 0.99}) {
    ShareLedger ledger;
    ledger.set_share(share);
    const Played played = play(ledger, 2000, [&](bool answering) {
      return static_cast<std::int64_t>((answering ? 1 + random() % 100 : 1 + random() % 400)) * kMs;
    });
    const double most = static_cast<double>(played.longest);
    EXPECT_NEAR(static_cast<double>(played.answering), share * static_cast<double>(played.both), most) << share;
  }
}

TEST(ShareLedger, HoldsItInEveryStretchNotOnlyInTheEnd) {
  ShareLedger ledger;
  ledger.set_share(0.3);
  for (int stretch = 0; stretch < 50; ++stretch)
    EXPECT_NEAR(play(ledger, 200, [](bool answering) { return (answering ? 30 : 100) * kMs; }).share(), 0.3, 0.02);
}

TEST(ShareLedger, ANewShareHoldsAtOnce) {
  ShareLedger ledger;
  ledger.set_share(0.9);
  play(ledger, 500, [](bool) { return 100 * kMs; });
  ledger.set_share(0.2);
  EXPECT_NEAR(play(ledger, 500, [](bool) { return 100 * kMs; }).share(), 0.2, 0.01);
}

TEST(ShareLedger, AHungStepIsMadeUpForButNotForEver) {
  ShareLedger ledger;
  ledger.set_share(0.5);
  ledger.book(false, 3600'000 * kMs);  // the loop hung for an hour
  int slices = 0;
  for (; ledger.answering_next() && slices < 10000; ++slices) ledger.book(true, 100 * kMs);
  EXPECT_GT(slices, 10);
  EXPECT_LE(slices, 250) << "some ten seconds' worth";
}

TEST(ShareLedger, WhoIsOwedMoreThanASliceIsOverdue) {
  ShareLedger ledger;
  ledger.set_share(0.5);
  ledger.book(false, 150 * kMs);
  EXPECT_FALSE(ledger.overdue(false));
  ledger.book(false, 100 * kMs);
  EXPECT_TRUE(ledger.overdue(false)) << "the loop holds it, and is 125 ms ahead";
  EXPECT_FALSE(ledger.overdue(true));
}

TEST(ShareLedger, AnsweringBeginsWhenNobodyIsInDebt) { EXPECT_TRUE(ShareLedger().answering_next()); }

}  // namespace
}  // namespace autodidact
