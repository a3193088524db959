// DataParallelEngine: each rank computes its share of a batch with an engine of its own, into a buffer of its own; the sum is
// taken through the memory they share.

#include <algorithm>

#include "kernels/cpu_kernels.hpp"
#include "model/gradient_engine.hpp"
#include "model/shares.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {
namespace {

struct Rank {
  std::unique_ptr<GradientEngine> engine;
  std::shared_ptr<float[]> grad;  // null for the first, which writes to the caller's
  Share share;
  Result<double> loss = 0.0;
  Status status;
  std::vector<std::vector<float>> scores;
};

class DataParallelEngine : public GradientEngine {
 public:
  DataParallelEngine(const ModelConfig& config, std::int64_t ranks, const EngineFactory& make_engine)
      : floats_(static_cast<std::size_t>(config.parameter_count())), ranks_(static_cast<std::size_t>(ranks)), pool_(ranks) {
    for (Rank& rank : ranks_) {
      rank.engine = make_engine(config);
      if (&rank != &ranks_.front()) rank.grad = aligned_floats(floats_);
    }
  }

  Result<double> gradient(const Weights& weights, std::span<const PlacedExample> batch, float scale, float* grad) override {
    take_shares(batch);
    for_each_rank([&](Rank& rank) {
      if (rank.grad) std::fill_n(rank.grad.get(), floats_, 0.0f);
      rank.loss = rank.share.examples.empty()
                      ? Result<double>(0.0)
                      : rank.engine->gradient(weights, rank.share.examples, scale, rank.grad ? rank.grad.get() : grad);
    });
    double loss = 0;
    for (const Rank& rank : ranks_) {
      AD_RETURN_IF_ERROR(rank.loss.status());
      loss += *rank.loss;
    }
    all_reduce(grad);
    return loss;
  }

  Status logprobs(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    return score(weights, batch, out, &GradientEngine::logprobs);
  }
  // Asked for rarely, and for few: not shared.
  Status ranked(const Weights& weights, std::span<const PlacedExample> batch,
                std::vector<std::vector<RankedToken>>& out) override {
    return ranks_.front().engine->ranked(weights, batch, out);
  }
  Status values(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    return score(weights, batch, out, &GradientEngine::values);
  }

 private:
  using Scores = Status (GradientEngine::*)(const Weights&, std::span<const PlacedExample>, std::vector<std::vector<float>>&);
  Status score(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out,
               Scores scores) {
    take_shares(batch);
    for_each_rank([&](Rank& rank) {
      rank.status = rank.share.examples.empty() ? Status() : (*rank.engine.*scores)(weights, rank.share.examples, rank.scores);
    });
    out.resize(batch.size());
    for (Rank& rank : ranks_) {
      AD_RETURN_IF_ERROR(rank.status);
      for (std::size_t i = 0; i < rank.share.origin.size(); ++i) out[rank.share.origin[i]] = std::move(rank.scores[i]);
    }
    return {};
  }

  void take_shares(std::span<const PlacedExample> batch) {
    std::vector<Share> shares = deal(batch, ranks_.size());
    for (std::size_t i = 0; i < ranks_.size(); ++i) ranks_[i].share = std::move(shares[i]);
  }

  template <class Work>
  void for_each_rank(Work work) {
    pool_.run(static_cast<std::int64_t>(ranks_.size()), [&](std::int64_t i) { work(ranks_[static_cast<std::size_t>(i)]); });
  }

  // In the order of the ranks.
  void all_reduce(float* grad) {
    pool_.run_slices(floats_, [&](std::size_t from, std::size_t count) {
      for (const Rank& rank : ranks_)
        if (rank.grad && !rank.share.examples.empty())
          cpu_kernels().add(grad + from, rank.grad.get() + from, static_cast<std::int64_t>(count));
    });
  }

  const std::size_t floats_;
  std::vector<Rank> ranks_;
  WorkerPool pool_;
};

}  // namespace

std::unique_ptr<GradientEngine> make_data_parallel_engine(const ModelConfig& config, std::int64_t ranks,
                                                          const EngineFactory& make_engine) {
  return std::make_unique<DataParallelEngine>(config, ranks, make_engine);
}

}  // namespace autodidact
