#pragma once
// What sanitizers ask of tests: how much longer a program takes, for those that choose instants by the clock; and whether a
// child made by fork() may start threads, which ThreadSanitizer refuses once the parent has had some.

namespace autodidact {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSlowdown = 8;
#else
constexpr int kSlowdown = 1;
#endif

#if defined(__SANITIZE_THREAD__)
constexpr bool kForkMayThread = false;
#else
constexpr bool kForkMayThread = true;
#endif

}  // namespace autodidact
