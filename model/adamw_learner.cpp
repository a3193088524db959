#include "model/adamw_learner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>
#include <utility>

#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"
#include "model/train_state.hpp"

namespace autodidact {
namespace {

class AdamWLearner : public Learner {
 public:
  AdamWLearner(const TrainOptions& options, std::uint64_t seed, EngineFactory make_engine)
      : options_(options), seed_(seed), make_engine_(std::move(make_engine)) {}

  Status begin(const Weights& weights, const LearnerCursor& cursor) override {
    TrainState state = start_state(weights, cursor, seed_);
    state.cursor.plan_step = 0;
    return adopt(std::move(state));
  }
  Result<StepStats> gradient(std::span<const TrainExample> batch) override;
  void update() override;
  LearnerCursor cursor() const override { return state_.cursor; }
  WeightsPtr snapshot(VersionId version) const override {
    AD_REQUIRE(engine_ != nullptr, "Learner::snapshot before begin() or load_state()");
    auto copy = aligned_floats(state_.size);
    std::memcpy(copy.get(), state_.params.get(), state_.size * sizeof(float));
    return make_weights(state_.config, version, std::move(copy));
  }
  Status save_state(const std::string& path) const override {
    AD_REQUIRE(engine_ != nullptr, "Learner::save_state before begin() or load_state()");
    return write_train_state(state_, path, file_bytes_);
  }
  Status load_state(const std::string& path) override {
    AD_ASSIGN_OR_RETURN(TrainState state, read_train_state(path));
    return adopt(std::move(state));
  }

 private:
  Status adopt(TrainState state);
  Status place(std::span<const TrainExample> batch, StepStats& stats);

  const TrainOptions options_;
  const std::uint64_t seed_;
  const EngineFactory make_engine_;
  TrainState state_;
  std::unique_ptr<GradientEngine> engine_;
  std::shared_ptr<float[]> grad_;
  std::optional<StepStats> pending_;  // of the gradient that update() is to apply
  std::vector<PlacedExample> placed_;
  mutable std::string file_bytes_;
};

Status AdamWLearner::adopt(TrainState state) {
  if (engine_ == nullptr || !(state.config == state_.config)) {
    engine_ = make_engine_(state.config);
    grad_ = aligned_floats(state.size);
  }
  state_ = std::move(state);
  pending_.reset();
  return {};
}

// Learned positions start anywhere the sequence fits within random_offset, so that every one of them is trained. Rotary
// positions are relative: an offset would change nothing but rounding.
Status AdamWLearner::place(std::span<const TrainExample> batch, StepStats& stats) {
  placed_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    AD_RETURN_IF_ERROR(check_example(state_.config, batch[i]).with_context("training example " + std::to_string(i)));
    PlacedExample placed{&batch[i], 0};
    if (state_.config.position == ModelConfig::Position::kLearned && state_.config.random_offset > 0) {
      const std::int64_t room = state_.config.max_position_embeddings - static_cast<std::int64_t>(batch[i].tokens.size());
      const auto choices = static_cast<std::uint64_t>(std::min(room, state_.config.random_offset) + 1);
      placed.offset = static_cast<std::int64_t>(random_bits(mix64(state_.seed) ^ state_.cursor.step, i) % choices);
    }
    stats.tokens += static_cast<std::uint64_t>(placed.rows());
    stats.loss_tokens += static_cast<std::uint64_t>(placed.counted());
    placed_.push_back(placed);
  }
  if (stats.loss_tokens == 0) return {Errc::kBadInput, "training batch: no completion token to learn from"};
  return {};
}

Result<StepStats> AdamWLearner::gradient(std::span<const TrainExample> batch) {
  AD_REQUIRE(engine_ != nullptr, "Learner::gradient before begin() or load_state()");
  pending_.reset();
  StepStats stats;
  AD_RETURN_IF_ERROR(place(batch, stats));
  const double scale = 1.0 / static_cast<double>(stats.loss_tokens);
  AD_ASSIGN_OR_RETURN(const double loss,
                      engine_->gradient(state_.params.get(), placed_, static_cast<float>(scale), grad_.get()));
  stats.loss = loss * scale;
  stats.grad_norm = std::sqrt(cpu_kernels().sum_squares(grad_.get(), static_cast<std::int64_t>(state_.size)));
  stats.lr = learning_rate(options_, state_.cursor);
  if (!std::isfinite(stats.loss) || !std::isfinite(stats.grad_norm))
    return Status(Errc::kInternal,
                  "training step " + std::to_string(state_.cursor.step) +
                      ": loss or gradient is not finite; the weights are unchanged (a lower train.lr may help)");
  pending_ = stats;
  return stats;
}

// Matrices decay, norms do not.
void AdamWLearner::update() {
  AD_REQUIRE(pending_.has_value(), "Learner::update without a gradient");
  const StepStats stats = *std::exchange(pending_, std::nullopt);
  const double t = static_cast<double>(state_.cursor.plan_step) + 1;
  AdamWCall call;
  call.grad_scale = options_.clip_norm > 0 && stats.grad_norm > options_.clip_norm
                        ? static_cast<float>(options_.clip_norm / stats.grad_norm)
                        : 1.0f;
  call.lr = static_cast<float>(stats.lr);
  call.beta1 = static_cast<float>(options_.beta1);
  call.beta2 = static_cast<float>(options_.beta2);
  call.eps = static_cast<float>(options_.adam_eps);
  call.bias1 = static_cast<float>(1 - std::pow(options_.beta1, t));
  call.bias2 = static_cast<float>(1 - std::pow(options_.beta2, t));
  for (const TensorView& tensor : tensor_layout(state_.config)) {
    call.param = state_.params.get() + tensor.offset;
    call.m = state_.m.get() + tensor.offset;
    call.v = state_.v.get() + tensor.offset;
    call.grad = grad_.get() + tensor.offset;
    call.n = static_cast<std::int64_t>(tensor.size);
    call.weight_decay = tensor.shape.size() == 2 ? static_cast<float>(options_.weight_decay) : 0.0f;
    cpu_kernels().adamw(call);
  }
  ++state_.cursor.step;
  ++state_.cursor.plan_step;
}

class EngineScorer : public Scorer {
 public:
  explicit EngineScorer(EngineFactory make_engine) : make_engine_(std::move(make_engine)) {}

