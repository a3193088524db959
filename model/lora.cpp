#include "model/lora.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kMaxRank = 65536;
constexpr std::int64_t kRowBlock = 64;  // rows of W copied and added to while they are in the cache
// The modules that "all-linear" means: PEFT's rule is every linear layer but the output layer.
const std::set<std::string, std::less<>> kProjections = {"q_proj",    "k_proj",  "v_proj",    "o_proj",
                                                         "gate_proj", "up_proj", "down_proj",  // Llama and Qwen
                                                         "c_attn",    "c_proj",  "c_fc"};      // GPT-2

std::string_view last_name(std::string_view module) { return module.substr(module.rfind('.') + 1); }

// "model.layers.0.mlp.up_proj" for its weight; empty for what cannot have an adapter.
std::string projection(const TensorView& tensor) {
  constexpr std::string_view kWeight = ".weight";
  if (tensor.shape.size() != 2 || !tensor.name.ends_with(kWeight)) return {};
  const std::string module = tensor.name.substr(0, tensor.name.size() - kWeight.size());
  return kProjections.contains(last_name(module)) ? module : std::string();
}

Status check(const LoraConfig& config) {
  if (config.rank < 1 || config.rank > kMaxRank)
    return {Errc::kConfig, "LoRA rank: expected 1 to " + std::to_string(kMaxRank) + ", got " + std::to_string(config.rank)};
  if (!std::isfinite(config.scale()) || config.alpha <= 0)
    return {Errc::kConfig, "LoRA alpha: expected a number above 0, got " + std::to_string(config.alpha)};
  if (config.target_modules.empty()) return {Errc::kConfig, "LoRA target modules: none named"};
  return {};
}

// The targets a module answers to, by PEFT's rule: its own name, or a tail of it that begins behind a point.
class Targets {
 public:
  explicit Targets(const std::vector<std::string>& names)
      : all_(names.size() == 1 && names[0] == "all-linear"), wanted_(names.begin(), names.end()), unused_(wanted_) {}

  bool take(std::string_view module) {
    bool taken = all_;
    for (std::string_view tail = module;; tail.remove_prefix(tail.find('.') + 1)) {
      if (const auto found = wanted_.find(tail); found != wanted_.end()) {
        taken = true;
        unused_.erase(*found);
      }
      if (tail.find('.') == std::string_view::npos) return taken;
    }
  }
  // A name that no module answered to; null when there is none.
  const std::string* unused() const { return all_ || unused_.empty() ? nullptr : &*unused_.begin(); }

 private:
  const bool all_;
  const std::set<std::string, std::less<>> wanted_;
  std::set<std::string, std::less<>> unused_;
};

void add_matrix(LoraAdapter& adapter, const std::string& module, const TensorView& weight) {
  const std::int64_t rank = adapter.config.rank, out = weight.shape[0], in = weight.shape[1];
  const auto place = [&](const char* which, std::int64_t rows, std::int64_t columns) {
    const auto size = static_cast<std::size_t>(rows * columns);
    const std::size_t offset = adapter.size;
    adapter.layout.push_back({"base_model.model." + module + which, {rows, columns}, offset, size});
    adapter.size += size;
    return offset;
  };
  const std::size_t a = place(".lora_A.weight", rank, in), b = place(".lora_B.weight", out, rank);
  adapter.matrices.push_back({module, out, in, weight.offset, a, b});
}

void merge_matrix(const LoraAdapter& adapter, const LoraMatrix& m, const float* base, float* merged) {
  const CpuKernels& kernels = cpu_kernels();
  const std::int64_t rank = adapter.config.rank;
  const auto scale = static_cast<float>(adapter.config.scale());
  std::vector<float> panels(static_cast<std::size_t>(packed_floats(kernels, m.in, rank) + kSlackFloats));
  kernels.pack_kn(adapter.values.get() + m.a, m.in, rank, m.in, panels.data());
  std::vector<float> scaled(static_cast<std::size_t>(kRowBlock * rank + kSlackFloats));
  for (std::int64_t row = 0; row < m.out; row += kRowBlock) {
    const std::int64_t rows = std::min(kRowBlock, m.out - row);
    const float* b = adapter.values.get() + m.b + row * rank;
    std::transform(b, b + rows * rank, scaled.begin(), [scale](float value) { return scale * value; });
    const std::size_t at = m.weight + static_cast<std::size_t>(row * m.in);
    std::memcpy(merged + at, base + at, static_cast<std::size_t>(rows * m.in) * sizeof(float));
    kernels.gemm(scaled.data(), rank, rows, panels.data(), rank, m.in, merged + at, m.in, true);
  }
}

