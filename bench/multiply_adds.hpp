#pragma once
// The most multiply-adds this machine can do: twelve independent chains of vectors, no memory. Used as the measured limit that
// benchmarks are held against. Its source is compiled for the machine it is built on.

#include <cstdint>

namespace autodidact::bench {

extern const double kFlopsPerRound;  // 2 * chains * lanes
float multiply_adds(std::int64_t rounds);

}  // namespace autodidact::bench
