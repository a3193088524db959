#pragma once
// The learner's state on disk: parameters, both moments, cursor, seed, shape, in one checksummed file. Owned by the learner;
// its one thread calls this. A new file appears whole or not at all; one of the same length is overwritten in place, 1.0 ms
// instead of 4.4 for 2 MB, and a crash in that millisecond leaves a file that is refused: callers alternate between two.

#include <cstdint>
#include <memory>
#include <string>

#include "config/status.hpp"
#include "model/learner.hpp"
#include "model/weights.hpp"

namespace autodidact {

struct TrainState {
  ModelConfig config;
  LearnerCursor cursor;
  std::uint64_t seed = 0;  // of position offsets
  std::string trains;      // what the parameters are, in words that differ where they cannot go on from one another
  std::size_t size = 0;    // floats in each
  std::shared_ptr<float[]> params, m, v;
};

// `buffer` holds the file's bytes between calls so that saving every step allocates nothing.
Status write_train_state(const TrainState& state, const std::string& path, std::string& buffer);
// kNotFound when there is no file; kBadInput when it is of another kind or version, truncated, damaged or not finite. Whether
// the parameters fit the shape is TrainableParams::check()'s to say.
Result<TrainState> read_train_state(const std::string& path);

}  // namespace autodidact
