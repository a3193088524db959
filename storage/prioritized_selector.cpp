#include <algorithm>
#include <cmath>

#include "storage/draw_random.hpp"
#include "storage/selector.hpp"
#include "storage/sum_tree.hpp"

namespace autodidact {
namespace {

// 2^20 stands for weight 1. At most 2^36 each, so that 2^27 keys cannot overflow the sum.
constexpr double kUnit = 1048576.0;
constexpr std::uint64_t kMaxWeight = 1ull << 36;

class PrioritizedSelector : public Selector {
 public:
  explicit PrioritizedSelector(double exponent) : exponent_(exponent) {}

  void insert(AttemptId key, float weight) override {
    const std::uint64_t fixed = fixed_weight(weight);
    if (keys_.empty() || keys_.back() < key) {
      keys_.push_back(key);
      tree_.append(fixed);
      live_ += 1;
      return;
    }
    const auto place = std::lower_bound(keys_.begin(), keys_.end(), key);
    if (*place == key) {
      const std::size_t position = static_cast<std::size_t>(place - keys_.begin());
      const std::uint64_t before = tree_.weight(position);
      if (before == 0) live_ += 1;
      tree_.add(position, fixed - before);
      return;
    }
    insert_between(static_cast<std::size_t>(place - keys_.begin()), key, fixed);
  }

  void remove(AttemptId key) override {
    const auto place = std::lower_bound(keys_.begin(), keys_.end(), key);
    if (place == keys_.end() || *place != key) return;
    const std::size_t position = static_cast<std::size_t>(place - keys_.begin());
    const std::uint64_t before = tree_.weight(position);
    if (before == 0) return;
    tree_.add(position, 0 - before);
    live_ -= 1;
    if (keys_.size() > 64 && live_ < keys_.size() / 2) compact();
  }

  std::size_t size() const override { return live_; }

  std::vector<AttemptId> sample(std::size_t count, std::uint64_t seed, AttemptId) override {
    std::vector<AttemptId> drawn;
    if (live_ == 0) return drawn;
    drawn.reserve(count);
    DrawRandom random(seed);
    while (drawn.size() < count) draw_pass(std::min(count - drawn.size(), live_), random, drawn);
    return drawn;
  }

 private:
  // Takes each drawn key's weight out, and puts all back at the end: exact sampling without replacement.
  void draw_pass(std::size_t wanted, DrawRandom& random, std::vector<AttemptId>& drawn) {
    std::vector<std::pair<std::size_t, std::uint64_t>> taken;
    taken.reserve(wanted);
    while (taken.size() < wanted) {
      const std::size_t position = tree_.find(random.below(tree_.total()));
      const std::uint64_t weight = tree_.weight(position);
      tree_.add(position, 0 - weight);
      taken.emplace_back(position, weight);
      drawn.push_back(keys_[position]);
    }
    for (const auto& [position, weight] : taken) tree_.add(position, weight);
  }

  std::uint64_t fixed_weight(float weight) const {
    const double scaled = std::pow(std::max(static_cast<double>(weight), 0.0), exponent_) * kUnit;
    if (!(scaled >= 1)) return 1;  // also NaN: a kept attempt stays drawable
    return scaled >= static_cast<double>(kMaxWeight) ? kMaxWeight : static_cast<std::uint64_t>(scaled);
  }

  // Rare: the store inserts ascending ids. O(n).
  void insert_between(std::size_t position, AttemptId key, std::uint64_t fixed) {
    std::vector<std::uint64_t> weights = all_weights();
    keys_.insert(keys_.begin() + static_cast<std::ptrdiff_t>(position), key);
    weights.insert(weights.begin() + static_cast<std::ptrdiff_t>(position), fixed);
    live_ += 1;
    rebuild(weights);
  }

  void compact() {
    const std::vector<std::uint64_t> weights = all_weights();
    std::vector<AttemptId> keys;
    std::vector<std::uint64_t> kept;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] == 0) continue;
      keys.push_back(keys_[i]);
      kept.push_back(weights[i]);
    }
    keys_ = std::move(keys);
    rebuild(kept);
  }

  std::vector<std::uint64_t> all_weights() const {
    std::vector<std::uint64_t> weights(keys_.size());
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = tree_.weight(i);
    return weights;
  }

  void rebuild(const std::vector<std::uint64_t>& weights) {
    tree_.clear();
    for (std::uint64_t weight : weights) tree_.append(weight);
  }

  const double exponent_;
  std::vector<AttemptId> keys_;  // ascending; a removed key stays with weight 0 until compact()
  SumTree tree_;                 // by position in keys_
  std::size_t live_ = 0;         // keys of weight > 0
};

}  // namespace

std::unique_ptr<Selector> make_prioritized_selector(double exponent) { return std::make_unique<PrioritizedSelector>(exponent); }

}  // namespace autodidact
