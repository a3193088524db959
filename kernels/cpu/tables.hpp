#pragma once
// The tables that isa_*.cpp define, for cpu_kernels.cpp. Immutable; calling a function of one needs that instruction set.

#include "kernels/cpu_kernels.hpp"

namespace autodidact {

const CpuKernels* portable_table();
const CpuKernels* avx2_table();
const CpuKernels* avx512_table();

}  // namespace autodidact
