// Random event sequences against the naive model: lost, repeated, reordered, stale and late messages, deaths, expiries,
// resizes, drains and resets. After every event the invariants and the model must agree; at the end everything must come to an
// end. A failure prints its seed and the shortest sequence that still fails. AD_PROPERTY_SEED=n runs one seed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/actors/pool_model.hpp"

namespace autodidact {
namespace {

constexpr int kWorkers = 3;
constexpr std::size_t kMaxWindow = 4;

// Meaningful in any state, so that any part of a sequence is a sequence too: the numbers select modulo what there is.
struct Action {
  int kind;
  std::uint32_t a, b;
};

class World {
 public:
  explicit World(PoolOptions options) : options_(options), pool_(options), model_(options) {}

  // The complaint, if any.
  std::optional<std::string> apply(const Action& action) {
    auto complaint = act(action);
    if (!complaint) complaint = model_.agrees(pool_.stats());
    if (!complaint) complaint = pool_.check();
    return complaint;
  }

  // Faults end; workers restart and behave. All work must come to an end, each item exactly once.
  std::optional<std::string> settle() {
    for (WorkerId w = 0; w < kWorkers; ++w) restart(w, kMaxWindow);
    for (int turns = 0; pool_.stats().pending + pool_.stats().held > 0; ++turns) {
      if (turns > 10000) return "I7: it never comes to an end";
      for (WorkerId w = 0; w < kWorkers; ++w) demand(w, kMaxWindow);
      if (pool_.starving()) return "I7: starving though all have asked";
      if (auto complaint = assign()) return complaint;
      for (LeaseId lease : known_leases_) {
        const auto& row = model_.leases.at(lease);
        if (row.state != PoolModel::LeaseRow::kOpen) continue;
        if (auto complaint = done(row.worker, row.epoch, lease)) return complaint;
      }
    }
    pool_.drain();
    if (!pool_.drained() || pool_.stats().held > 0) return "I8: not drained";
    if (auto complaint = model_.quarantined(pool_.take_quarantined())) return complaint;
    const auto stats = pool_.stats();
    if (stats.offered != stats.done + stats.quarantined + stats.returned) return "I3/I4: items lost or counted twice";
    return pool_.check();
  }

 private:
  std::optional<std::string> act(const Action& action) {
    const WorkerId w = action.a % kWorkers;
    const std::uint32_t b = action.b;
    switch (action.kind) {
      case 0:
      case 1: return grant(1 + b % 3);
      case 2:
      case 3:
      case 4:
      case 5: return offer(action.a, b);
      case 6: return hello(w, b);
      case 7:
      case 8:
      case 9:
      case 10: return demand(w, 1 + b % kMaxWindow, b % 7 == 0);
      case 11:
      case 12:
      case 13: return assign();
      case 14:
      case 15:
      case 16:
      case 17:
      case 18: return done(action);
      case 19:
        return with_lease(action, [&](auto w2, auto e, auto l) {
          pool_.fail(w2, e, l, b % 5 != 0, "told to"), model_.fail(w2, e, l, b % 5 != 0);
        });
      case 20:
        return with_lease(action, [&](auto w2, auto e, auto l) { pool_.give_back(w2, e, l), model_.give_back(w2, e, l); });
      case 21:
        return with_lease(action, [&](auto w2, auto e, auto l) {
          pool_.renew(w2, e, {&l, 1}, now_), model_.renew(w2, e, l, now_);
        });
      case 22: return peer_down(w, b);
      case 23: return resize(w, b);
      case 24: return tick(b);
      case 25: return model_.quarantined(pool_.take_quarantined());
      default: return rare(w, b);
    }
  }

  std::optional<std::string> rare(WorkerId w, std::uint32_t b) {
    switch (b % 24) {
      case 0: pool_.drain(), model_.drain(); return std::nullopt;
      case 1: return same(pool_.return_pending().size(), model_.return_pending());
      case 2: return same(pool_.forget_all().size(), model_.forget_all());
      case 3:
      case 4: pool_.revoke_grants(), model_.revoke_grants(); return std::nullopt;
      case 5:
      case 6: pool_.remove(w), model_.remove(w); return std::nullopt;
      default: return tick(b);
    }
  }

  static std::optional<std::string> same(std::size_t real, std::size_t model) {
    return real == model ? std::nullopt : std::optional<std::string>("returned another number of items");
  }

  std::optional<std::string> grant(std::size_t at_least) { return model_.granted(pool_.take_grant(at_least), at_least); }

  // Mostly a new item; sometimes one that is here or was here.
  std::optional<std::string> offer(std::uint32_t a, std::uint32_t b) {
    const ItemId id = b % 9 == 0 && next_item_ > 1 ? 1 + a % (next_item_ - 1) : next_item_++;
    return model_.offered(id, pool_.offer(id, static_cast<int>(id)));
  }

  // A restart, announced by a death or not; or a hello from the past.
  std::optional<std::string> hello(WorkerId w, std::uint32_t b) {
    if (b % 5 == 0 && epochs_[w] > 0) {
      pool_.hello(w, b % (epochs_[w] + 1), 2, now_);
      model_.hello(w, b % (epochs_[w] + 1), 2, now_);
    } else {
      restart(w, b % (kMaxWindow + 1));
    }
    return std::nullopt;
  }

