// DataParallelEngine: each rank computes its share of a batch with an engine of its own, into a buffer of its own; the sum is
// taken through the memory they share.

#include <algorithm>
#include <atomic>
#include <numeric>

#include "kernels/cpu_kernels.hpp"
#include "model/gradient_engine.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {
namespace {

struct Rank {
  std::unique_ptr<GradientEngine> engine;
  std::shared_ptr<float[]> grad;  // null for the first, which writes to the caller's
  std::vector<PlacedExample> share;
  std::vector<std::size_t> origin;  // their places in the batch
  std::int64_t rows = 0;
  Result<double> loss = 0.0;
  Status status;
  std::vector<std::vector<float>> logprobs;
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
    deal(batch);
    for_each_rank([&](Rank& rank) {
      if (rank.grad) std::fill_n(rank.grad.get(), floats_, 0.0f);
      rank.loss = rank.share.empty() ? Result<double>(0.0)
                                     : rank.engine->gradient(weights, rank.share, scale, rank.grad ? rank.grad.get() : grad);
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
    deal(batch);
    for_each_rank([&](Rank& rank) {
      rank.status = rank.share.empty() ? Status() : rank.engine->logprobs(weights, rank.share, rank.logprobs);
    });
    out.resize(batch.size());
    for (Rank& rank : ranks_) {
      AD_RETURN_IF_ERROR(rank.status);
      for (std::size_t i = 0; i < rank.share.size(); ++i) out[rank.origin[i]] = std::move(rank.logprobs[i]);
    }
    return {};
  }

 private:
  // Longest first, each to the rank with the fewest rows; a function of the batch alone.
  void deal(std::span<const PlacedExample> batch) {
    for (Rank& rank : ranks_) {
      rank.share.clear();
      rank.origin.clear();
      rank.rows = 0;
    }
    std::vector<std::size_t> order(batch.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return batch[a].rows() > batch[b].rows(); });
    for (std::size_t i : order) {
      Rank& rank =
          *std::min_element(ranks_.begin(), ranks_.end(), [](const Rank& a, const Rank& b) { return a.rows < b.rows; });
      rank.share.push_back(batch[i]);
      rank.origin.push_back(i);
      rank.rows += batch[i].rows();
    }
  }

  template <class Work>
  void for_each_rank(Work work) {
    pool_.run(static_cast<std::int64_t>(ranks_.size()), [&](std::int64_t i) { work(ranks_[static_cast<std::size_t>(i)]); });
  }

  // In the order of the ranks, each slice by whoever is free.
  void all_reduce(float* grad) {
    constexpr std::int64_t kSlices = 16;
    const std::size_t slice = floats_ / kSlices + 1;
    pool_.run(kSlices, [&](std::int64_t s) {
      const std::size_t from = std::min(static_cast<std::size_t>(s) * slice, floats_);
      const auto count = static_cast<std::int64_t>(std::min(slice, floats_ - from));
      for (const Rank& rank : ranks_)
        if (rank.grad && !rank.share.empty()) cpu_kernels().add(grad + from, rank.grad.get() + from, count);
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
