// FusedEngine: cuts a batch into chunks of some hundred packed rows, which threads take in turn.

#include <algorithm>
#include <atomic>

#include "model/fused_pass.hpp"
#include "model/gradient_engine.hpp"
#include "model/shares.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kChunkRows = 512;  // enough to pass the weights through the caches seldom
// Buffers that chunks add to, in turns: the caller's and ours. With two of a large model two threads never wait; more would
// cost its size each. A small one's are cheap.
constexpr std::int64_t kSmallModel = 16'000'000, kSmallBuffers = 4, kLargeBuffers = 2;

struct Chunk {
  Share share;
  std::int64_t first_row = 0;  // among all chunks' rows
  double loss = 0;
};

class FusedEngine : public GradientEngine {
 public:
  FusedEngine(const ModelConfig& config, const EngineOptions& options)
      : config_(config),
        offsets_(weight_offsets(config)),
        rope_(config),
        buffers_(config.parameter_count() <= kSmallModel ? kSmallBuffers : kLargeBuffers),
        pool_(options.threads) {
    for (std::int64_t i = 0; i < options.threads; ++i) passes_.emplace_back(config, rope_, options.checkpointing);
    for (std::int64_t i = 0; i < buffers_; ++i) turns_.emplace_back(FusedPass::stages(config));
  }

  Result<double> gradient(const Weights& weights, std::span<const PlacedExample> batch, float scale, float* grad) override {
    if (batch.empty()) return 0.0;
    cut(batch);
    prepare_buffers();
    const std::int64_t d = config_.hidden_size;
    for_each_chunk([&](FusedPass& pass, std::size_t i) {
      Chunk& chunk = chunks_[i];
      const auto buffer = i % static_cast<std::size_t>(buffers_), ticket = i / static_cast<std::size_t>(buffers_);
      float* to = buffer == 0 ? grad : own_[buffer - 1].get();
      pass.forward(*weights.packed, chunk.share.examples);
      chunk.loss = pass.backward(*weights.packed, scale, {to, turns_[buffer], static_cast<std::uint32_t>(ticket)});
      std::copy_n(pass.embedding_gradient(), chunk.share.rows * d, embedded_.data() + chunk.first_row * d);
    });
    add_buffers(grad);
    double loss = 0;
    for (const Chunk& chunk : chunks_) {
      add_embedding(chunk, grad);
      loss += chunk.loss;
    }
    return loss;
  }

  Status logprobs(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    const auto counted = [](const PlacedExample& placed) { return static_cast<std::size_t>(placed.counted()); };
    score(weights, batch, out, counted, &FusedPass::logprobs);
    return {};
  }
  Status ranked(const Weights& weights, std::span<const PlacedExample> batch,
                std::vector<std::vector<RankedToken>>& out) override {
    const auto counted = [](const PlacedExample& placed) { return static_cast<std::size_t>(placed.counted()); };
    score(weights, batch, out, counted, &FusedPass::ranked);
    return {};
  }
  Status values(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    score(
        weights, batch, out, [](const PlacedExample& placed) { return placed.example->labels.size(); }, &FusedPass::values);
    return {};
  }

 private:
  template <class Score, class SizeOf>
  void score(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<Score>>& out, SizeOf size_of,
             void (FusedPass::*scores)(const PackedWeights&, std::span<std::vector<Score>>)) {
    cut(batch);
    out.resize(batch.size());
    for_each_chunk([&](FusedPass& pass, std::size_t i) {
      const Chunk& chunk = chunks_[i];
      std::vector<std::vector<Score>> scored(chunk.share.examples.size());
      for (std::size_t e = 0; e < scored.size(); ++e) scored[e].resize(size_of(chunk.share.examples[e]));
      pass.forward(*weights.packed, chunk.share.examples);
      (pass.*scores)(*weights.packed, scored);
      for (std::size_t e = 0; e < scored.size(); ++e) out[chunk.share.origin[e]] = std::move(scored[e]);
    });
  }

