#pragma once
// Which tokens of a row may be drawn under top-k, top-p and min-p, found without sorting the vocabulary: weights are counted by
// their leading bits, and only those that agree with the last one kept in these are sorted. Belongs to one thread; keeps its
// memory between rows.

#include <cstdint>
#include <span>
#include <vector>

#include "config/types.hpp"

namespace autodidact {

class Truncation {
 public:
  explicit Truncation(std::int64_t vocab);
  // weights: [vocab] at least, none negative or NaN, the largest 1. At least one token is kept. Of equal weights the lower id
  // goes first. Valid until the next call.
  std::span<const TokenId> keep(std::span<const float> weights, const SamplerSettings& settings);

 private:
  struct Bucket {
    double mass = 0;
    std::int64_t count = 0;
  };
  void fill_buckets();
  template <class Enough>
  std::int64_t last_bucket(Enough enough) const;
  void gather(std::int64_t bucket);
  void keep_top_k(std::int64_t k);
  void keep_top_p(double p);
  void keep_min_p(float p);

  const std::int64_t vocab_;
  std::span<const float> weights_;
  std::vector<Bucket> buckets_;
  std::vector<TokenId> kept_, boundary_;
};

}  // namespace autodidact
