#pragma once
// Training examples by attempt, read from the store once and kept: attempts are immutable. The next batch is read on another
// thread, beside the gradient of this one. No CAF. Owned and called by TrainerEngine's compute thread. Survives no crash.

#include <future>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/context.hpp"

namespace autodidact {

// Which right attempts are learnt behind wrong ones (methods/revision_data.hpp).
struct RevisionSettings {
  double share = 0;
  std::uint64_t seed = 0;
  std::int64_t max_positions = 0;
  friend bool operator==(const RevisionSettings&, const RevisionSettings&) = default;
};

class ExampleReader {
 public:
  ExampleReader(ReplayStore* store, std::shared_ptr<ComputeThread> thread) : store_(store), thread_(std::move(thread)) {}

  // From now on. Wrong attempts of the right one's round or earlier are shown before it, so that an example is the same in
  // every later round and after a restart.
  void revise(const RevisionSettings& revisions);
  // Begins to read what a later load() will ask for; at most one at a time.
  void read_ahead(const std::vector<AttemptId>& ids);
  // One example for each id, weighted as selected. What could not be read ahead is read now, and the error is this read's.
  Result<std::vector<TrainExample>> load(const std::vector<AttemptId>& ids);

 private:
  using Examples = Result<std::vector<std::pair<AttemptId, TrainExample>>>;
  std::vector<AttemptId> missing(const std::vector<AttemptId>& ids) const;
  void keep(Examples examples);

  ReplayStore* const store_;  // outlives every thread
  const std::shared_ptr<ComputeThread> thread_;
  RevisionSettings revisions_;
  std::unordered_map<AttemptId, TrainExample> examples_;
  std::future<Examples> ahead_;
};

}  // namespace autodidact
