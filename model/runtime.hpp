#pragma once
// Makes engines: the seam between the actors and whatever computes. The daemon uses make_runtime(); tests and the
// pipeline benchmark use a fake (tests/fakes/). Thread-safe; the engines it makes are not.

#include <memory>

#include "config/options.hpp"
#include "model/decoder.hpp"
#include "model/learner.hpp"

namespace autodidact {

class ModelRuntime {
 public:
  virtual ~ModelRuntime() = default;
  virtual Result<std::unique_ptr<Decoder>> make_decoder(const DecoderOptions& options) = 0;
  virtual Result<std::unique_ptr<Learner>> make_learner(const TrainOptions& options, Dtype compute, std::uint64_t seed) = 0;
  virtual Result<std::unique_ptr<Scorer>> make_scorer() = 0;
};

std::unique_ptr<ModelRuntime> make_runtime();

}  // namespace autodidact
