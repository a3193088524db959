// Attention over pages with grouped queries. A block has the queries of one row that share a kv head, up to kGroup of them, and
// kSplit keys: keys and values are read once for all its queries. Scores lie in shared memory between the two passes over the
// split, so that the softmax has one maximum and nothing is rescaled on the way. Bound by reading the pages.

#include "kernels/cuda/primitives.cuh"

namespace autodidact::cuda {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarp;

// Beside each part of a row's result lie its maximum and its sum: [row][query head][split][dim + 2].
__device__ inline std::int64_t part_at(const Heads& heads, std::int64_t splits, std::int64_t row, std::int64_t head,
                                       std::int64_t split) {
  return ((row * heads.query + head) * splits + split) * (heads.dim + 2);
}

struct Shared {
  float *q, *s, *parts, *most, *sum;
};
template <int kGroup>
__device__ inline Shared carve(float* memory, std::int64_t dim) {
  Shared shared;
  shared.q = memory;
  shared.s = shared.q + kGroup * dim;
  shared.parts = shared.s + kGroup * kSplit;
  shared.most = shared.parts + kWarps * kGroup * dim;
  shared.sum = shared.most + kGroup;
  return shared;
}
template <int kGroup>
std::size_t shared_bytes(std::int64_t dim) {
  return static_cast<std::size_t>(kGroup * dim + kGroup * kSplit + kWarps * kGroup * dim + 2 * kGroup) * sizeof(float);
}

struct Call {
  Rows rows;
  Heads heads;
  std::int64_t layer, splits;
  const float* qkv;
  float* scratch;
  std::uint16_t* out;
};

// A warp a page: two lanes a key, each with half of its values.
template <int kGroup>
__device__ void score(const Call& call, const std::int32_t* pages, std::int64_t at, std::int64_t begin, std::int64_t end,
                      const Shared& shared) {
  const int lane = threadIdx.x % kWarp, key = lane / 2;
  const std::int64_t dim = call.heads.dim, half = dim / 2, from = lane % 2 * half;
  for (std::int64_t first = begin + threadIdx.x / kWarp * kPage; first < end; first += kWarps * kPage) {
    const std::uint16_t* k = call.rows.cache + pages[first / kPage] * call.rows.page_values + at + key * dim + from;
    float sums[kGroup] = {};
    for (std::int64_t d = 0; d < half; d += 8) {
      const uint4 raw = *reinterpret_cast<const uint4*>(k + d);
      const float v[8] = {low_bf16(raw.x), high_bf16(raw.x), low_bf16(raw.y), high_bf16(raw.y),
                          low_bf16(raw.z), high_bf16(raw.z), low_bf16(raw.w), high_bf16(raw.w)};
#pragma unroll
      for (int g = 0; g < kGroup; ++g) {
        const float* q = shared.q + g * dim + from + d;
#pragma unroll
        for (int i = 0; i < 8; ++i) sums[g] += q[i] * v[i];
      }
    }
#pragma unroll
    for (int g = 0; g < kGroup; ++g) {
      const float sum = sums[g] + __shfl_xor_sync(kAll, sums[g], 1);
      if (lane % 2 == 0) shared.s[g * kSplit + first - begin + key] = first + key < end ? sum : -INFINITY;
    }
  }
}

// A warp a query: scores become weights relative to the split's maximum.
template <int kGroup>
__device__ void soften(std::int64_t padded, const Shared& shared) {
  const int lane = threadIdx.x % kWarp;
  for (int g = threadIdx.x / kWarp; g < kGroup; g += kWarps) {
    float* s = shared.s + g * kSplit;
    float most = -INFINITY, sum = 0;
    for (std::int64_t i = lane; i < padded; i += kWarp) most = fmaxf(most, s[i]);
    most = warp_max(most);
    for (std::int64_t i = lane; i < padded; i += kWarp) {
      s[i] = expf(s[i] - most);
      sum += s[i];
    }
    sum = warp_sum(sum);
    if (lane == 0) shared.most[g] = most, shared.sum[g] = sum;
  }
}

// A warp a page again, a lane two columns of every 64.
template <int kGroup, int kColumns>
__device__ void weigh(const Call& call, const std::int32_t* pages, std::int64_t at, std::int64_t begin, std::int64_t end,
                      const Shared& shared) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const std::int64_t dim = call.heads.dim;
  float acc[kGroup][kColumns][2] = {};
  for (std::int64_t first = begin + warp * kPage; first < end; first += kWarps * kPage) {
    const std::uint16_t* v = call.rows.cache + pages[first / kPage] * call.rows.page_values + at;
    const std::int64_t count = end - first < kPage ? end - first : kPage;
    for (std::int64_t key = 0; key < count; ++key) {
#pragma unroll
      for (int c = 0; c < kColumns; ++c) {
        const std::int64_t column = lane * 2 + c * 2 * kWarp;
        if (column >= dim) continue;
        const unsigned raw = *reinterpret_cast<const unsigned*>(v + key * dim + column);
#pragma unroll
        for (int g = 0; g < kGroup; ++g) {
          const float w = shared.s[g * kSplit + first - begin + key];
          acc[g][c][0] += w * low_bf16(raw);
          acc[g][c][1] += w * high_bf16(raw);
        }
      }
    }
  }
  for (int g = 0; g < kGroup; ++g)
    for (int c = 0; c < kColumns; ++c) {
      const std::int64_t column = lane * 2 + c * 2 * kWarp;
      if (column >= dim) continue;
      float* to = shared.parts + (warp * kGroup + g) * dim + column;
      to[0] = acc[g][c][0], to[1] = acc[g][c][1];
    }
}

