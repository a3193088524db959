#pragma once
// How much longer a program takes under a sanitizer, for tests that choose instants or limits by the clock.

namespace autodidact {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSlowdown = 8;
#else
constexpr int kSlowdown = 1;
#endif

}  // namespace autodidact
