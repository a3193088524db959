#pragma once
// Runs a program to its end and keeps what it said. Waits end: a program that takes longer than the limit is killed.

#include <string>
#include <vector>

namespace autodidact {

struct ProcessRun {
  int status = -1;       // exit status; 128 + n when killed by signal n
  std::string out, err;  // with a terminal: both in `out`
};

struct RunOptions {
  std::string directory{};                 // where it runs; empty = here
  std::vector<std::string> environment{};  // "NAME=value", on top of this process's
  int limit_ms = 20'000;
  bool terminal = false;                // give it a pseudo-terminal of 80 x 24
  std::size_t read_at_most = SIZE_MAX;  // then close its standard output, as `head` does
};

ProcessRun run(const std::vector<std::string>& words, const RunOptions& options = {});

// The client under test.
std::string autodidact_path();
// autodidact with these words, quietly (no remarks) unless they say otherwise.
ProcessRun autodidact(std::vector<std::string> words, const RunOptions& options = {});

}  // namespace autodidact
