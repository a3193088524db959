// The daemon's runtime: everything on the CPU is computed by our own kernels.

#include "model/runtime.hpp"

#include "model/adamw_learner.hpp"

namespace autodidact {
namespace {

class CpuRuntime : public ModelRuntime {
 public:
  Result<std::unique_ptr<Decoder>> make_decoder(const DecoderOptions& options) override { return make_cpu_decoder(options); }
  Result<std::unique_ptr<Learner>> make_learner(const TrainOptions& options, Dtype compute, std::uint64_t seed) override {
    const EngineFactory one = [engine = EngineOptions{options.threads, options.activation_checkpointing}](
                                  const ModelConfig& config) { return make_fused_engine(config, engine); };
    const EngineFactory ranks = [one, count = options.data_parallel](const ModelConfig& config) {
      return count == 1 ? one(config) : make_data_parallel_engine(config, count, one);
    };
    return make_adamw_learner(options, seed, ranks, compute);
  }
  Result<std::unique_ptr<Scorer>> make_scorer() override {
    const EngineOptions keeps_little{1, /*checkpointing=*/true};  // there is no way back to keep activations for
    return autodidact::make_scorer(
        [keeps_little](const ModelConfig& config) { return make_fused_engine(config, keeps_little); });
  }
};

}  // namespace

std::unique_ptr<ModelRuntime> make_runtime() { return std::make_unique<CpuRuntime>(); }

}  // namespace autodidact
