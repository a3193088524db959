#pragma once
// Bits that nobody can foretell, for ids and seeds that must differ. std::random_device sets itself up each time with an
// instruction that a virtual machine emulates: a fiftieth of a busy server's time. Any thread.

#include <unistd.h>

#include <cstdint>

#include "config/status.hpp"

namespace autodidact {

inline std::uint64_t entropy64() {
  std::uint64_t bits = 0;
  AD_REQUIRE(::getentropy(&bits, sizeof bits) == 0, "the system gives no entropy");
  return bits;
}

}  // namespace autodidact
