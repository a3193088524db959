#include "model/trainable_params.hpp"

#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "kernels/rng.hpp"
#include "model/adamw_step.hpp"
#include "model/checksum.hpp"
#include "model/packed_weights.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {
namespace {

constexpr const char* kEveryWeight = "every weight";

TrainState fresh_state(const ModelConfig& config, const LearnerCursor& cursor, std::uint64_t seed, std::string trains,
                       std::size_t size, std::shared_ptr<float[]> params) {
  return {config, cursor, seed, std::move(trains), size, std::move(params), aligned_floats(size), aligned_floats(size)};
}

Status of_another_kind(const TrainState& state, const std::string& wanted) {
  return {Errc::kBadInput, "this state trains " + state.trains + ", this run " + wanted +
                               "; put the settings back, or move the file away to start this round of training again"};
}

// The model that is trained, and whether others read it too: then the next version is written elsewhere.
class LiveModel {
 public:
  explicit LiveModel(Dtype compute) : compute_(compute) {}

  void start(const ModelConfig& config, std::shared_ptr<float[]> flat, WorkerPool& pool) {
    weights_.config = config;
    weights_.layout = tensor_layout(config);
    weights_.size = static_cast<std::size_t>(config.parameter_count());
    hold(std::move(flat));
    pack(pool);
  }
  void pack(WorkerPool& pool) {
    pool.run(static_cast<std::int64_t>(packed_->matrices.size()), [&](std::int64_t i) {
      const PackedMatrix& matrix = packed_->matrices[static_cast<std::size_t>(i)];
      pack_rows(*packed_, matrix, 0, matrix.out);
    });
  }
  const Weights& weights() const { return weights_; }
  PackedWeights& packed() { return *packed_; }
  WeightsPtr publish(VersionId version) {
    published_ = true;
    auto weights = std::make_shared<Weights>(weights_);
    weights->version = version;
    return weights;
  }
  // Buffers nobody else reads, for the next version; new ones hold nothing yet. True when they are new.
  bool make_writable() {
    if (!published_) return false;
    hold(aligned_floats(weights_.size));
    return true;
  }
  const std::shared_ptr<float[]>& flat() const { return flat_; }

 private:
  void hold(std::shared_ptr<float[]> flat) {
    flat_ = std::move(flat);
    packed_ = std::make_shared<PackedWeights>();
    lay_out_weights(weights_.config, flat_.get(), compute_, *packed_);
    weights_.data = flat_;
    weights_.packed = packed_;
    published_ = false;
  }

  const Dtype compute_;
  Weights weights_;
  std::shared_ptr<float[]> flat_;
  std::shared_ptr<PackedWeights> packed_;
  bool published_ = false;
};

class FullParams : public TrainableParams {
 public:
  FullParams(std::int64_t threads, Dtype compute) : live_(compute), pool_(threads) {}

  Result<TrainState> begin(const Weights& weights, const LearnerCursor& cursor, std::uint64_t seed) override {
    auto params = aligned_floats(weights.size);
    std::memcpy(params.get(), weights.data.get(), weights.size * sizeof(float));
    return fresh_state(weights.config, cursor, seed, kEveryWeight, weights.size, std::move(params));
  }
  Status check(const TrainState& state) const override {
    if (state.trains != kEveryWeight) return of_another_kind(state, kEveryWeight);
    if (static_cast<std::size_t>(state.config.parameter_count()) != state.size)
      return {Errc::kBadInput, "its shape and its size disagree; move it away to start this round of training again"};
    return {};
  }
  void adopt(const TrainState& state) override {
    live_.start(state.config, state.params, pool_);
    step_.emplace(live_.weights().layout, live_.packed().matrices);
  }
  const Weights& model() const override { return live_.weights(); }
  WeightsPtr publish(VersionId version) override { return live_.publish(version); }
  const float* project(const float* dense) override { return dense; }
  void update(const AdamWCall& rates, const float* gradient, TrainState& state) override {
    const std::shared_ptr<float[]> from = state.params;
    live_.make_writable();
    state.params = live_.flat();
    step_->run(rates, {from.get(), state.params.get(), state.m.get(), state.v.get(), gradient}, &live_.packed(), pool_);
  }
  std::shared_ptr<const LoraAdapter> adapter() const override { return nullptr; }

