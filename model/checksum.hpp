#pragma once
// A 64-bit checksum against damage (not against an adversary), about as fast as memory: the optimizer state is written every
// step. Any single changed word changes it: each step is a bijection of its lane. Any thread.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "kernels/rng.hpp"

namespace autodidact {

inline std::uint64_t checksum64(std::string_view bytes) {
  constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ull;
  constexpr std::size_t kLanes = 8;  // enough independent chains to hide the multiplier's latency
  std::uint64_t lane[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lane[i] = kPrime * (i + 1);
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof lane; left -= sizeof lane, at += sizeof lane) {
    std::uint64_t words[kLanes];
    std::memcpy(words, at, sizeof words);
    for (std::size_t i = 0; i < kLanes; ++i) {
      lane[i] = (lane[i] ^ words[i]) * kPrime;
      lane[i] = (lane[i] << 29) | (lane[i] >> 35);
    }
  }
  std::uint64_t tail[kLanes] = {};
  std::memcpy(tail, at, left);
  std::uint64_t sum = mix64(bytes.size());
  for (std::size_t i = 0; i < kLanes; ++i) sum = mix64(sum ^ mix64(lane[i] ^ mix64(tail[i] + i)));
  return sum;
}

}  // namespace autodidact