void matrix_gradient(const LoraAdapter& adapter, const LoraMatrix& m, const float* dense, float* grad) {
  const CpuKernels& kernels = cpu_kernels();
  const std::int64_t rank = adapter.config.rank;
  const float *a = adapter.values.get() + m.a, *b = adapter.values.get() + m.b, *dw = dense + m.weight;
  float *da = grad + m.a, *db = grad + m.b;
  std::vector<float> panels(static_cast<std::size_t>(packed_floats(kernels, rank, m.in) + kSlackFloats));
  kernels.pack_nk(a, m.in, rank, m.in, panels.data());
  kernels.gemm(dw, m.in, m.out, panels.data(), m.in, rank, db, rank, false);
  std::fill_n(da, rank * m.in, 0.0f);
  std::vector<float> scratch(static_cast<std::size_t>(gemm_scratch_floats(m.in)));
  kernels.gemm_tn_add(b, rank, dw, m.in, m.out, rank, m.in, da, m.in, scratch.data());
  const auto scale = static_cast<float>(adapter.config.scale());
  for (std::int64_t i = 0; i < rank * m.in; ++i) da[i] *= scale;
  for (std::int64_t i = 0; i < m.out * rank; ++i) db[i] *= scale;
}

}  // namespace

double LoraConfig::scale() const {
  return alpha / (use_rslora ? std::sqrt(static_cast<double>(rank)) : static_cast<double>(rank));
}

Result<LoraConfig> lora_config(const TrainOptions& options) {
  LoraConfig config{options.lora_rank, options.lora_alpha, {}, options.use_rslora};
  const std::string& text = options.lora_target_modules;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::size_t first = text.find_first_not_of(' ', begin), last = text.find_last_not_of(' ', end - 1);
    if (end == begin || first >= end)
      return {Errc::kConfig, "train.lora_target_modules: expected names separated by commas, got \"" + text + "\""};
    config.target_modules.push_back(text.substr(first, last - first + 1));
    begin = end + 1;
  }
  return config;
}

Result<LoraAdapter> plan_adapter(const LoraConfig& config, const ModelConfig& model) {
  AD_RETURN_IF_ERROR(check(config));
  LoraAdapter adapter;
  adapter.config = config;
  Targets targets(config.target_modules);
  for (const TensorView& tensor : tensor_layout(model)) {
    const std::string module = projection(tensor);
    if (!module.empty() && targets.take(module)) add_matrix(adapter, module, tensor);
  }
  if (const std::string* name = targets.unused())
    return {Errc::kConfig, "LoRA target module \"" + name->substr(0, 80) +
                               "\": this model has no projection of that name; adapters go on q_proj, k_proj, v_proj, o_proj, "
                               "gate_proj, up_proj and down_proj, in GPT-2 on c_attn, c_proj and c_fc"};
  return adapter;
}

std::shared_ptr<float[]> initial_values(const LoraAdapter& adapter, std::uint64_t seed) {
  auto values = aligned_floats(adapter.size);
  for (const LoraMatrix& m : adapter.matrices) {
    const double bound = 1 / std::sqrt(static_cast<double>(m.in));
    for (std::size_t i = m.a; i < m.a + static_cast<std::size_t>(adapter.config.rank * m.in); ++i)
      values[i] = static_cast<float>(bound * (2 * random_unit(seed, i) - 1));
  }
  return values;
}

void merge_into(const LoraAdapter& adapter, const float* base, float* merged, WorkerPool& pool) {
  pool.run(static_cast<std::int64_t>(adapter.matrices.size()),
           [&](std::int64_t i) { merge_matrix(adapter, adapter.matrices[static_cast<std::size_t>(i)], base, merged); });
}

WeightsPtr merge_adapter(const Weights& base, const LoraAdapter& adapter, VersionId version, std::int64_t threads) {
  auto merged = aligned_floats(base.size);
  std::memcpy(merged.get(), base.data.get(), base.size * sizeof(float));
  WorkerPool pool(threads);
  merge_into(adapter, base.data.get(), merged.get(), pool);
  return make_weights(base.config, version, std::move(merged));
}

void adapter_gradient(const LoraAdapter& adapter, const float* dense, float* grad, WorkerPool& pool) {
  pool.run(static_cast<std::int64_t>(adapter.matrices.size()),
           [&](std::int64_t i) { matrix_gradient(adapter, adapter.matrices[static_cast<std::size_t>(i)], dense, grad); });
}

}  // namespace autodidact
