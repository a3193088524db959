#pragma once
// Training examples by attempt, read from the store once and kept: attempts are immutable. The next batch is read on another
// thread, beside the gradient of this one. No CAF. Owned and called by TrainerEngine's compute thread. Survives no crash.

#include <future>
#include <memory>
#include <unordered_map>
#include <vector>

#include "actors/context.hpp"

namespace autodidact {

class ExampleReader {
 public:
  ExampleReader(ReplayStore* store, std::shared_ptr<ComputeThread> thread) : store_(store), thread_(std::move(thread)) {}

  // Begins to read what a later load() will ask for; at most one at a time.
  void read_ahead(const std::vector<AttemptId>& ids);
  // One example for each id, weighted as selected. What could not be read ahead is read now, and the error is this read's.
  Result<std::vector<TrainExample>> load(const std::vector<AttemptId>& ids);

 private:
  using Attempts = Result<std::vector<JudgedAttempt>>;
  std::vector<AttemptId> missing(const std::vector<AttemptId>& ids) const;
  void keep(const Attempts& attempts);

  ReplayStore* const store_;  // outlives every thread
  const std::shared_ptr<ComputeThread> thread_;
  std::unordered_map<AttemptId, TrainExample> examples_;
  std::future<Attempts> ahead_;
};

}  // namespace autodidact
