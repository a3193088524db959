#pragma once
// The CPU arithmetic of the transformer, fp32, one thread per call: everything that sampling, scoring and training compute
// goes through this table. The same source is compiled once per instruction set (cpu/isa_*.cpp) and chosen by cpuid.
//
// Two promises the engines are built on. (1) A row's result depends on nothing but that row: each output is one chain of
// fused multiply-adds in a fixed order (cut into pieces by its length alone), whatever the number of rows in the call, so a
// sequence samples the same tokens alone and in a crowd. (2) Sampler and trainer call the same functions, so their
// log-probabilities are equal bit for bit.
//
// Stateless: any thread may call any function on memory of its own. Buffers need kSlackFloats readable past their end
// (vector tails read, and never use, what lies there).

#include <cstddef>
#include <cstdint>

namespace autodidact {

enum class Isa : std::uint8_t { kPortable = 0, kAvx2 = 1, kAvx512 = 2 };

constexpr std::int64_t kSlackFloats = 64;
constexpr std::int64_t kPage = 16;  // positions per page of a key-value cache

// Where the keys and values of kPage positions lie; AttentionCall says how. Rows with a page in common read it once.
struct KvPage {
  const float* k;
  const float* v;
};

// One query position of a sequence.
struct AttentionRow {
  const float* q;       // [heads * head_dim]
  float* out;           // [heads * head_dim]
  const KvPage* pages;  // of the sequence: rows with the same pointer are of one sequence
  std::int64_t keys;    // it attends to positions 0 .. keys - 1; the last is its own
};

// Causal attention with grouped queries of rows of any sequences. Rows that share pages are best side by side: kQueryTile
// queries at a time read the pages they have in common once.
struct AttentionCall {
  const AttentionRow* rows;
  std::int64_t count;
  std::int64_t heads, kv_heads, head_dim;
  // Of kv head h: keys [head_dim][kPage] at page.k + k_offset + h * k_head_stride; values, a row per position v_stride apart,
  // at page.v + v_offset + h * v_head_stride.
  std::int64_t k_offset, k_head_stride;
  std::int64_t v_offset, v_head_stride, v_stride;
  float* scratch;  // attention_scratch_floats()
};

// The same sequence, backward; rows == positions, first == 0. q, k, v and their gradients are columns of one [rows, stride]
// matrix each: q heads, then k heads, then v heads. dqkv is overwritten.
struct AttentionGradCall {
  std::int64_t rows, heads, kv_heads, head_dim;
  const float* qkv;
  float* dqkv;
  std::int64_t stride;
  const float* dout;  // [rows, heads * head_dim], row stride dout_stride
  std::int64_t dout_stride;
  float* scratch;  // attention_grad_scratch_floats()
};

struct AdamWCall {
  const float* from;  // parameters before
  float* param;       // and after; may be the same
  float* m;
  float* v;
  const float* grad;
  std::int64_t n;
  float grad_scale;                           // clipping
  float lr, beta1, beta2, eps, weight_decay;  // decoupled
  float bias1, bias2;                         // 1 - beta^t
};

constexpr std::int64_t kSumBlock = 512;  // weights a sum is kept of
struct Weighed {
  float max, log_sum_exp;  // of the logits as they are; like log_sum_exp() below
};

struct CpuKernels {
  Isa isa;
  const char* name;
  std::int64_t panel;  // columns of a packed panel

  // Packs B for gemm as [ceil(n / panel)][k][panel], zero-padded: from [n, k] row-major (a weight, y = x W^T) or from [k, n].
  void (*pack_nk)(const float* b, std::int64_t ldb, std::int64_t n, std::int64_t k, float* packed);
  void (*pack_kn)(const float* b, std::int64_t ldb, std::int64_t k, std::int64_t n, float* packed);
  // C[m, n] = A[m, k] B, or += when `add`.
  void (*gemm)(const float* a, std::int64_t lda, std::int64_t m, const float* packed, std::int64_t k, std::int64_t n, float* c,
               std::int64_t ldc, bool add);
  // The same with B's values in bfloat16, half the bytes; sums are fp32 all the same.
  void (*pack_nk_bf16)(const float* b, std::int64_t ldb, std::int64_t n, std::int64_t k, std::uint16_t* packed);
  void (*gemm_bf16)(const float* a, std::int64_t lda, std::int64_t m, const std::uint16_t* packed, std::int64_t k,
                    std::int64_t n, float* c, std::int64_t ldc, bool add);
  // C[m, n] = A[m, k] B[k, n], B row-major and rounded to bfloat16 first when `as_bf16`: an input's gradient from an output's.
  // scratch: gemm_scratch_floats(n).
  void (*gemm_kn)(const float* a, std::int64_t lda, std::int64_t m, const float* b, std::int64_t ldb, std::int64_t k,
                  std::int64_t n, float* c, std::int64_t ldc, bool as_bf16, float* scratch);
  // C[n, k] += A[m, n]^T B[m, k]: a weight gradient from output gradient and input. scratch: gemm_scratch_floats(k).
  void (*gemm_tn_add)(const float* a, std::int64_t lda, const float* b, std::int64_t ldb, std::int64_t m, std::int64_t n,
                      std::int64_t k, float* c, std::int64_t ldc, float* scratch);

