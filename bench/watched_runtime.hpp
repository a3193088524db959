#pragma once
// The real engines, with a window on the one that answers requests: what it computed, and with which weights. Its sequences run
// to their full length (the token that ends a text is never drawn), so that two runs of the same requests do the same work.
// Owned by a benchmark; the counters: any thread.

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "model/runtime.hpp"

namespace autodidact::bench {

struct DecoderWatch {
  std::atomic<std::uint64_t> tokens{0}, prompt_tokens{0}, steps{0}, step_ns{0};
  std::mutex mutex;
  WeightsPtr weights;  // guarded by mutex
};

inline WeightsPtr without_end(const Weights& weights) {
  auto endless = std::make_shared<Weights>(weights);
  endless->config.pad_token_id = std::exchange(endless->config.eos_token_id, -1);  // what is padding is never drawn
  return endless;
}

class WatchedDecoder : public Decoder {
 public:
  WatchedDecoder(std::unique_ptr<Decoder> decoder, DecoderWatch& watch) : decoder_(std::move(decoder)), watch_(watch) {}

  Status set_weights(WeightsPtr weights) override {
    WeightsPtr endless = without_end(*weights);
    {
      const std::lock_guard lock(watch_.mutex);
      watch_.weights = endless;
    }
    return decoder_->set_weights(std::move(endless));
  }
  void submit(DecodeRequest request) override { decoder_->submit(std::move(request)); }
  void cancel(std::uint64_t tag) override { decoder_->cancel(tag); }
  std::size_t step(std::vector<DecodeResult>& finished) override {
    const std::size_t left = decoder_->step(finished);
    const DecoderStats now = decoder_->stats();
    watch_.tokens = now.tokens;
    watch_.prompt_tokens = now.prompt_tokens;
    watch_.steps = now.steps;
    watch_.step_ns = now.step_ns;
    return left;
  }
  std::size_t free_slots() const override { return decoder_->free_slots(); }
  DecoderStats stats() const override { return decoder_->stats(); }

 private:
  const std::unique_ptr<Decoder> decoder_;
  DecoderWatch& watch_;
};

class WatchedRuntime : public ModelRuntime {
 public:
  // answer_batch: serve.batch, by which the answerer's decoder is known among the others.
  WatchedRuntime(std::int64_t answer_batch, DecoderWatch& watch) : answer_batch_(answer_batch), watch_(watch) {}

  Result<std::unique_ptr<Decoder>> make_decoder(const DecoderOptions& options) override {
    AD_ASSIGN_OR_RETURN(auto decoder, runtime_->make_decoder(options));
    if (options.batch != answer_batch_) return decoder;
    return std::unique_ptr<Decoder>(std::make_unique<WatchedDecoder>(std::move(decoder), watch_));
  }
  Result<std::unique_ptr<Learner>> make_learner(const TrainOptions& options, Dtype compute, std::uint64_t seed) override {
    return runtime_->make_learner(options, compute, seed);
  }
  Result<std::unique_ptr<Scorer>> make_scorer() override { return runtime_->make_scorer(); }

 private:
  const std::unique_ptr<ModelRuntime> runtime_ = make_runtime();
  const std::int64_t answer_batch_;
  DecoderWatch& watch_;
};

}  // namespace autodidact::bench
