// Which engine computes what. The fused engine has no blocking for matrices that outgrow the second-level cache and keeps
// whole activations, so beyond kFusedParameters libtorch's matrix products win.

#include "model/adamw_learner.hpp"
#include "model/runtime.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kFusedParameters = 16'000'000;

EngineFactory engines(std::int64_t threads) {
  return [threads](const ModelConfig& config) {
    return config.parameter_count() <= kFusedParameters ? make_fused_engine(config, threads)
                                                        : make_torch_engine(config, threads);
  };
}

class TorchRuntime : public ModelRuntime {
 public:
  Result<std::unique_ptr<Decoder>> make_decoder(const DecoderOptions& options) override { return make_cpu_decoder(options); }
  Result<std::unique_ptr<Learner>> make_learner(const TrainOptions& options, std::uint64_t seed) override {
    return make_adamw_learner(options, seed, engines(options.threads));
  }
  Result<std::unique_ptr<Scorer>> make_scorer() override { return autodidact::make_scorer(engines(1)); }
};

}  // namespace

std::unique_ptr<ModelRuntime> make_torch_runtime() { return std::make_unique<TorchRuntime>(); }

}  // namespace autodidact
