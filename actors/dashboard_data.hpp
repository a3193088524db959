#pragma once
// What the live page shows, as one JSON document: from the status board, the metrics and the store. Bounded whatever the run
// holds: a few attempts, cut texts, a few hundred versions. No CAF. Owner: AdminVerbs. json() reads the store (about twelve
// attempts), so not on a thread that others wait for; one thread at a time. Nothing survives a crash.

#include <string>

#include "actors/metrics.hpp"
#include "actors/status_board.hpp"
#include "actors/version_history.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

class DashboardData {
 public:
  struct Sources {
    const ReplayStore& store;
    const Metrics& metrics;
    const StatusBoard& board;
    const Clock& clock;
    std::string task, method;  // their names
  };
  static constexpr std::size_t kAttempts = 6;           // newest of each kind
  static constexpr std::size_t kRationaleBytes = 4000;  // beyond, cut
  static constexpr std::size_t kTextBytes = 600;        // problems and answers
  static constexpr std::size_t kVersions = 200;         // of each line; of more, evenly spread ones

  explicit DashboardData(Sources sources) : sources_(std::move(sources)), history_(sources_.store, sources_.clock) {}

  // docs/operations.md explains its members. Bytes that are not UTF-8 are replaced.
  std::string json();

 private:
  const Sources sources_;
  VersionHistory history_;
};

}  // namespace autodidact
