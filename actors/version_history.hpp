#pragma once
// What evaluations made of each version, read from the store for those who draw it: the live page and the TensorBoard log. No
// CAF. Owner: whoever draws, one thread at a time. Nothing of its own survives a crash; the store's records do.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "actors/metrics.hpp"
#include "config/clock.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

// NaN where something was not measured, here and below.
struct Measured {
  double value = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
};

struct ChoicePoint {  // of k candidates
  std::uint64_t k = 0;
  Measured pass, best, majority, weighted;
};

struct VersionPoint {
  VersionId id = 0;
  std::uint32_t round = 0;
  std::uint64_t step = 0;
  VersionLine line = VersionLine::kGenerator;
  VersionState state = VersionState::kCandidate;
  Measured accuracy;                                                  // generator line: greedy, held out, all groups
  std::vector<std::pair<std::string, double>> groups;                 // the same by group
  VersionId scorer = 0;                                               // of the candidates; 0 = no verifier took part
  std::vector<ChoicePoint> candidates;                                // ascending k
  double best_of_k = Measured().value, pass_at_1 = Measured().value;  // verifier line, in validation
  std::uint64_t k = 0;                                                // of best_of_k
  bool measured() const { return accuracy.value == accuracy.value || best_of_k == best_of_k; }
};

VersionPoint version_point(const VersionRecord& record);
// Accuracy and version of the newest evaluation, for metrics that begin anew: an earlier life of the daemon made it.
void show_last_evaluation(const std::vector<VersionRecord>& versions, Metrics& metrics);

class VersionHistory {
 public:
  VersionHistory(const ReplayStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Reads the records again when the store has new ones; spends a twentieth of the time on it at most. True: points() changed.
  bool refresh();
  const std::vector<VersionPoint>& points() const { return points_; }  // ascending id

 private:
  const ReplayStore& store_;
  const Clock& clock_;
  std::vector<VersionPoint> points_;
  std::uint64_t versions_ = 0, events_ = 0;  // of the store when it was read
  std::int64_t not_before_ns_ = 0;
};

}  // namespace autodidact
