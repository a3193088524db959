// The kernels for one instruction set: 4 lanes, what every target has (SSE2, NEON).

#include <cstdint>

#include "kernels/cpu/tables.hpp"

#define AD_SIMD_WIDTH 4

namespace autodidact {
namespace {
#include "kernels/cpu/simd.hpp"
// simd.hpp names the vector type the next ones are written in
#include "kernels/cpu/gemm.hpp"
#include "kernels/cpu/pointwise.hpp"
// and attention uses both
#include "kernels/cpu/attention.hpp"
// whose softmax its gradient calls
#include "kernels/cpu/attention_grad.hpp"

constexpr CpuKernels kTable = {
    Isa::kPortable, "portable",  kPanel,      pack_nk,      pack_kn,   gemm,           pack_nk_bf16, gemm_bf16,
    gemm_kn,        gemm_tn_add, rmsnorm,     rmsnorm_grad, layernorm, layernorm_grad, rope,         attention,
    attention_grad, swiglu,      swiglu_grad, gelu,         gelu_grad, add_bias,       bias_grad,    log_sum_exp,
    nll_grad,       weigh,       weights,     argmax,       add,       sum_squares,    adamw,        exp_row};
}  // namespace

const CpuKernels* portable_table() { return &kTable; }

}  // namespace autodidact
