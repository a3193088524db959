#pragma once
// Steps on this machine's processor. Weights that its caches hold are read by each worker for sequences of its own, and nobody
// waits within a step; larger ones are read once for all sequences, with columns, rows and draws shared out. Owner and thread
// as step_backend.hpp says.

#include <optional>
#include <vector>

#include "model/decode_lane.hpp"
#include "model/decoder.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {

class CpuBackend : public StepBackend {
 public:
  CpuBackend(const ModelConfig& config, const DecoderOptions& options, std::int64_t pages);
  static const StepDevice& device();

  Status set_weights(const WeightsPtr& weights) override;
  void copy_page(PageId from, PageId to) override { memory_.copy(from, to); }
  Status step(std::span<const StepRows> rows) override;

 private:
  double work(const StepRows& rows) const;
  void deal_out(std::span<const StepRows> all);

  const ModelConfig config_;
  const double parameters_;
  KvMemory memory_;
  WorkerPool pool_;
  std::vector<DecodeLane> lanes_;
  WeightsPtr weights_;
};

}  // namespace autodidact
