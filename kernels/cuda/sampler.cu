// One token a row from its logits: a block a row. The row is read once for the sums of tiles of kTile tokens; the tile that
// uniform * total falls in is read again, and a row that is truncated three times more, to find the least weight that is kept
// bit by bit. Sums have one order, and masses are counted in whole numbers, so that equal logits give equal draws.

#include "kernels/cuda/primitives.cuh"

namespace autodidact::cuda {
namespace {

constexpr int kThreads = 512, kWarps = kThreads / kWarp;
constexpr std::int64_t kTile = 1024, kTiles = kMostVocab / kTile;
constexpr float kGreedyBelow = 1e-5f;
constexpr double kOne = 1099511627776.0;  // a mass of one: 2^40

struct Row {
  const float* logits;
  std::int64_t vocab;
  std::int32_t never;
  float inv_temperature;
  float most;       // of what may be drawn
  float least = 0;  // weights under it are not drawn

  // A logit as far as drawing goes.
  __device__ float drawn(std::int64_t i) const { return i < vocab && i != never ? logits[i] : -INFINITY; }
  __device__ float weight(std::int64_t i) const {
    const float w = expf((drawn(i) - most) * inv_temperature);
    return w < least ? 0.0f : w;
  }
};

// exp(x - most) without the NaN of -inf - -inf.
__device__ inline float above(float x, float most, float rate) { return most == -INFINITY ? 0.0f : expf((x - most) * rate); }

struct Tiles {
  float raw_most[kTiles], raw_sum[kTiles];  // of the logits as they are
  float most[kTiles], sum[kTiles];          // of what may be drawn, by its temperature
};

// A warp a tile.
__device__ void read_tile(const Row& row, std::int64_t tile, Tiles& tiles) {
  const int lane = threadIdx.x % kWarp;
  constexpr int kEach = kTile / kWarp;
  float x[kEach], raw_most = -INFINITY, most = -INFINITY, raw_sum = 0, sum = 0;
  const std::int64_t first = tile * kTile;
  for (int j = 0; j < kEach; ++j) {
    const std::int64_t i = first + j * kWarp + lane;
    x[j] = i < row.vocab ? row.logits[i] : -INFINITY;
    raw_most = fmaxf(raw_most, x[j]);
    if (i != row.never) most = fmaxf(most, x[j]);
  }
  raw_most = warp_max(raw_most);
  most = warp_max(most);
  for (int j = 0; j < kEach; ++j) {
    raw_sum += above(x[j], raw_most, 1.0f);
    if (first + j * kWarp + lane != row.never) sum += above(x[j], most, row.inv_temperature);
    if (x[j] != x[j]) raw_sum = x[j];  // a NaN shows in the sum, a maximum may lose it
  }
  raw_sum = warp_sum(raw_sum);
  sum = warp_sum(sum);
  if (lane == 0) {
    tiles.raw_most[tile] = raw_most, tiles.raw_sum[tile] = raw_sum;
    tiles.most[tile] = most, tiles.sum[tile] = sum;
  }
}

// The sums again once weights under row.least do not count.
__device__ void sum_tile_again(const Row& row, std::int64_t tile, Tiles& tiles) {
  const int lane = threadIdx.x % kWarp;
  float sum = 0;
  for (std::int64_t i = tile * kTile + lane; i < (tile + 1) * kTile; i += kWarp) sum += row.weight(i);
  sum = warp_sum(sum);
  if (lane == 0) tiles.sum[tile] = sum;
}

struct Histogram {
  static constexpr int kBits = 11, kBuckets = 1 << kBits;
  unsigned long long mass[kBuckets];
  unsigned count[kBuckets];
};

// What a threshold must keep: so many tokens, or so much mass.
struct Wanted {
  unsigned long long count, mass;
};

// Weights whose bits from `shift + width` up are `prefix`, counted by the next `width` bits; then the bucket, from the top, at
// which what is wanted is reached: it is added to the prefix, and what lies above it taken from `wanted`. All threads.
__device__ void refine(const Row& row, int shift, int width, unsigned& prefix, Wanted& wanted, bool by_count,
                       Histogram& histogram, unsigned* shared_prefix, Wanted* shared_wanted) {
  for (int b = threadIdx.x; b < Histogram::kBuckets; b += kThreads) histogram.mass[b] = 0, histogram.count[b] = 0;
  __syncthreads();
  for (std::int64_t i = threadIdx.x; i < row.vocab; i += kThreads) {
    const float w = row.weight(i);
    const unsigned bits = __float_as_uint(w);
    if (!(w > 0) || (static_cast<unsigned long long>(bits) >> (shift + width)) != prefix) continue;
    const unsigned bucket = bits >> shift & ((1u << width) - 1);
    atomicAdd(&histogram.count[bucket], 1u);
    atomicAdd(&histogram.mass[bucket], static_cast<unsigned long long>(static_cast<double>(w) * kOne));
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    int b = Histogram::kBuckets - 1;
    for (; b > 0; --b) {
      const unsigned long long have = by_count ? histogram.count[b] : histogram.mass[b];
      unsigned long long& left = by_count ? wanted.count : wanted.mass;
      if (have >= left && have > 0) break;
      left -= have;
    }
    *shared_prefix = prefix << width | static_cast<unsigned>(b);
    *shared_wanted = wanted;
  }
  __syncthreads();
  prefix = *shared_prefix;
  wanted = *shared_wanted;
  __syncthreads();
}

// The largest weight such that those that are no smaller are enough: 11, 11 and 10 bits of it, one after the other.
__device__ float threshold(const Row& row, Wanted wanted, bool by_count, Histogram& histogram, unsigned* shared_prefix,
                           Wanted* shared_wanted) {
  unsigned prefix = 0;
  refine(row, 21, 11, prefix, wanted, by_count, histogram, shared_prefix, shared_wanted);
  refine(row, 10, 11, prefix, wanted, by_count, histogram, shared_prefix, shared_wanted);
  refine(row, 0, 10, prefix, wanted, by_count, histogram, shared_prefix, shared_wanted);
  return __uint_as_float(prefix);
}

// Among tokens [first, first + kTile), the one at which the running sum passes `left`; the last with any weight should rounding
// run past the end. The first warp.
__device__ std::int32_t find_in_tile(const Row& row, std::int64_t first, double left) {
  constexpr int kEach = kTile / kWarp;
  const int lane = threadIdx.x % kWarp;
  const std::int64_t mine = first + lane * kEach;
  float sum = 0;
  for (int j = 0; j < kEach; ++j) sum += row.weight(mine + j);
  double before = 0;
  for (int l = 0; l < kWarp; ++l) {
    const float other = __shfl_sync(kAll, sum, l);
    if (l < lane) before += other;
  }
  std::int32_t passed = -1, last = -1;
  for (int j = 0; j < kEach; ++j) {
    const float w = row.weight(mine + j);
    if (!(w > 0)) continue;
    last = static_cast<std::int32_t>(mine + j);
    if (passed < 0 && before + w > left && before <= left) passed = last;
    before += w;
  }
  // The lowest lane that passed; else the highest that has anything.
  std::int32_t token = -1;
  for (int l = kWarp - 1; l >= 0; --l) {
    const std::int32_t other = __shfl_sync(kAll, last, l);
    if (token < 0) token = other;
  }
  for (int l = kWarp - 1; l >= 0; --l) {
    const std::int32_t other = __shfl_sync(kAll, passed, l);
    if (other >= 0) token = other;
  }
  return token;
}

// The first token whose logit is the largest, in the first tile that has it. The first warp.
__device__ std::int32_t find_most(const Row& row, std::int64_t first) {
  const int lane = threadIdx.x % kWarp;
  std::int32_t token = -1;
  for (std::int64_t i = first + kTile - kWarp + lane; i >= first; i -= kWarp)
    if (row.drawn(i) == row.most) token = static_cast<std::int32_t>(i);
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const std::int32_t other = __shfl_xor_sync(kAll, token, mask);
    if (token < 0 || (other >= 0 && other < token)) token = other;
  }
  return token;
}

// The tile that `uniform` of all weights falls in; `left` becomes what is left of it there. One thread.
__device__ std::int64_t find_tile(const float* sums, std::int64_t count, double uniform, double& left) {
  double total = 0;
  for (std::int64_t t = 0; t < count; ++t) total += sums[t];
  left = uniform * total;
  std::int64_t likely = 0;
  for (std::int64_t t = 0; t < count; ++t) {
    if (!(sums[t] > 0)) continue;
    likely = t;
    if (left < sums[t]) break;
    left -= sums[t];
  }
  return likely;
}

struct Found {
  float lse, most;
  std::int64_t tile;
  double left;
  unsigned prefix;
  Wanted wanted;
};

__device__ void cut(Row& row, const DrawParams& params, Histogram& histogram, Found* found) {
  if (params.top_k > 0 && params.top_k < row.vocab)
    row.least =
        threshold(row, {static_cast<unsigned long long>(params.top_k), 0}, true, histogram, &found->prefix, &found->wanted);
  if (params.top_p < 1) {
    // Whole numbers, so that the order in which threads add theirs is nothing.
    for (int b = threadIdx.x; b < Histogram::kBuckets; b += kThreads) histogram.mass[b] = 0;
    __syncthreads();
    unsigned long long mine = 0;
    for (std::int64_t i = threadIdx.x; i < row.vocab; i += kThreads)
      mine += static_cast<unsigned long long>(static_cast<double>(row.weight(i)) * kOne);
    atomicAdd(&histogram.mass[0], mine);
    __syncthreads();
    const auto mass = static_cast<double>(histogram.mass[0]);
    __syncthreads();
    const auto wanted = static_cast<unsigned long long>(mass * static_cast<double>(params.top_p));
    const float least = threshold(row, {0, wanted > 0 ? wanted : 1}, false, histogram, &found->prefix, &found->wanted);
    row.least = fmaxf(row.least, least);
  }
  row.least = fmaxf(row.least, params.min_p);
}

__global__ void draw_kernel(const float* logits, std::int64_t vocab, const DrawParams* all, Drawn* drawn) {
  __shared__ Tiles tiles;
  __shared__ Histogram histogram;
  __shared__ Found found;
  const DrawParams params = all[blockIdx.x];
  const bool greedy = params.temperature < kGreedyBelow;
  const std::int64_t count = (vocab + kTile - 1) / kTile;
  const int warp = threadIdx.x / kWarp;
  Row row{logits + blockIdx.x * vocab, vocab, params.never, greedy ? 1.0f : 1.0f / params.temperature, 0.0f};
  for (std::int64_t t = warp; t < count; t += kWarps) read_tile(row, t, tiles);
  __syncthreads();
  if (threadIdx.x == 0) {
    float raw_most = -INFINITY, most = -INFINITY, sum = 0;
    for (std::int64_t t = 0; t < count; ++t) raw_most = fmaxf(raw_most, tiles.raw_most[t]), most = fmaxf(most, tiles.most[t]);
    for (std::int64_t t = 0; t < count; ++t) {
      const float part = tiles.raw_sum[t];
      sum += part != part ? part : part * above(tiles.raw_most[t], raw_most, 1.0f);
      tiles.sum[t] *= above(tiles.most[t], most, row.inv_temperature);
    }
    found.lse = raw_most + logf(sum);
    found.most = most;
  }
  __syncthreads();
  row.most = found.most;
  const float lse = found.lse;
  if (!(fabsf(lse) < INFINITY) || row.most == -INFINITY) {
    if (threadIdx.x == 0) drawn[blockIdx.x] = {-1, 0.0f};
    return;
  }
  if (!greedy && (params.top_k > 0 || params.top_p < 1 || params.min_p > 0)) {
    cut(row, params, histogram, &found);
    for (std::int64_t t = warp; t < count; t += kWarps) sum_tile_again(row, t, tiles);
    __syncthreads();
  }
  if (warp != 0) return;
  if (threadIdx.x == 0) {
    found.tile = 0;
    if (greedy)
      while (tiles.most[found.tile] != row.most) ++found.tile;
    else
      found.tile = find_tile(tiles.sum, count, params.uniform, found.left);
  }
  __syncwarp();
  const std::int32_t token = greedy ? find_most(row, found.tile * kTile) : find_in_tile(row, found.tile * kTile, found.left);
  if (threadIdx.x == 0) drawn[blockIdx.x] = {token, token < 0 ? 0.0f : row.logits[token] - lse};
}

}  // namespace

void draw(const float* logits, std::int64_t count, std::int64_t vocab, const DrawParams* params, Drawn* drawn,
          cudaStream_t stream) {
  launch(draw_kernel, blocks(count), kThreads, 0, stream, logits, vocab, params, drawn);
}

}  // namespace autodidact::cuda
