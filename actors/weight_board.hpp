#pragma once
// Where published weights are found: the trainer posts, the samplers look between two decode steps. Publishing is one pointer
// store under a mutex held for nanoseconds; nothing is copied. Any thread. What is not in memory is loaded from the version's
// directory, so nothing here needs to survive a crash.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "config/status.hpp"
#include "model/weights.hpp"

namespace autodidact {

class WeightBoard {
 public:
  // `data_dir` holds versions/v000001/ and so on. compute: what the matrices of those loaded are multiplied in.
  explicit WeightBoard(std::string data_dir, Dtype compute = Dtype::kF32) : data_dir_(std::move(data_dir)), compute_(compute) {}

  // Keeps `weights` findable by version; the oldest beyond a few are forgotten (they are on disk).
  void post(WeightsPtr weights);
  // Posted, or read from disk.
  Result<WeightsPtr> get(VersionId version);

  // What samplers use from now on.
  Status serve(VersionId version);
  WeightsPtr serving() const;  // null before the base model
  // The same of the verifier line: what scores samples.
  Status serve_verifier(VersionId version);
  WeightsPtr verifier() const;  // null without one

  // versions/v000012, relative to the data directory.
  static std::string directory_of(VersionId version);
  std::string path_of(VersionId version) const { return data_dir_ + "/" + directory_of(version); }

 private:
  const std::string data_dir_;
  const Dtype compute_;
  mutable std::mutex mutex_;
  std::map<VersionId, WeightsPtr> posted_;  // guarded by mutex_
  WeightsPtr serving_, verifier_;           // guarded by mutex_
};

}  // namespace autodidact