// The warps' parts together, to the row's output or, when it has several splits, to the scratch.
template <int kGroup>
__device__ void write(const Call& call, std::int64_t head, int count, bool alone, const Shared& shared) {
  const std::int64_t dim = call.heads.dim, row = blockIdx.x;
  for (std::int64_t i = threadIdx.x; i < count * dim; i += kThreads) {
    const std::int64_t g = i / dim, d = i % dim;
    float sum = 0;
    for (int w = 0; w < kWarps; ++w) sum += shared.parts[(w * kGroup + g) * dim + d];
    if (alone) {
      call.out[(row * call.heads.query + head + g) * dim + d] = as_bf16(sum / shared.sum[g]);
      continue;
    }
    float* part = call.scratch + part_at(call.heads, call.splits, row, head + g, blockIdx.z);
    part[d] = sum;
    if (d == 0) part[dim] = shared.most[g], part[dim + 1] = shared.sum[g];
  }
}

template <int kGroup, int kColumns>
__global__ void attention_kernel(Call call) {
#ifdef AD_CUDA_EMULATED
  float* memory = emulated_shared();
#else
  extern __shared__ float memory[];
#endif
  const Shared shared = carve<kGroup>(memory, call.heads.dim);
  const std::int64_t row = blockIdx.x, keys = call.rows.positions[row] + 1, dim = call.heads.dim;
  const std::int64_t begin = blockIdx.z * kSplit, end = keys < begin + kSplit ? keys : begin + kSplit;
  if (begin >= keys) return;
  const std::int64_t group = call.heads.query / call.heads.kv, tiles = (group + kGroup - 1) / kGroup;
  const std::int64_t kv_head = blockIdx.y / tiles, in_group = blockIdx.y % tiles * kGroup, head = kv_head * group + in_group;
  const int count = static_cast<int>(group - in_group < kGroup ? group - in_group : kGroup);
  const float* q = call.qkv + (row * (call.heads.query + 2 * call.heads.kv) + head) * dim;
  const float scale = 1.0f / sqrtf(static_cast<float>(dim));
  for (std::int64_t i = threadIdx.x; i < kGroup * dim; i += kThreads) shared.q[i] = i < count * dim ? q[i] * scale : 0.0f;
  __syncthreads();
  const std::int32_t* pages = call.rows.pages + call.rows.first_page[row];
  const std::int64_t keys_at = (call.layer * call.heads.kv + kv_head) * 2 * kPage * dim;
  score<kGroup>(call, pages, keys_at, begin, end, shared);
  __syncthreads();
  soften<kGroup>((end - begin + kPage - 1) / kPage * kPage, shared);
  __syncthreads();
  weigh<kGroup, kColumns>(call, pages, keys_at + kPage * dim, begin, end, shared);
  __syncthreads();
  write<kGroup>(call, head, count, keys <= kSplit, shared);
}

__global__ void combine_kernel(Call call) {
  const std::int64_t row = blockIdx.x, head = blockIdx.y, dim = call.heads.dim;
  const std::int64_t parts = (call.rows.positions[row] + kSplit) / kSplit;
  if (parts == 1) return;  // it is written
  const float* first = call.scratch + part_at(call.heads, call.splits, row, head, 0);
  float most = -INFINITY, sum = 0;
  for (std::int64_t p = 0; p < parts; ++p) most = fmaxf(most, first[p * (dim + 2) + dim]);
  for (std::int64_t p = 0; p < parts; ++p) sum += first[p * (dim + 2) + dim + 1] * expf(first[p * (dim + 2) + dim] - most);
  for (std::int64_t d = threadIdx.x; d < dim; d += blockDim.x) {
    float out = 0;
    for (std::int64_t p = 0; p < parts; ++p) out += first[p * (dim + 2) + d] * expf(first[p * (dim + 2) + dim] - most);
    call.out[(row * call.heads.query + head) * dim + d] = as_bf16(out / sum);
  }
}

template <int kGroup, int kColumns>
void run(const Call& call, cudaStream_t stream) {
  const std::int64_t group = call.heads.query / call.heads.kv, tiles = (group + kGroup - 1) / kGroup;
  const std::size_t bytes = shared_bytes<kGroup>(call.heads.dim);
  static const cudaError_t allowed =
      cudaFuncSetAttribute(reinterpret_cast<const void*>(&attention_kernel<kGroup, kColumns>),
                           cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes<kGroup>(kColumns * 64)));
  static_cast<void>(allowed);  // a launch that asks for too much fails, and says so
  launch(attention_kernel<kGroup, kColumns>, blocks(call.rows.count, call.heads.kv * tiles, call.splits), kThreads, bytes,
         stream, call);
}

template <int kGroup>
void run(const Call& call, cudaStream_t stream) {
  if (call.heads.dim <= 64) return run<kGroup, 1>(call, stream);
  if (call.heads.dim <= 128) return run<kGroup, 2>(call, stream);
  run<kGroup, 4>(call, stream);
}

}  // namespace

std::int64_t attention_scratch_floats(std::int64_t rows, const Heads& heads, std::int64_t splits) {
  return splits == 1 ? 1 : rows * heads.query * splits * (heads.dim + 2);
}

void attention(const Rows& rows, const Heads& heads, std::int64_t layer, std::int64_t splits, const float* qkv, float* scratch,
               std::uint16_t* out, cudaStream_t stream) {
  const Call call{rows, heads, layer, splits, qkv, scratch, out};
  const std::int64_t group = heads.query / heads.kv;
  if (group == 1)
    run<1>(call, stream);
  else if (group == 2)
    run<2>(call, stream);
  else if (group <= 4)
    run<4>(call, stream);
  else
    run<8>(call, stream);
  if (splits > 1) launch(combine_kernel, blocks(rows.count, heads.query), kWarp, 0, stream, call);
}

}  // namespace autodidact::cuda