  // y = x / rms(x) * weight; rstd[row] = 1 / rms when not null.
  void (*rmsnorm)(const float* x, std::int64_t rows, std::int64_t d, const float* weight, float eps, float* y, float* rstd);
  // dx += gradient through the norm, dweight += its share.
  void (*rmsnorm_grad)(const float* x, const float* rstd, const float* weight, const float* dy, std::int64_t rows,
                       std::int64_t d, float* dx, float* dweight);

  // LayerNorm: y = (x - mean) / sqrt(variance + eps) * weight + bias; mean and rstd of each row when not null.
  void (*layernorm)(const float* x, std::int64_t rows, std::int64_t d, const float* weight, const float* bias, float eps,
                    float* y, float* mean, float* rstd);
  // dx += gradient through the norm, dweight and dbias += their shares.
  void (*layernorm_grad)(const float* x, const float* mean, const float* rstd, const float* weight, const float* dy,
                         std::int64_t rows, std::int64_t d, float* dx, float* dweight, float* dbias);

  // Rotates the halves of each head in place by the angle of `cos`/`sin` [head_dim / 2]; sign -1 undoes it.
  void (*rope)(float* x, std::int64_t heads, std::int64_t head_dim, const float* cos, const float* sin, float sign);

  void (*attention)(const AttentionCall& call);
  void (*attention_grad)(const AttentionGradCall& call);

  // act = silu(gate) * up with gate_up = [rows, 2 f]: gate columns, then up columns.
  void (*swiglu)(const float* gate_up, std::int64_t rows, std::int64_t f, float* act);
  // gate_up becomes its own gradient.
  void (*swiglu_grad)(float* gate_up, const float* dact, std::int64_t rows, std::int64_t f);

  // GELU by its tanh formula ("gelu_new"); x becomes its own gradient.
  void (*gelu)(const float* x, std::int64_t n, float* act);
  void (*gelu_grad)(float* x, const float* dact, std::int64_t n);
  // Each row += bias; dbias += the sum of the rows.
  void (*add_bias)(float* x, std::int64_t rows, std::int64_t n, const float* bias);
  void (*bias_grad)(const float* dy, std::int64_t rows, std::int64_t n, float* dbias);

  // log sum exp of a row; NaN or infinite when a logit is NaN or +infinite.
  float (*log_sum_exp)(const float* logits, std::int64_t n);
  // -log p(target). logits become (softmax - onehot(target)) * scale.
  float (*nll_grad)(float* logits, std::int64_t n, std::int64_t target, float scale);
  // A token's weight is exp((logit - most) * inv_temperature). weigh: sums[b] of tokens b * kSumBlock to (b + 1) * kSumBlock
  // with the largest logit as `most`; weights: to[i] of each.
  Weighed (*weigh)(const float* logits, std::int64_t n, float inv_temperature, float* sums);
  void (*weights)(const float* logits, std::int64_t n, float most, float inv_temperature, float* to);
  std::int64_t (*argmax)(const float* x, std::int64_t n);  // the first of the largest; -1 when there is none but NaN

  void (*add)(float* dst, const float* src, std::int64_t n);
  double (*sum_squares)(const float* x, std::int64_t n);
  void (*adamw)(const AdamWCall& call);
  void (*exp)(const float* x, std::int64_t n, float* y);
};

// The best table for this machine; AD_ISA=portable|avx2|avx512 in the environment asks for another (ignored where the
// machine lacks it). Chosen once per process: packed weights are shared between engines.
const CpuKernels& cpu_kernels();
// Null when this machine, or this build, lacks it.
const CpuKernels* cpu_kernels_for(Isa isa);

// Sizes in floats, slack included.
std::int64_t packed_floats(const CpuKernels& kernels, std::int64_t n, std::int64_t k);
std::int64_t gemm_scratch_floats(std::int64_t columns);
std::int64_t key_floats(std::int64_t positions, std::int64_t head_dim);                // of one kv head, whole pages
std::int64_t attention_scratch_floats(std::int64_t positions, std::int64_t head_dim);  // of sequences of at most `positions`
std::int64_t attention_grad_scratch_floats(std::int64_t positions, std::int64_t head_dim);

}  // namespace autodidact
