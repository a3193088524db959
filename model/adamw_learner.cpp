#include "model/adamw_learner.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"
#include "model/train_state.hpp"
#include "model/trainable_params.hpp"

namespace autodidact {
namespace {

class AdamWLearner : public Learner {
 public:
  AdamWLearner(const TrainOptions& options, std::uint64_t seed, EngineFactory make_engine,
               std::unique_ptr<TrainableParams> params)
      : options_(options), seed_(seed), make_engine_(std::move(make_engine)), params_(std::move(params)) {}

  Status begin(const Weights& weights, const LearnerCursor& cursor) override {
    AD_ASSIGN_OR_RETURN(TrainState state, params_->begin(weights, cursor, seed_));
    state.cursor.plan_step = 0;
    adopt(std::move(state));
    return {};
  }
  Result<StepStats> gradient(std::span<const TrainExample> batch, std::optional<double> denominator) override;
  Result<std::vector<std::vector<float>>> logprobs(std::span<const TrainExample> batch) override;
  void update() override;
  LearnerCursor cursor() const override { return state_.cursor; }
  WeightsPtr snapshot(VersionId version) override {
    AD_REQUIRE(engine_ != nullptr, "Learner::snapshot before begin() or load_state()");
    return params_->publish(version);
  }
  std::shared_ptr<const LoraAdapter> adapter() const override {
    AD_REQUIRE(engine_ != nullptr, "Learner::adapter before begin() or load_state()");
    return params_->adapter();
  }
  Status save_state(const std::string& path) const override {
    AD_REQUIRE(engine_ != nullptr, "Learner::save_state before begin() or load_state()");
    return write_train_state(state_, path, file_bytes_);
  }
  Status load_state(const std::string& path) override {
    AD_ASSIGN_OR_RETURN(TrainState state, read_train_state(path));
    AD_RETURN_IF_ERROR(params_->check(state).with_context(path));
    adopt(std::move(state));
    return {};
  }

 private:
  void adopt(TrainState state);
  Status place(std::span<const TrainExample> batch, StepStats& stats);
  Result<double> sum_micro_batches(float scale);

