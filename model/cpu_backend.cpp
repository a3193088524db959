#include "model/cpu_backend.hpp"

#include <algorithm>

namespace autodidact {
namespace {

constexpr std::int64_t kHeldByCaches = std::int64_t{1} << 23;  // bytes
bool reads_together(const ModelConfig& config) {
  return config.parameter_count() * static_cast<std::int64_t>(sizeof(float)) > kHeldByCaches;
}

// Room for every sequence at its longest, but no more than this: what is not in use is kept for whoever begins alike.
std::int64_t most_by_itself() { return std::int64_t{2} << 30; }

Result<std::unique_ptr<StepBackend>> make(const ModelConfig& config, const DecoderOptions& options, std::int64_t pages) {
  return std::unique_ptr<StepBackend>(std::make_unique<CpuBackend>(config, options, pages));
}

}  // namespace

const StepDevice& CpuBackend::device() {
  static const StepDevice device{&KvMemory::page_bytes, &most_by_itself, &make};
  return device;
}

CpuBackend::CpuBackend(const ModelConfig& config, const DecoderOptions& options, std::int64_t pages)
    : config_(config),
      parameters_(static_cast<double>(config.parameter_count())),
      memory_(config, pages),
      pool_(options.threads) {
  const std::int64_t lanes = reads_together(config) ? 1 : options.threads;
  for (std::int64_t i = 0; i < lanes; ++i)
    lanes_.emplace_back(config, options.batch, options.batch + options.prefill_rows, options.threads);
}

Status CpuBackend::set_weights(const WeightsPtr& weights) {
  weights_ = weights;
  return {};
}

double CpuBackend::work(const StepRows& rows) const {
  const auto count = static_cast<std::int64_t>(rows.tokens.size());
  const auto attention = 2 * config_.num_hidden_layers * q_width(config_) * (rows.first + count);
  return static_cast<double>(count) * (parameters_ + static_cast<double>(attention));
}

// To each lane about as much work, neighbours to the same.
void CpuBackend::deal_out(std::span<const StepRows> all) {
  for (DecodeLane& lane : lanes_) lane.clear();
  double whole = 0, dealt = 0;
  for (const StepRows& rows : all) whole += work(rows);
  for (const StepRows& rows : all) {
    const double middle = dealt + work(rows) / 2;
    dealt += work(rows);
    const auto lane = static_cast<std::size_t>(middle / whole * static_cast<double>(lanes_.size()));
    lanes_[std::min(lane, lanes_.size() - 1)].add(rows, memory_);
  }
}

// One lane alone has all threads to help.
Status CpuBackend::step(std::span<const StepRows> rows) {
  deal_out(rows);
  if (std::ranges::count(lanes_, false, &DecodeLane::empty) == 1) {
    std::ranges::find(lanes_, false, &DecodeLane::empty)->run(*weights_->packed, memory_, Helpers(&pool_));
    return {};
  }
  pool_.run(static_cast<std::int64_t>(lanes_.size()), [this](std::int64_t i) {
    DecodeLane& lane = lanes_[static_cast<std::size_t>(i)];
    if (!lane.empty()) lane.run(*weights_->packed, memory_, Helpers());
  });
  return {};
}

}  // namespace autodidact
