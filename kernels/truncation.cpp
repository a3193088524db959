#include "kernels/truncation.hpp"

#include <algorithm>
#include <bit>

namespace autodidact {
namespace {

// Sign (never set), exponent and three bits of the mantissa: weights of one bucket differ by an eighth at most.
constexpr int kDropped = 20;
constexpr std::size_t kBuckets = std::size_t{1} << (31 - kDropped);
std::size_t bucket_of(float weight) { return std::bit_cast<std::uint32_t>(weight) >> kDropped; }

struct Likelier {
  std::span<const float> weights;
  bool operator()(TokenId a, TokenId b) const {
    const float one = weights[static_cast<std::size_t>(a)], other = weights[static_cast<std::size_t>(b)];
    return one != other ? one > other : a < b;
  }
};

}  // namespace

Truncation::Truncation(std::int64_t vocab) : vocab_(vocab), buckets_(kBuckets) {
  kept_.reserve(static_cast<std::size_t>(vocab));
  boundary_.reserve(static_cast<std::size_t>(vocab));
}

std::span<const TokenId> Truncation::keep(std::span<const float> weights, const SamplerSettings& settings) {
  weights_ = weights.first(static_cast<std::size_t>(vocab_));
  kept_.clear();
  const bool few = settings.top_k > 0 && settings.top_k < vocab_;
  if (few || settings.top_p < 1) fill_buckets();
  if (few) keep_top_k(settings.top_k);
  if (settings.top_p < 1) keep_top_p(settings.top_p);
  keep_min_p(settings.min_p);
  return kept_;
}

void Truncation::fill_buckets() {
  std::ranges::fill(buckets_, Bucket{});
  for (const float weight : weights_) {
    Bucket& bucket = buckets_[bucket_of(weight)];
    bucket.mass += weight;
    ++bucket.count;
  }
}

// Where the likeliest tokens, taken bucket by bucket, are enough.
template <class Enough>
std::int64_t Truncation::last_bucket(Enough enough) const {
  Bucket sum;
  for (std::size_t b = kBuckets; b-- > 0;) {
    sum.mass += buckets_[b].mass;
    sum.count += buckets_[b].count;
    if (enough(sum)) return static_cast<std::int64_t>(b);
  }
  return 0;
}

// Those of higher buckets are kept, those of the bucket itself to be chosen from.
void Truncation::gather(std::int64_t bucket) {
  kept_.clear();
  boundary_.clear();
  const float least = std::bit_cast<float>(static_cast<std::uint32_t>(bucket) << kDropped);
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] < least) continue;
    const bool sure = bucket_of(weights_[i]) > static_cast<std::size_t>(bucket);
    (sure ? kept_ : boundary_).push_back(static_cast<TokenId>(i));
  }
}

void Truncation::keep_top_k(std::int64_t k) {
  gather(last_bucket([k](const Bucket& sum) { return sum.count >= k; }));
  const auto end = boundary_.begin() + (k - static_cast<std::int64_t>(kept_.size()));
  std::nth_element(boundary_.begin(), end - 1, boundary_.end(), Likelier{weights_});
  kept_.insert(kept_.end(), boundary_.begin(), end);
}

// The fewest of the likeliest whose weights are at least the share p of those that are kept so far, or of all.
void Truncation::keep_top_p(double p) {
  double mass = 0;
  if (kept_.empty()) {
    for (const Bucket& bucket : buckets_) mass += bucket.mass;
    gather(last_bucket([wanted = p * mass](const Bucket& sum) { return sum.mass >= wanted; }));
  } else {
    for (const TokenId token : kept_) mass += weights_[static_cast<std::size_t>(token)];
    boundary_.swap(kept_);
    kept_.clear();
  }
  double sum = 0;
  for (const TokenId token : kept_) sum += weights_[static_cast<std::size_t>(token)];
  std::ranges::sort(boundary_, Likelier{weights_});
  for (const TokenId token : boundary_) {
    if (!kept_.empty() && sum >= p * mass) return;
    kept_.push_back(token);
    sum += weights_[static_cast<std::size_t>(token)];
  }
}

void Truncation::keep_min_p(float p) {
  if (kept_.empty()) {  // nothing was cut yet: the largest weight is 1
    for (std::size_t i = 0; i < weights_.size(); ++i)
      if (weights_[i] >= p) kept_.push_back(static_cast<TokenId>(i));
  } else if (p > 0) {
    float most = 0;
    for (const TokenId token : kept_) most = std::max(most, weights_[static_cast<std::size_t>(token)]);
    std::erase_if(kept_, [&](TokenId token) { return weights_[static_cast<std::size_t>(token)] < p * most; });
  }
}

}  // namespace autodidact