  Result<std::vector<std::vector<float>>> logprobs(const Weights& weights, std::span<const TrainExample> batch) override {
    std::vector<PlacedExample> placed;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      AD_RETURN_IF_ERROR(check_example(weights.config, batch[i]).with_context("example " + std::to_string(i)));
      placed.push_back({&batch[i], 0});
    }
    if (engine_ == nullptr || !(config_ == weights.config)) {
      config_ = weights.config;
      engine_ = make_engine_(config_);
    }
    std::vector<std::vector<float>> out;
    AD_RETURN_IF_ERROR(engine_->logprobs(weights, placed, out));
    return out;
  }

 private:
  const EngineFactory make_engine_;
  ModelConfig config_;
  std::unique_ptr<GradientEngine> engine_;
};

}  // namespace

double learning_rate(const TrainOptions& options, const LearnerCursor& cursor) {
  const auto step = static_cast<double>(cursor.plan_step), warmup = static_cast<double>(options.warmup_steps);
  if (step < warmup) return cursor.peak_lr * (step + 1) / warmup;
  if (options.schedule == "constant" || cursor.plan_steps == 0) return cursor.peak_lr;
  const double span = std::max(1.0, static_cast<double>(cursor.plan_steps) - warmup);
  const double done = std::min(1.0, (step - warmup) / span);
  if (options.schedule == "linear") return cursor.peak_lr * (1 - done);
  return cursor.peak_lr * (0.1 + 0.9 * 0.5 * (1 + std::cos(std::numbers::pi * done)));
}

Result<std::unique_ptr<Learner>> make_adamw_learner(const TrainOptions& options, std::uint64_t seed,
                                                    EngineFactory make_engine) {
  if (options.threads < 1 || options.threads > 256)
    return {Errc::kConfig, "train.threads: expected 1 to 256, got " + std::to_string(options.threads)};
  if (options.schedule != "constant" && options.schedule != "cosine" && options.schedule != "linear")
    return {Errc::kConfig, "train.schedule: expected constant, cosine or linear, got \"" + options.schedule + "\""};
  return std::unique_ptr<Learner>(std::make_unique<AdamWLearner>(options, seed, std::move(make_engine)));
}

std::unique_ptr<Scorer> make_scorer(EngineFactory make_engine) {
  return std::make_unique<EngineScorer>(std::move(make_engine));
}

Status check_example(const ModelConfig& config, const TrainExample& example) {
  const auto bad = [](const std::string& what) { return Status(Errc::kBadInput, what); };
  if (example.tokens.size() < 2) return bad("needs at least two tokens, has " + std::to_string(example.tokens.size()));
  if (example.tokens.size() > static_cast<std::size_t>(config.max_position_embeddings))
    return bad(std::to_string(example.tokens.size()) + " tokens, the model has " +
               std::to_string(config.max_position_embeddings) + " positions");
  if (example.prompt_length >= example.tokens.size())
    return bad("the prompt takes all of its tokens; nothing is left to learn");
  if (!std::isfinite(example.weight)) return bad("its weight is not finite");
  for (TokenId token : example.tokens)
    if (token < 0 || token >= config.vocab_size) return bad("token id " + std::to_string(token) + " is not in the vocabulary");
  return {};
}

}  // namespace autodidact
