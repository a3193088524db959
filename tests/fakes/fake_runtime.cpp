#include "tests/fakes/fake_runtime.hpp"

#include <stdexcept>

#include "tests/fakes/fake_decoder.hpp"
#include "tests/fakes/fake_learner.hpp"

namespace autodidact {

void FakeControls::set(bool& gate, bool on) {
  std::lock_guard lock(mutex_);
  gate = on;
  opened_.notify_all();
}

void FakeControls::pass(const bool& gate) {
  std::unique_lock lock(mutex_);
  opened_.wait(lock, [&] { return !gate; });
}

void FakeControls::decode_step() {
  pass(decoding_blocked_);
  ++decode_steps_;
  int left = failures_.load();
  while (left > 0 && !failures_.compare_exchange_weak(left, left - 1)) {
  }
  if (left > 0) throw std::runtime_error("the fake device failed, as told");
}

void FakeControls::train_step() {
  pass(training_blocked_);
  ++train_steps_;
}

void FakeControls::weights_set(VersionId version) {
  std::lock_guard lock(mutex_);
  versions_set_.push_back(version);
}

std::vector<VersionId> FakeControls::versions_set() const {
  std::lock_guard lock(mutex_);
  return versions_set_;
}

Result<std::unique_ptr<Decoder>> FakeRuntime::make_decoder(const DecoderOptions& options) {
  ++controls_->decoders_;
  if (!options_.oracle) return std::unique_ptr<Decoder>(std::make_unique<NullDecoder>(options_.null_tokens, options.batch));
  return std::unique_ptr<Decoder>(std::make_unique<FakeDecoder>(options_, options.batch, controls_));
}

Result<std::unique_ptr<Learner>> FakeRuntime::make_learner(const TrainOptions&, Dtype, std::uint64_t seed) {
  ++controls_->learners_;
  return std::unique_ptr<Learner>(std::make_unique<FakeLearner>(options_, seed, controls_));
}

Result<std::unique_ptr<Scorer>> FakeRuntime::make_scorer() {
  return std::unique_ptr<Scorer>(std::make_unique<FakeScorer>(options_.scorer_gap));
}

}  // namespace autodidact
