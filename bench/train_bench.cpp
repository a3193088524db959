// Training tokens per second of the learner, and what surrounds a step: saving its state, taking a snapshot, switching a
// decoder to it. Prints one JSON object.

#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/bench_model.hpp"
#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"
#include "model/adamw_learner.hpp"
#include "model/decoder.hpp"

namespace autodidact::bench {
namespace {

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// Lengths spread evenly from half to three halves of --length, prompts a quarter of each.
std::vector<TrainExample> random_batch(const ModelConfig& config, const Arguments& arguments, std::uint64_t seed) {
  std::vector<TrainExample> batch(static_cast<std::size_t>(arguments.integer("batch")));
  const std::int64_t mean = arguments.integer("length");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::int64_t length =
        mean / 2 + static_cast<std::int64_t>(random_bits(seed, i) % static_cast<std::uint64_t>(mean + 1));
    for (std::int64_t p = 0; p < length; ++p)
      batch[i].tokens.push_back(static_cast<TokenId>(random_bits(seed * 131 + i, static_cast<std::uint64_t>(p)) %
                                                     static_cast<std::uint64_t>(config.vocab_size)));
    batch[i].prompt_length = static_cast<std::uint32_t>(length / 4);
  }
  return batch;
}

// Best of the steps, each timed alone: other work on the machine only slows.
template <class Work>
double best_ms(std::int64_t repeats, Work work) {
  double best = 1e9;
  for (std::int64_t i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    work();
    best = std::min(best, ms_since(start));
  }
  return best;
}

int run(const Arguments& arguments) {
  const ModelConfig config = model_config(arguments);
  TrainOptions options;
  options.threads = arguments.integer("threads");
  const auto engines = [&](const ModelConfig& shape) {
    return arguments.text("engine") == "torch" ? make_torch_engine(shape, options.threads)
                                               : make_fused_engine(shape, options.threads);
  };
  auto learner = std::move(make_adamw_learner(options, 1, engines).value());
  const WeightsPtr start = init_weights(config, 0.02, 1);
  if (!learner->begin(*start, {0, 0, 0, 1e-3}).ok()) return 1;
  const auto batch = random_batch(config, arguments, 1);
  StepStats stats;
  const auto step = [&] { stats = learner->step(batch).value(); };
  step();
  const double step_ms = best_ms(arguments.integer("steps"), step);

  auto decoder = std::move(make_cpu_decoder({128}).value());
  WeightsPtr snapshot = learner->snapshot(1);
  if (!decoder->set_weights(snapshot).ok()) return 1;
  const double snapshot_ms = best_ms(50, [&] { snapshot = learner->snapshot(2); });
  const double switch_ms = best_ms(50, [&] { return decoder->set_weights(snapshot).ok(); });
  const std::string path = arguments.text("state");
  const double save_ms = best_ms(50, [&] {
    if (Status saved = learner->save_state(path); !saved.ok()) die(saved.message());
  });
  std::remove(path.c_str());
  std::printf(
      "{\"engine\": \"%s\", \"isa\": \"%s\", \"threads\": %ld, \"sequences\": %ld, \"tokens\": %lu, \"parameters\": %ld, "
      "\"step_ms\": %.2f, \"tokens_per_s\": %.0f, \"snapshot_ms\": %.3f, \"switch_ms\": %.6f, \"save_state_ms\": %.2f}\n",
      arguments.text("engine").c_str(), cpu_kernels().name, options.threads, arguments.integer("batch"), stats.tokens,
      config.parameter_count(), step_ms, 1e3 * static_cast<double>(stats.tokens) / step_ms, snapshot_ms, switch_ms, save_ms);
  return 0;
}

}  // namespace
}  // namespace autodidact::bench

int main(int argc, char** argv) {
  auto defaults = autodidact::bench::model_defaults();
  defaults.insert({{"threads", "2"},
                   {"batch", "128"},
                   {"length", "48"},
                   {"steps", "20"},
                   {"engine", "fused"},
                   {"state", "train_bench.state"}});
  return autodidact::bench::run(autodidact::bench::Arguments(argc, argv, std::move(defaults)));
}
