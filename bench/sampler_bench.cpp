// What drawing a token for each of 32 rows of 49,152 logits costs one thread, log-probability included: this engine's sampler
// under common settings, and libtorch's softmax, multinomial, log_softmax and gather on the same rows.

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <benchmark/benchmark.h>

#include "kernels/rng.hpp"
#include "kernels/sampler.hpp"

namespace {

using namespace autodidact;
constexpr std::int64_t kRows = 32, kVocab = 49152;

std::vector<float> logits() {
  std::vector<float> all(static_cast<std::size_t>(kRows * kVocab + kSlackFloats));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = 3 * static_cast<float>(random_normal(1, i));
  return all;
}

void ours(benchmark::State& state, SamplerSettings settings) {
  std::vector<float> rows = logits();
  SamplerScratch scratch(kVocab);
  std::uint64_t draws = 0;
  for (auto _ : state)
    for (std::int64_t r = 0; r < kRows; ++r) {
      const double uniform = random_unit(2, draws++);
      benchmark::DoNotOptimize(
          draw_token(cpu_kernels(), rows.data() + r * kVocab, kVocab, settings, {uniform, -1, {}}, scratch));
    }
}

void libtorch(benchmark::State& state) {
  at::set_num_threads(1);
  std::vector<float> rows = logits();
  const at::Tensor tensor = at::from_blob(rows.data(), {kRows, kVocab});
  for (auto _ : state) {
    const at::Tensor tokens = at::multinomial(at::softmax(tensor, -1), 1);
    benchmark::DoNotOptimize(at::log_softmax(tensor, -1).gather(-1, tokens).data_ptr());
  }
}

SamplerSettings with(auto change) {
  SamplerSettings settings;
  settings.temperature = 1;
  settings.top_p = 1;
  settings.top_k = 0;
  change(settings);
  return settings;
}

BENCHMARK_CAPTURE(ours, temperature_1, with([](SamplerSettings&) {}))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, temperature_0_7, with([](SamplerSettings& s) { s.temperature = 0.7f; }))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, greedy, with([](SamplerSettings& s) { s.temperature = 0; }))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, top_k_50, with([](SamplerSettings& s) { s.top_k = 50; }))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, top_p_0_95, with([](SamplerSettings& s) { s.top_p = 0.95f; }))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, min_p_0_05, with([](SamplerSettings& s) { s.min_p = 0.05f; }))->Unit(benchmark::kMillisecond);
BENCHMARK(libtorch)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
