#pragma once
// A client of /v1 for benchmarks: many streamed completions at once from one thread, cheap enough to share a machine with the
// server. Blocks its caller; every wait has a deadline.

#include <cstdint>
#include <string>
#include <vector>

namespace autodidact::bench {

struct StreamRun {
  double seconds = 0;
  std::uint64_t tokens = 0;           // by the usage that each stream ends with
  std::uint64_t events = 0;           // server-sent ones
  std::vector<double> first_token_s;  // of each stream, from sending its request
  std::string error;                  // not empty: it broke off
};
// Sends `bodies` to /v1/completions, `open` at a time, each as soon as one before it has ended.
StreamRun run_streams(const std::string& address, const std::vector<std::string>& bodies, std::size_t open);

// The whole reply to one request; "" when there is none.
std::string post_completion(const std::string& address, const std::string& body);

}  // namespace autodidact::bench