  void restart(WorkerId w, std::size_t window) {
    ++epochs_[w];
    pool_.hello(w, epochs_[w], window, now_);
    model_.hello(w, epochs_[w], window, now_);
  }

  std::optional<std::string> demand(WorkerId w, std::size_t n, bool stale = false) {
    const Epoch epoch = epochs_[w] - (stale ? 1 : 0);
    pool_.demand(w, epoch, n);
    model_.demand(w, epoch, n);
    return std::nullopt;
  }

  std::optional<std::string> assign() {
    for (const auto& a : pool_.assign(now_)) {
      if (auto complaint = model_.assigned(a, now_)) return complaint;
      known_leases_.push_back(a.lease);
    }
    return model_.after_assign();
  }

  // Any lease of the last 40, whatever became of it, mostly by the worker and epoch it was given to.
  template <class F>
  std::optional<std::string> with_lease(const Action& action, F f) {
    if (known_leases_.empty()) return std::nullopt;
    const std::size_t back = action.a % std::min<std::size_t>(known_leases_.size(), 40);
    const LeaseId lease = known_leases_[known_leases_.size() - 1 - back];
    const auto& row = model_.leases.at(lease);
    const bool impostor = action.b % 11 == 0;
    f(impostor ? (row.worker + 1) % kWorkers : row.worker, row.epoch, lease);
    return std::nullopt;
  }

  std::optional<std::string> done(const Action& action) {
    std::optional<std::string> complaint;
    with_lease(action, [&](auto w, auto e, auto l) { complaint = done(w, e, l); });
    return complaint;
  }

  // I5, I4: what is stale or repeated changes nothing.
  std::optional<std::string> done(WorkerId w, Epoch e, LeaseId l) {
    const auto before = pool_.stats();
    const auto result = pool_.done(w, e, l);
    if (result == DoneResult::kStale && (pool_.stats().held != before.held || pool_.stats().pending != before.pending)) {
      return "I5: a stale Done changed something";
    }
    return model_.done(w, e, l, result);
  }

  // Of now, of the past, or of an incarnation whose hello is still on the way.
  std::optional<std::string> peer_down(WorkerId w, std::uint32_t b) {
    Epoch epoch = epochs_[w];
    if (b % 5 == 0 && epoch > 0) --epoch;
    if (b % 7 == 0) epoch = ++epochs_[w];
    pool_.peer_down(w, epoch, "died");
    model_.peer_down(w, epoch);
    return std::nullopt;
  }

  std::optional<std::string> resize(WorkerId w, std::uint32_t b) {
    pool_.resize(w, b % (kMaxWindow + 1));
    model_.resize(w, b % (kMaxWindow + 1));
    return std::nullopt;
  }

  std::optional<std::string> tick(std::uint32_t b) {
    now_ += b % (2 * options_.lease_ms);
    pool_.tick(now_);
    model_.tick(now_);
    return std::nullopt;
  }

  const PoolOptions options_;
  PoolCore<int> pool_;
  PoolModel model_;
  TimeMs now_ = 1000;
  ItemId next_item_ = 1;
  std::map<WorkerId, Epoch> epochs_;
  std::vector<LeaseId> known_leases_;
};

PoolOptions options_of(std::uint64_t seed) { return {1 + seed % 7, 1 + static_cast<std::uint32_t>(seed / 7 % 4), 50}; }

std::vector<Action> sequence_of(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Action> actions(60 + random() % 140);
  for (auto& action : actions) {
    action = {static_cast<int>(random() % 27), static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())};
  }
  return actions;
}

std::optional<std::string> run(PoolOptions options, const std::vector<Action>& actions) {
  World world(options);
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (auto complaint = world.apply(actions[i])) return "after action " + std::to_string(i) + ": " + *complaint;
  }
  if (auto complaint = world.settle()) return "while settling: " + *complaint;
  return std::nullopt;
}

// Leaves out ever smaller pieces as long as it still fails.
std::vector<Action> shrink(PoolOptions options, std::vector<Action> actions) {
  for (std::size_t piece = actions.size() / 2; piece > 0; piece /= 2) {
    for (std::size_t at = 0; at + piece <= actions.size();) {
      std::vector<Action> shorter(actions.begin(), actions.begin() + at);
      shorter.insert(shorter.end(), actions.begin() + at + piece, actions.end());
      if (run(options, shorter)) {
        actions = std::move(shorter);
      } else {
        at += piece;
      }
    }
  }
  return actions;
}

std::string report(std::uint64_t seed, const std::string& complaint) {
  const auto shortest = shrink(options_of(seed), sequence_of(seed));
  std::string text = "seed " + std::to_string(seed) + ": " + complaint + "\nshortest:";
  for (const auto& action : shortest) {
    text += " {" + std::to_string(action.kind) + "," + std::to_string(action.a) + "," + std::to_string(action.b) + "}";
  }
  return text + "\n" + run(options_of(seed), shortest).value_or("?");
}

TEST(PoolCoreProperty, KeepsItsInvariantsUnderAnySequenceOfEvents) {
  std::uint64_t first = 1, last = 4000;
  if (const char* one = std::getenv("AD_PROPERTY_SEED")) first = last = std::strtoull(one, nullptr, 10);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const auto complaint = run(options_of(seed), sequence_of(seed));
    ASSERT_FALSE(complaint) << report(seed, *complaint);
  }
}

}  // namespace
}  // namespace autodidact