  const TrainOptions options_;
  const std::uint64_t seed_;
  const EngineFactory make_engine_;
  const std::unique_ptr<TrainableParams> params_;
  TrainState state_;
  std::unique_ptr<GradientEngine> engine_;
  std::size_t model_size_ = 0;        // floats of the model, which need not be the parameters'
  std::shared_ptr<float[]> dense_;    // gradient of the model's weights
  const float* gradient_ = nullptr;   // of the parameters, pending
  std::optional<StepStats> pending_;  // of the gradient that update() is to apply
  std::vector<PlacedExample> placed_;
  mutable std::string file_bytes_;
};

void AdamWLearner::adopt(TrainState state) {
  if (engine_ == nullptr || !(state.config == state_.config)) {
    engine_ = make_engine_(state.config);
    model_size_ = static_cast<std::size_t>(state.config.parameter_count());
    dense_ = aligned_floats(model_size_);
  }
  state_ = std::move(state);
  params_->adopt(state_);
  pending_.reset();
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

// Where the micro-batch that starts at `begin` ends: as many examples as fit train.micro_batch_tokens when each is padded to
// the first, the longest. One that alone is longer goes alone.
std::size_t micro_batch_end(std::span<const PlacedExample> longest_first, std::size_t begin, std::int64_t tokens) {
  const std::int64_t fit = std::max<std::int64_t>(1, tokens / longest_first[begin].rows());
  return std::min(longest_first.size(), begin + static_cast<std::size_t>(fit));
}

// The gradient of a sum is the sum of gradients: the same step as at once but for rounding. Longest first, so that little is
// padding and the peak of memory comes at the start.
Result<double> AdamWLearner::sum_micro_batches(float scale) {
  std::fill_n(dense_.get(), model_size_, 0.0f);
  if (options_.micro_batch_tokens == 0) return engine_->gradient(params_->model(), placed_, scale, dense_.get());
  std::stable_sort(placed_.begin(), placed_.end(), [](const auto& a, const auto& b) { return a.rows() > b.rows(); });
  double loss = 0;
  for (std::size_t begin = 0, end = 0; begin < placed_.size(); begin = end) {
    end = micro_batch_end(placed_, begin, options_.micro_batch_tokens);
    const auto part = std::span<const PlacedExample>(placed_).subspan(begin, end - begin);
    AD_ASSIGN_OR_RETURN(const double part_loss, engine_->gradient(params_->model(), part, scale, dense_.get()));
    loss += part_loss;
  }
  return loss;
}

Result<std::vector<std::vector<float>>> AdamWLearner::logprobs(std::span<const TrainExample> batch) {
  AD_REQUIRE(engine_ != nullptr, "Learner::logprobs before begin() or load_state()");
  StepStats ignored;
  AD_RETURN_IF_ERROR(place(batch, ignored));
  for (PlacedExample& placed : placed_) placed.offset = 0;
  std::vector<std::vector<float>> out;
  AD_RETURN_IF_ERROR(engine_->logprobs(params_->model(), placed_, out));
  return out;
}

Result<StepStats> AdamWLearner::gradient(std::span<const TrainExample> batch, std::optional<double> denominator) {
  AD_REQUIRE(engine_ != nullptr, "Learner::gradient before begin() or load_state()");
  pending_.reset();
  StepStats stats;
  AD_RETURN_IF_ERROR(place(batch, stats));
  const double scale = 1.0 / denominator.value_or(static_cast<double>(stats.loss_tokens));
  AD_ASSIGN_OR_RETURN(const double loss, sum_micro_batches(static_cast<float>(scale)));
  gradient_ = params_->project(dense_.get());
  stats.loss = loss * scale;
  stats.grad_norm = std::sqrt(cpu_kernels().sum_squares(gradient_, static_cast<std::int64_t>(state_.size)));
  stats.lr = learning_rate(options_, state_.cursor);
  if (!std::isfinite(stats.loss) || !std::isfinite(stats.grad_norm))
    return Status(Errc::kInternal,
                  "training step " + std::to_string(state_.cursor.step) +
                      ": loss or gradient is not finite; the weights are unchanged (a lower train.lr may help)");
  pending_ = stats;
  return stats;
}

void AdamWLearner::update() {
  AD_REQUIRE(pending_.has_value(), "Learner::update without a gradient");
  const StepStats stats = *std::exchange(pending_, std::nullopt);
  const double t = static_cast<double>(state_.cursor.plan_step) + 1;
  AdamWCall rates{};
  rates.grad_scale = options_.clip_norm > 0 && stats.grad_norm > options_.clip_norm
                         ? static_cast<float>(options_.clip_norm / stats.grad_norm)
                         : 1.0f;
  rates.lr = static_cast<float>(stats.lr);
  rates.beta1 = static_cast<float>(options_.beta1);
  rates.beta2 = static_cast<float>(options_.beta2);
  rates.eps = static_cast<float>(options_.adam_eps);
  rates.weight_decay = static_cast<float>(options_.weight_decay);
  rates.bias1 = static_cast<float>(1 - std::pow(options_.beta1, t));
  rates.bias2 = static_cast<float>(1 - std::pow(options_.beta2, t));
  params_->update(rates, gradient_, state_);
  ++state_.cursor.step;
  ++state_.cursor.plan_step;
}

class EngineScorer : public Scorer {
 public:
  explicit EngineScorer(EngineFactory make_engine) : make_engine_(std::move(make_engine)) {}

  Result<std::vector<std::vector<float>>> logprobs(const Weights& weights, std::span<const TrainExample> batch) override {
    return score(weights, batch, &GradientEngine::logprobs);
  }
  Result<std::vector<std::vector<RankedToken>>> ranked(const Weights& weights, std::span<const TrainExample> batch) override {
    return score(weights, batch, &GradientEngine::ranked);
  }
  Result<std::vector<std::vector<float>>> values(const Weights& weights, std::span<const TrainExample> batch) override {
    if (!weights.config.value_head)
      return Status(Errc::kBadInput, "version " + std::to_string(weights.version) + " has no value head");
    return score(weights, batch, &GradientEngine::values);
  }

 private:
  template <class Score>
  Result<std::vector<std::vector<Score>>> score(const Weights& weights, std::span<const TrainExample> batch,
                                                Status (GradientEngine::*scores)(const Weights&, std::span<const PlacedExample>,
                                                                                 std::vector<std::vector<Score>>&)) {
    std::vector<PlacedExample> placed;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      AD_RETURN_IF_ERROR(check_example(weights.config, batch[i]).with_context("example " + std::to_string(i)));
      placed.push_back({&batch[i], 0});
    }
    if (engine_ == nullptr || !(config_ == weights.config)) {
      config_ = weights.config;
      engine_ = make_engine_(config_);
    }
    std::vector<std::vector<Score>> out;
    AD_RETURN_IF_ERROR((*engine_.*scores)(weights, placed, out));
    return out;
  }

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

Result<std::unique_ptr<Learner>> make_adamw_learner(const TrainOptions& options, std::uint64_t seed, EngineFactory make_engine,
                                                    Dtype compute) {
  if (options.threads < 1 || options.threads > 256)
    return {Errc::kConfig, "train.threads: expected 1 to 256, got " + std::to_string(options.threads)};
  if (options.schedule != "constant" && options.schedule != "cosine" && options.schedule != "linear")
    return {Errc::kConfig, "train.schedule: expected constant, cosine or linear, got \"" + options.schedule + "\""};
  if (options.micro_batch_tokens < 0)
    return {Errc::kConfig, "train.micro_batch_tokens: expected 0 or more, got " + std::to_string(options.micro_batch_tokens)};
  auto params = make_full_params(options.threads, compute);
  if (options.lora_rank != 0) {
    AD_ASSIGN_OR_RETURN(const LoraConfig lora, lora_config(options));
    params = make_lora_params(lora, options.threads, compute);
  }
  return std::unique_ptr<Learner>(std::make_unique<AdamWLearner>(options, seed, std::move(make_engine), std::move(params)));
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
  if (!example.labels.empty() && !config.value_head) return bad("has value labels, and the model has no value head");
  for (std::size_t i = 0; i < example.labels.size(); ++i) {
    const ValueLabel& label = example.labels[i];
    const bool in_order = i == 0 || label.at > example.labels[i - 1].at;
    if (label.at + 1 < example.prompt_length || label.at >= example.tokens.size() || !in_order)
      return bad("a value label at token " + std::to_string(label.at) + " is not in the completion, or out of order");
    if (!(label.target >= 0 && label.target <= 1) || !std::isfinite(label.weight)) return bad("a value label is not in [0, 1]");
  }
  for (TokenId token : example.tokens)
    if (token < 0 || token >= config.vocab_size) return bad("token id " + std::to_string(token) + " is not in the vocabulary");
  return {};
}

}  // namespace autodidact
