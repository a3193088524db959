#include "tests/fakes/fake_learner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>
#include <utility>

#include "config/files.hpp"
#include "config/sha256.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kDigestBytes = 64;
constexpr std::uint64_t kMaxStateBytes = 1ull << 30;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 29);
}

std::uint64_t hash_of(const TrainExample& example) {
  std::uint64_t hash = example.prompt_length;
  for (const TokenId token : example.tokens) hash = mixed(hash, static_cast<std::uint64_t>(token));
  return mixed(hash, static_cast<std::uint64_t>(std::lround(example.weight * 1e6)));
}

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
bool take(std::string_view& in, T& value) {
  if (in.size() < sizeof(value)) return false;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return true;
}

}  // namespace

FakeLearner::FakeLearner(const FakeOptions& options, std::uint64_t seed, std::shared_ptr<FakeControls> controls)
    : step_time_(options.train_step), on_step_(options.on_train_step), seed_(seed), controls_(std::move(controls)) {}

Status FakeLearner::begin(const Weights& weights, const LearnerCursor& cursor) {
  config_ = weights.config;
  values_.assign(weights.data.get(), weights.data.get() + weights.size);
  moments_ = seed_;
  cursor_ = cursor;
  cursor_.plan_step = 0;
  return {};
}

Result<std::vector<std::vector<float>>> FakeLearner::logprobs(std::span<const TrainExample> batch) {
  return FakeScorer(0).logprobs({}, batch);
}

Result<StepStats> FakeLearner::gradient(std::span<const TrainExample> batch, std::optional<double>) {
  if (values_.empty()) return Status(Errc::kInternal, "gradient() before begin() or load_state()");
  if (batch.empty()) return Status(Errc::kInternal, "an empty batch");
  controls_->train_step();
  if (step_time_.count() > 0) std::this_thread::sleep_for(step_time_);
  StepStats stats;
  std::uint64_t moments = moments_;
  for (const auto& example : batch) {
    moments = mixed(moments, hash_of(example));
    stats.tokens += example.tokens.size();
    stats.loss_tokens += example.tokens.size() - example.prompt_length;
  }
  pending_ = moments;
  stats.loss = 2.0 / (1.0 + 0.01 * static_cast<double>(cursor_.plan_step + 1));
  stats.grad_norm = 1;
  stats.lr = cursor_.peak_lr;
  return stats;
}

void FakeLearner::update() {
  AD_REQUIRE(pending_.has_value(), "update() without a gradient");
  moments_ = *std::exchange(pending_, std::nullopt);
  for (std::uint64_t i = 0, at = moments_; i < 8; ++i, at = mixed(at, i)) {
    values_[at % values_.size()] += (at >> 40) % 2 == 0 ? 1e-3f : -1e-3f;
  }
  ++cursor_.step;
  ++cursor_.plan_step;
  if (on_step_) on_step_(cursor_.step);
}

WeightsPtr FakeLearner::snapshot(VersionId version) {
  auto copy = aligned_floats(values_.size());
  std::copy(values_.begin(), values_.end(), copy.get());
  return make_weights(config_, version, std::move(copy));
}

// State: cursor, moments, shape, values; then the digest of it all.
Status FakeLearner::save_state(const std::string& path) const {
  std::string bytes;
  put(bytes, cursor_);
  put(bytes, moments_);
  put(bytes, config_);
  put(bytes, static_cast<std::uint64_t>(values_.size()));
  bytes.append(reinterpret_cast<const char*>(values_.data()), values_.size() * sizeof(float));
  bytes += sha256_hex(bytes);
  return write_file_atomic(path, bytes);
}

Status FakeLearner::load_state(const std::string& path) {
  auto bytes = read_file(path, kMaxStateBytes);
  if (!bytes.ok()) return bytes.status();
  const Status damaged(Errc::kBadInput, path + ": damaged learner state");
  if (bytes->size() < kDigestBytes) return damaged;
  std::string_view in(bytes->data(), bytes->size() - kDigestBytes);
  if (sha256_hex(in) != bytes->substr(in.size())) return damaged;
  std::uint64_t size = 0;
  LearnerCursor cursor;
  if (!take(in, cursor) || !take(in, moments_) || !take(in, config_) || !take(in, size)) return damaged;
  if (in.size() != size * sizeof(float)) return damaged;
  values_.resize(size);
  std::memcpy(values_.data(), in.data(), in.size());
  cursor_ = cursor;
  return {};
}

// A number of its own for each labelled beginning.
Result<std::vector<std::vector<float>>> FakeScorer::values(const Weights&, std::span<const TrainExample> batch) {
  std::vector<std::vector<float>> out;
  for (const auto& example : batch) {
    auto& row = out.emplace_back();
    for (const ValueLabel& label : example.labels) row.push_back(fake_logprob(example.tokens[label.at]));
  }
  return out;
}

Result<std::vector<std::vector<float>>> FakeScorer::logprobs(const Weights&, std::span<const TrainExample> batch) {
  std::vector<std::vector<float>> out;
  for (const auto& example : batch) {
    auto& row = out.emplace_back();
    for (std::size_t i = example.prompt_length; i < example.tokens.size(); ++i)
      row.push_back(fake_logprob(example.tokens[i]) - gap_);
  }
  return out;
}

// The likeliest is one that fake_logprob() likes best.
Result<std::vector<std::vector<RankedToken>>> FakeScorer::ranked(const Weights& weights, std::span<const TrainExample> batch) {
  auto scored = logprobs(weights, batch);
  if (!scored.ok()) return scored.status();
  std::vector<std::vector<RankedToken>> out;
  for (const auto& row : *scored) {
    out.emplace_back();
    for (const float logprob : row) out.back().push_back({logprob, 7, fake_logprob(7)});
  }
  return out;
}

}  // namespace autodidact
