#include "model/trainable_params.hpp"

#include <cstdio>
#include <cstring>
#include <utility>

#include "kernels/rng.hpp"
#include "model/checksum.hpp"
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

class FullParams : public TrainableParams {
 public:
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
    layout_ = tensor_layout(state.config);
    params_ = state.params;
  }
  const std::vector<TensorView>& layout() const override { return layout_; }
  const float* effective() const override { return params_.get(); }
  const float* project(const float* dense) override { return dense; }
  void moved() override {}
  std::shared_ptr<const LoraAdapter> adapter() const override { return nullptr; }

 private:
  std::vector<TensorView> layout_;
  std::shared_ptr<float[]> params_;
};

// Costs beside a fused LoRA backward pass: the engine computes every dense dW (a third of a step's arithmetic, and one buffer
// of the model's size per lane), and the merged model is a second copy that each step writes again. A fused pass would need
// (x A^T) and (dy B) per projection instead, O(rank * (in + out)) a token. What adapters save here is the moments, the state
// on disk and the files to hand on, not time.
class LoraParams : public TrainableParams {
 public:
  LoraParams(LoraConfig config, std::int64_t threads) : config_(std::move(config)), pool_(threads) {}

  Result<TrainState> begin(const Weights& weights, const LearnerCursor& cursor, std::uint64_t seed) override {
    AD_ASSIGN_OR_RETURN(LoraAdapter adapter, plan_adapter(config_, weights.config));
    base_ = weights.data;
    base_config_ = weights.config;
    trains_ = describe(checksum64({reinterpret_cast<const char*>(base_.get()), weights.size * sizeof(float)}));
    adapter_ = std::move(adapter);
    gradient_ = aligned_floats(adapter_.size);
    merged_ = aligned_floats(weights.size);
    std::memcpy(merged_.get(), base_.get(), weights.size * sizeof(float));
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
    moved();
  }
  const std::vector<TensorView>& layout() const override { return adapter_.layout; }
  const float* effective() const override { return merged_.get(); }
  const float* project(const float* dense) override {
    adapter_gradient(adapter_, dense, gradient_.get(), pool_);
    return gradient_.get();
  }
  void moved() override { merge_into(adapter_, base_.get(), merged_.get(), pool_); }
  std::shared_ptr<const LoraAdapter> adapter() const override {
    auto copy = std::make_shared<LoraAdapter>(adapter_);
    copy->values = aligned_floats(adapter_.size);
    std::memcpy(copy->values.get(), adapter_.values.get(), adapter_.size * sizeof(float));
    return copy;
  }

 private:
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
  std::shared_ptr<float[]> merged_, gradient_;
  WorkerPool pool_;
};

}  // namespace

std::unique_ptr<TrainableParams> make_full_params() { return std::make_unique<FullParams>(); }
std::unique_ptr<TrainableParams> make_lora_params(const LoraConfig& config, std::int64_t threads) {
  return std::make_unique<LoraParams>(config, threads);
}

}  // namespace autodidact