  // Whole rounds of chunks over the buffers while there are examples for them, so that threads end together.
  void cut(std::span<const PlacedExample> batch) {
    std::int64_t rows = 0, longest = 0, most = 0;
    for (const PlacedExample& placed : batch) {
      rows += placed.rows();
      longest = std::max(longest, placed.rows());
    }
    const std::int64_t wanted = (rows + kChunkRows - 1) / kChunkRows, rounds = (wanted + buffers_ - 1) / buffers_;
    const std::size_t count = std::min(batch.size(), static_cast<std::size_t>(rounds * buffers_));
    chunks_.clear();
    rows = 0;
    for (Share& share : deal(batch, count)) {
      most = std::max(most, share.rows);
      chunks_.push_back({std::move(share), rows});
      rows += chunks_.back().share.rows;
    }
    for (FusedPass& pass : passes_) pass.reserve(most, longest);
  }

  // The caller's buffer is the first; ours are made when a batch has a chunk for them.
  void prepare_buffers() {
    embedded_.resize(static_cast<std::size_t>((chunks_.back().first_row + chunks_.back().share.rows) * config_.hidden_size));
    const std::size_t wanted = std::min(chunks_.size(), static_cast<std::size_t>(buffers_)) - 1;
    const std::size_t made = own_.size();
    while (own_.size() < wanted) own_.push_back(aligned_floats(offsets_.size));
    pool_.run_slices(offsets_.size, [&](std::size_t from, std::size_t count) {
      for (std::size_t i = 0; i < std::min(made, wanted); ++i) std::fill_n(own_[i].get() + from, count, 0.0f);
    });
    for (GradientTurns& turns : turns_) turns.reset();
  }

  // Chunks are begun in their order (GradientTurns relies on it), each by whoever is free.
  template <class Work>
  void for_each_chunk(Work work) {
    std::atomic<std::size_t> next{0};
    pool_.run(static_cast<std::int64_t>(passes_.size()), [&](std::int64_t worker) {
      for (std::size_t i = next++; i < chunks_.size(); i = next++) work(passes_[static_cast<std::size_t>(worker)], i);
    });
  }

  void add_buffers(float* grad) {
    const std::size_t used = std::min(chunks_.size(), static_cast<std::size_t>(buffers_)) - 1;
    pool_.run_slices(offsets_.size, [&](std::size_t from, std::size_t count) {
      for (std::size_t i = 0; i < used; ++i)
        cpu_kernels().add(grad + from, own_[i].get() + from, static_cast<std::int64_t>(count));
    });
  }

  // Apart from the chunks' turns: a tied head's gradient lies in the same place.
  void add_embedding(const Chunk& chunk, float* grad) {
    const std::int64_t d = config_.hidden_size;
    const float* from = embedded_.data() + chunk.first_row * d;
    for (const PlacedExample& placed : chunk.share.examples) {
      for (std::int64_t i = 0; i < placed.rows(); ++i)
        cpu_kernels().add(grad + offsets_.embed + placed.example->tokens[static_cast<std::size_t>(i)] * d, from + i * d, d);
      if (config_.position == ModelConfig::Position::kLearned)
        cpu_kernels().add(grad + offsets_.positions + placed.offset * d, from, placed.rows() * d);
      from += placed.rows() * d;
    }
  }

  const ModelConfig config_;
  const WeightOffsets offsets_;
  const RopeTable rope_;
  const std::int64_t buffers_;
  std::vector<FusedPass> passes_;  // of each thread
  std::vector<GradientTurns> turns_;
  std::vector<std::shared_ptr<float[]>> own_;
  std::vector<Chunk> chunks_;
  std::vector<float> embedded_;  // gradient of the embedded rows, chunk after chunk
  WorkerPool pool_;
};

}  // namespace

std::unique_ptr<GradientEngine> make_fused_engine(const ModelConfig& config, const EngineOptions& options) {
  return std::make_unique<FusedEngine>(config, options);
}

}  // namespace autodidact
