// Training tokens per second of the learner and its peak memory; with --surroundings 1 also what surrounds a step: saving its
// state, publishing, switching a decoder to it. Prints one JSON object.

#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <vector>

#include "bench/bench_model.hpp"
#include "bench/multiply_adds.hpp"
#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"
#include "model/adamw_learner.hpp"
#include "model/decoder.hpp"
#include "model/worker_pool.hpp"

namespace autodidact::bench {
namespace {

// Lengths spread evenly from half to three halves of --length, prompts a quarter of each; or, with --packed 1, every row full
// and every token counted.
std::vector<TrainExample> random_batch(const ModelConfig& config, const Arguments& arguments, std::uint64_t seed) {
  std::vector<TrainExample> batch(static_cast<std::size_t>(arguments.integer("batch")));
  const std::int64_t mean = arguments.integer("length");
  const bool packed = arguments.integer("packed") != 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::int64_t length =
        packed ? mean + 1 : mean / 2 + static_cast<std::int64_t>(random_bits(seed, i) % static_cast<std::uint64_t>(mean + 1));
    for (std::int64_t p = 0; p < length; ++p)
      batch[i].tokens.push_back(static_cast<TokenId>(random_bits(seed * 131 + i, static_cast<std::uint64_t>(p)) %
                                                     static_cast<std::uint64_t>(config.vocab_size)));
    batch[i].prompt_length = packed ? 0 : static_cast<std::uint32_t>(length / 4);
  }
  return batch;
}

template <class Work>
double best_ms(std::int64_t repeats, Work work) {
  return 1e3 * best_seconds(repeats, work);
}

// 2 per multiply-add: 3 passes over every matrix for each token, and the causal half of attention.
double step_flops(const ModelConfig& c, const std::vector<TrainExample>& batch) {
  const double layer = static_cast<double>(c.hidden_size) * static_cast<double>(qkv_width(c) + q_width(c) + up_width(c)) +
                       static_cast<double>(c.hidden_size * c.intermediate_size);
  const double token =
      static_cast<double>(c.num_hidden_layers) * layer + static_cast<double>(c.hidden_size) * static_cast<double>(c.vocab_size);
  double flops = 0;
  for (const TrainExample& example : batch) {
    const auto rows = static_cast<double>(example.tokens.size() - 1);
    flops += 6 * token * rows + 6 * static_cast<double>(c.num_hidden_layers * q_width(c)) * rows * rows;
  }
  return flops;
}

// Multiply-adds per second of `threads` threads that do nothing else, times two: what the machine can do at this moment.
double flop_limit(std::int64_t threads) {
  constexpr std::int64_t kRounds = 100'000'000;
  WorkerPool pool(threads);
  std::atomic<float> sink{0};
  const double ms = best_ms(3, [&] { pool.run(threads, [&](std::int64_t) { sink = sink + multiply_adds(kRounds); }); });
  return static_cast<double>(threads * kRounds) * kFlopsPerRound / ms * 1e3;
}

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "train_bench: %s\n", what.c_str());
  std::exit(1);
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::unique_ptr<Learner> make_learner(const Arguments& arguments, const TrainOptions& options) {
  const EngineOptions engine{options.threads, options.activation_checkpointing};
  const EngineFactory engines = [torch = arguments.text("engine") == "torch", engine](const ModelConfig& shape) {
    return torch ? make_torch_engine(shape, engine) : make_fused_engine(shape, engine);
  };
  return std::move(make_adamw_learner(options, 1, engines, arguments.text("dtype") == "bfloat16" ? Dtype::kBf16 : Dtype::kF32))
      .value();
}

void surroundings(Learner& learner, const Arguments& arguments) {
  auto decoder = std::move(make_cpu_decoder({8}).value());
  WeightsPtr snapshot = learner.snapshot(1);
  if (!decoder->set_weights(snapshot).ok()) die("no decoder");
  const double snapshot_ms = best_ms(50, [&] { snapshot = learner.snapshot(2); });
  const double switch_ms = best_ms(50, [&] { return decoder->set_weights(snapshot).ok(); });
  const std::string path = arguments.text("state");
  const double save_ms = best_ms(5, [&] {
    if (Status saved = learner.save_state(path); !saved.ok()) die(saved.message());
  });
  std::remove(path.c_str());
  std::printf(", \"publish_ms\": %.6f, \"switch_ms\": %.6f, \"save_state_ms\": %.2f", snapshot_ms, switch_ms, save_ms);
}

int run(const Arguments& arguments) {
  const ModelConfig config = model_config(arguments);
  TrainOptions options;
  options.threads = arguments.integer("threads");
  options.activation_checkpointing = arguments.integer("checkpointing") != 0;
  auto learner = make_learner(arguments, options);
  if (!learner->begin(*init_weights(config, 0.02, 1), {0, 0, 0, 1e-3}).ok()) return 1;
  const auto batch = random_batch(config, arguments, 1);
  StepStats stats;
  const auto step = [&] { stats = learner->step(batch).value(); };
  step();
  const double step_ms = best_ms(arguments.integer("steps"), step), megabytes = peak_megabytes();
  const double flops = step_flops(config, batch) / step_ms * 1e3;
  std::printf(
      "{\"engine\": \"%s\", \"isa\": \"%s\", \"dtype\": \"%s\", \"checkpointing\": %ld, \"threads\": %ld, \"sequences\": %ld, "
      "\"tokens\": %lu, \"parameters\": %ld, \"step_ms\": %.2f, \"tokens_per_s\": %.1f, \"gflops\": %.1f, "
      "\"share_of_flop_limit\": %.2f, \"peak_mb\": %.0f",
      arguments.text("engine").c_str(), cpu_kernels().name, arguments.text("dtype").c_str(), arguments.integer("checkpointing"),
      options.threads, arguments.integer("batch"), stats.tokens, config.parameter_count(), step_ms,
      1e3 * static_cast<double>(stats.tokens) / step_ms, flops * 1e-9, flops / flop_limit(options.threads), megabytes);
  if (arguments.integer("surroundings") != 0) surroundings(*learner, arguments);
  std::printf("}\n");
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
                   {"dtype", "float32"},
                   {"packed", "0"},
                   {"checkpointing", "0"},
                   {"surroundings", "1"},
                   {"state", "train_bench.state"}});
  return autodidact::bench::run(autodidact::bench::Arguments(argc, argv, std::move(defaults)));
}
