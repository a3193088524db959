// FusedEngine: deals a batch to lanes, runs FusedPass over each lane a few hundred rows at a time, adds the lanes up.

#include <algorithm>
#include <numeric>

#include "model/fused_pass.hpp"
#include "model/gradient_engine.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kLanes = 4;        // so 1, 2 and 4 threads give the same bits; more threads, more lanes
constexpr std::int64_t kChunkRows = 512;  // activations of a chunk stay in the outer caches

struct Lane {
  Lane(const ModelConfig& config, const RopeTable& rope, std::int64_t max_rows, std::size_t floats)
      : pass(config, rope, max_rows), grad(aligned_floats(floats)) {}
  FusedPass pass;
  std::shared_ptr<float[]> grad;
  std::vector<PlacedExample> examples;
  std::vector<std::size_t> origin;  // their places in the batch
  std::int64_t rows = 0;
  double loss = 0;
};

class FusedEngine : public GradientEngine {
 public:
  FusedEngine(const ModelConfig& config, std::int64_t threads)
      : config_(config),
        rope_(config),
        floats_(static_cast<std::size_t>(config.parameter_count())),
        max_rows_(std::max(kChunkRows, config.max_position_embeddings)),
        pool_(threads) {
    for (std::int64_t i = 0; i < std::max(kLanes, threads); ++i) lanes_.emplace_back(config, rope_, max_rows_, floats_);
  }

  Result<double> gradient(const float* params, std::span<const PlacedExample> batch, float scale, float* grad) override {
    pack_weights(config_, params, packed_);
    pack_backward(config_, params, panels_);
    deal(batch);
    pool_.run(lane_count(), [&](std::int64_t i) {
      Lane& lane = lanes_[i];
      std::fill_n(lane.grad.get(), floats_, 0.0f);
      lane.loss = 0;
      for_chunks(lane, packed_,
                 [&](std::size_t, std::size_t) { lane.loss += lane.pass.backward(packed_, panels_, scale, lane.grad.get()); });
    });
    add_lanes(grad);
    double loss = 0;
    for (const Lane& lane : lanes_) loss += lane.loss;
    return loss;
  }

  Status logprobs(const Weights& weights, std::span<const PlacedExample> batch, std::vector<std::vector<float>>& out) override {
    deal(batch);
    out.resize(batch.size());
    pool_.run(lane_count(), [&](std::int64_t i) {
      Lane& lane = lanes_[i];
      std::vector<std::vector<float>> scored(lane.examples.size());
      for_chunks(lane, *weights.packed, [&](std::size_t begin, std::size_t end) {
        for (std::size_t e = begin; e < end; ++e) scored[e].resize(static_cast<std::size_t>(lane.examples[e].counted()));
        lane.pass.logprobs(*weights.packed, std::span(scored).subspan(begin, end - begin));
      });
      for (std::size_t e = 0; e < scored.size(); ++e) out[lane.origin[e]] = std::move(scored[e]);
    });
    return {};
  }

 private:
  std::int64_t lane_count() const { return static_cast<std::int64_t>(lanes_.size()); }

  // Longest first, each to the lane with the fewest rows; a function of the batch alone.
  void deal(std::span<const PlacedExample> batch) {
    for (Lane& lane : lanes_) {
      lane.examples.clear();
      lane.origin.clear();
      lane.rows = 0;
    }
    order_.resize(batch.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return batch[a].rows() > batch[b].rows(); });
    for (std::size_t i : order_) {
      Lane& lane =
          *std::min_element(lanes_.begin(), lanes_.end(), [](const Lane& a, const Lane& b) { return a.rows < b.rows; });
      lane.examples.push_back(batch[i]);
      lane.origin.push_back(i);
      lane.rows += batch[i].rows();
    }
  }

  // Forward over as many examples as fit, then use(begin, end), until the lane is done.
  template <class Use>
  void for_chunks(Lane& lane, const PackedWeights& packed, Use use) {
    for (std::size_t begin = 0, end = 0; begin < lane.examples.size(); begin = end) {
      std::int64_t rows = 0;
      for (;
           end < lane.examples.size() && rows + lane.examples[end].rows() <= std::max(kChunkRows, lane.examples[begin].rows());
           ++end)
        rows += lane.examples[end].rows();
      lane.pass.forward(packed, std::span<const PlacedExample>(lane.examples).subspan(begin, end - begin));
      use(begin, end);
    }
  }

  void add_lanes(float* grad) {
    constexpr std::int64_t kSlices = 8;
    const auto slice = static_cast<std::int64_t>(floats_) / kSlices + 1;
    pool_.run(kSlices, [&](std::int64_t s) {
      const std::int64_t from = s * slice, count = std::min(slice, static_cast<std::int64_t>(floats_) - from);
      if (count <= 0) return;
      std::copy_n(lanes_[0].grad.get() + from, count, grad + from);
      for (std::size_t i = 1; i < lanes_.size(); ++i) cpu_kernels().add(grad + from, lanes_[i].grad.get() + from, count);
    });
  }

  const ModelConfig config_;
  const RopeTable rope_;
  const std::size_t floats_;
  const std::int64_t max_rows_;
  PackedWeights packed_;
  BackwardPanels panels_;
  std::vector<Lane> lanes_;
  std::vector<std::size_t> order_;
  WorkerPool pool_;
};

}  // namespace

std::unique_ptr<GradientEngine> make_fused_engine(const ModelConfig& config, std::int64_t threads) {
  return std::make_unique<FusedEngine>(config, threads);
}

}  // namespace autodidact
