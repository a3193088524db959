// The daemon's runtime: our own kernels.

#include "model/runtime.hpp"

#include "model/adamw_learner.hpp"

namespace autodidact {
namespace {

class OwnRuntime : public ModelRuntime {
 public:
  Result<std::unique_ptr<Decoder>> make_decoder(const DecoderOptions& options) override {
    if (options.device == DecoderOptions::Device::kCpu) return make_cpu_decoder(options);
#ifdef AD_CUDA
    return make_cuda_decoder(options);
#else
    return {Errc::kUnavailable,
            "sample.device = \"cuda\": this build has no GPU code; configure it where nvcc is found, or set it to \"cpu\""};
#endif
  }
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

std::unique_ptr<ModelRuntime> make_runtime() { return std::make_unique<OwnRuntime>(); }

}  // namespace autodidact