 private:
  LiveModel live_;
  std::optional<AdamWStep> step_;
  WorkerPool pool_;
};

// Costs beside a fused LoRA backward pass: the engine computes every dense dW (a third of a step's arithmetic, and the buffers
// for it), and the merged model is a second copy that each step writes again. A fused pass would need
// (x A^T) and (dy B) per projection instead, O(rank * (in + out)) a token. What adapters save here is the moments, the state
// on disk and the files to hand on, not time.
class LoraParams : public TrainableParams {
 public:
  LoraParams(LoraConfig config, std::int64_t threads, Dtype compute)
      : config_(std::move(config)), live_(compute), pool_(threads) {}

  Result<TrainState> begin(const Weights& weights, const LearnerCursor& cursor, std::uint64_t seed) override {
    AD_ASSIGN_OR_RETURN(LoraAdapter adapter, plan_adapter(config_, weights.config));
    base_ = weights.data;
    base_config_ = weights.config;
    trains_ = describe(checksum64({reinterpret_cast<const char*>(base_.get()), weights.size * sizeof(float)}));
    adapter_ = std::move(adapter);
    gradient_ = aligned_floats(adapter_.size);
    // Every plan its own A: adapters of rounds that build on each other shall not all move within the same rank rows.
    auto values = initial_values(adapter_, mix64(seed) ^ cursor.step);
    return fresh_state(base_config_, cursor, seed, trains_, adapter_.size, std::move(values));
  }
  Status check(const TrainState& state) const override {
    if (base_ == nullptr) return {Errc::kInternal, "adapters are read after begin() with their base, not before"};
    if (state.trains != trains_) return of_another_kind(state, trains_);
    if (!(state.config == base_config_) || state.size != adapter_.size)
      return {Errc::kBadInput, "its shape is not that of this base; move it away to start this round of training again"};
    return {};
  }
  void adopt(const TrainState& state) override {
    adapter_.values = state.params;
    auto merged = aligned_floats(static_cast<std::size_t>(base_config_.parameter_count()));
    merge_over(merged.get());
    live_.start(base_config_, std::move(merged), pool_);
    step_.emplace(adapter_.layout);
  }
  const Weights& model() const override { return live_.weights(); }
  WeightsPtr publish(VersionId version) override { return live_.publish(version); }
  const float* project(const float* dense) override {
    adapter_gradient(adapter_, dense, gradient_.get(), pool_);
    return gradient_.get();
  }
  void update(const AdamWCall& rates, const float* gradient, TrainState& state) override {
    float* params = state.params.get();
    step_->run(rates, {params, params, state.m.get(), state.v.get(), gradient}, nullptr, pool_);
    if (live_.make_writable())
      merge_over(live_.flat().get());
    else
      merge_into(adapter_, base_.get(), live_.flat().get(), pool_);
    live_.pack(pool_);
  }
  std::shared_ptr<const LoraAdapter> adapter() const override {
    auto copy = std::make_shared<LoraAdapter>(adapter_);
    copy->values = aligned_floats(adapter_.size);
    std::memcpy(copy->values.get(), adapter_.values.get(), adapter_.size * sizeof(float));
    return copy;
  }

 private:
  void merge_over(float* merged) {
    std::memcpy(merged, base_.get(), static_cast<std::size_t>(base_config_.parameter_count()) * sizeof(float));
    merge_into(adapter_, base_.get(), merged, pool_);
  }
  std::string describe(std::uint64_t base) const {
    char text[128];
    std::snprintf(text, sizeof text, "LoRA adapters of rank %lld, scale %.9g, on ", static_cast<long long>(config_.rank),
                  config_.scale());
    std::string out = text;
    for (const std::string& target : config_.target_modules) out += target + ", ";
    std::snprintf(text, sizeof text, "base %016llx", static_cast<unsigned long long>(base));
    return out + text;
  }

  const LoraConfig config_;
  std::shared_ptr<const float[]> base_;
  ModelConfig base_config_;
  std::string trains_;
  LoraAdapter adapter_;
  std::shared_ptr<float[]> gradient_;
  LiveModel live_;
  std::optional<AdamWStep> step_;
  WorkerPool pool_;
};

}  // namespace

std::unique_ptr<TrainableParams> make_full_params(std::int64_t threads, Dtype compute) {
  return std::make_unique<FullParams>(threads, compute);
}
std::unique_ptr<TrainableParams> make_lora_params(const LoraConfig& config, std::int64_t threads, Dtype compute) {
  return std::make_unique<LoraParams>(config, threads, compute);
}

}  // namespace autodidact
