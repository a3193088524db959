#pragma once
// A ModelRuntime without libtorch: answers come from a function, weights are the given ones nudged by what was learnt.
// Everything is a function of its inputs, so tests of resume and of determinism mean something; latency and faults are the
// test's to set.
//
// Owner: the test (or tests/fakes/fake_daemon). Threads: FakeRuntime and FakeControls from any; engines as their seams say.
// What survives a crash: what FakeLearner::save_state wrote.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/runtime.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

// The completion of a prompt, without the stop token. `seed` is 0 when the request is greedy. Any thread, no state.
using Oracle = std::function<std::string(const std::string& prompt, std::uint64_t seed, VersionId version)>;

// What a test turns while engines run, and what they did.
class FakeControls {
 public:
  // A decode or train step begun while its gate is shut waits until it opens: the hung device.
  void block_decoding(bool on) { set(decoding_blocked_, on); }
  void block_training(bool on) { set(training_blocked_, on); }
  // The next n decode steps throw, as libtorch does when a device fails.
  void fail_decode_steps(int n) { failures_ = n; }

  std::vector<VersionId> versions_set() const;  // by set_weights of any decoder, in order
  std::uint64_t decode_steps() const { return decode_steps_; }
  std::uint64_t train_steps() const { return train_steps_; }
  std::uint64_t decoders() const { return decoders_; }
  std::uint64_t learners() const { return learners_; }

 private:
  friend class FakeDecoder;
  friend class FakeLearner;
  friend class FakeRuntime;
  void set(bool& gate, bool on);
  void pass(const bool& gate);
  void decode_step();
  void train_step();
  void weights_set(VersionId version);

  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool decoding_blocked_ = false, training_blocked_ = false;  // guarded by mutex_
  std::vector<VersionId> versions_set_;                       // guarded by mutex_
  std::atomic<int> failures_{0};
  std::atomic<std::uint64_t> decode_steps_{0}, train_steps_{0}, decoders_{0}, learners_{0};
};

struct FakeOptions {
  std::shared_ptr<const Tokenizer> tokenizer = {};
  Oracle oracle = {};  // empty: null decoder, `null_tokens` arbitrary tokens per request at once
  std::int32_t null_tokens = 128;
  std::int32_t tokens_per_step = 8;                            // of each sequence; so longer answers take longer
  std::chrono::microseconds decode_step{0};                    // sleep
  std::chrono::microseconds train_step{0};                     // sleep
  float scorer_gap = 0;                                        // between what sampler and scorer say of a token
  std::function<void(std::uint64_t step)> on_train_step = {};  // told of every step computed, on the learner's thread
};

class FakeRuntime : public ModelRuntime {
 public:
  explicit FakeRuntime(FakeOptions options) : options_(std::move(options)) {}
  Result<std::unique_ptr<Decoder>> make_decoder(const DecoderOptions& options) override;
  Result<std::unique_ptr<Learner>> make_learner(const TrainOptions& options, Dtype compute, std::uint64_t seed) override;
  Result<std::unique_ptr<Scorer>> make_scorer() override;

  FakeControls& controls() { return *controls_; }

 private:
  const FakeOptions options_;
  const std::shared_ptr<FakeControls> controls_ = std::make_shared<FakeControls>();  // engines may outlive the runtime
};

// What the fakes report for a token, sampling and scoring alike.
float fake_logprob(TokenId token);

}  // namespace autodidact
