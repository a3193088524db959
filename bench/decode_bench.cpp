// Tokens per second of the sampling engine: `batch` sequences from random prompts to their full length, in one decoder with
// `threads` workers. Prints one JSON object, with the limit that this machine's measured arithmetic and memory set. With
// --checkpoint it writes the model there first, for the peers.

#include <chrono>
#include <cstdio>
#include <numeric>
#include <thread>
#include <vector>

#include "bench/bench_model.hpp"
#include "bench/multiply_adds.hpp"
#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"
#include "model/decoder.hpp"

namespace autodidact::bench {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// work(thread) on each of `threads`; the best of three times.
template <class Work>
double together(std::int64_t threads, Work work) {
  return best_seconds(3, [&] {
    std::vector<std::thread> running;
    for (std::int64_t t = 0; t < threads; ++t) running.emplace_back([&work, t] { work(t); });
    for (std::thread& thread : running) thread.join();
  });
}

struct Machine {
  double flops, bytes;  // per second
};

Machine measure(std::int64_t threads) {
  constexpr std::int64_t kRounds = 20'000'000;
  constexpr std::size_t kFloats = std::size_t{1} << 26;  // 256 MiB each: no cache holds them
  std::vector<std::vector<float>> data(static_cast<std::size_t>(threads), std::vector<float>(kFloats, 1.0f));
  volatile float sink = 0;
  const double arithmetic = together(threads, [&](std::int64_t) { sink = multiply_adds(kRounds); });
  const double reading = together(threads, [&](std::int64_t t) {
    float sums[64] = {};
    const float* p = data[static_cast<std::size_t>(t)].data();
    for (std::size_t i = 0; i < kFloats; i += 64)
      for (std::size_t j = 0; j < 64; ++j) sums[j] += p[i + j];
    sink = std::accumulate(sums, sums + 64, 0.0f);
  });
  const auto count = static_cast<double>(threads);
  return {count * kFlopsPerRound * kRounds / arithmetic, count * kFloats * sizeof(float) / reading};
}

DecodeRequest request(const ModelConfig& config, const Arguments& arguments, std::uint64_t tag) {
  DecodeRequest r;
  r.tag = r.seed = tag;
  const std::uint64_t text =
      arguments.integer("shared") != 0 ? tag / static_cast<std::uint64_t>(arguments.integer("batch")) : tag;
  for (std::int64_t i = 0; i < arguments.integer("prompt"); ++i)
    r.prompt.push_back(static_cast<TokenId>(random_bits(text + 1000000, static_cast<std::uint64_t>(i)) %
                                            static_cast<std::uint64_t>(config.vocab_size)));
  r.sampler.temperature = arguments.integer("greedy") != 0 ? 0.0f : 1.0f;
  r.sampler.max_tokens = static_cast<std::int32_t>(arguments.integer("new"));
  return r;
}

struct Speed {
  double whole = 0, prefill = 0, decode = 0;  // new tokens a second from first to last; prompt tokens; new tokens after that
};

// All sequences in, run until all are out.
Speed wave(Decoder& decoder, const ModelConfig& config, const Arguments& arguments, std::uint64_t number) {
  const auto batch = static_cast<std::uint64_t>(arguments.integer("batch"));
  std::vector<DecodeResult> finished;
  const DecoderStats before = decoder.stats();
  const auto start = Clock::now();
  for (std::uint64_t i = 0; i < batch; ++i) decoder.submit(request(config, arguments, number * batch + i));
  DecoderStats prefilled = before;
  double prefill = 0;
  for (bool more = true; more;) {
    more = decoder.step(finished) > 0;
    if (const DecoderStats now = decoder.stats(); now.prompt_tokens > prefilled.prompt_tokens) {
      prefilled = now;
      prefill = seconds_since(start);
    }
  }
  const double all = seconds_since(start);
  const DecoderStats after = decoder.stats();
  return {static_cast<double>(after.tokens - before.tokens) / all,
          static_cast<double>(batch) * static_cast<double>(arguments.integer("prompt")) / prefill,
          static_cast<double>(after.tokens - prefilled.tokens) / (all - prefill)};
}

// Tokens a second if a step were nothing but its products: each weight read once, or its multiply-adds, whichever is longer.
double limit(const ModelConfig& config, const Arguments& arguments, const Machine& machine) {
  const auto embedding = static_cast<double>(config.vocab_size * config.hidden_size);
  const double weights = static_cast<double>(config.parameter_count()) - (config.tie_word_embeddings ? 0 : embedding);
  const auto batch = static_cast<double>(arguments.integer("batch"));
  const double width = arguments.text("dtype") == "bfloat16" ? 2 : 4;
  return batch / std::max(weights * width / machine.bytes, 2 * weights * batch / machine.flops);
}

Result<std::unique_ptr<Decoder>> make_decoder(const std::string& device, const DecoderOptions& options) {
  if (device == "cpu") return make_cpu_decoder(options);
#ifdef AD_CUDA
  if (device == "cuda") return make_cuda_decoder(options);
#endif
  return {Errc::kConfig, "--device " + device + ": this build has none such"};
}

int run(const Arguments& arguments) {
  const ModelConfig config = model_config(arguments);
  const std::int64_t threads = arguments.integer("threads"), batch = arguments.integer("batch");
  const Dtype dtype = arguments.text("dtype") == "bfloat16" ? Dtype::kBf16 : Dtype::kF32;
  const WeightsPtr weights = with_version(init_weights(config, 0.1, 1, dtype), 1);
  if (!arguments.text("checkpoint").empty())
    if (auto saved = save_checkpoint(*weights, {{"tokenizer.json", "{}\n"}}, arguments.text("checkpoint")); !saved.ok())
      return std::fprintf(stderr, "%s\n", saved.status().message().c_str()), 1;
  auto made = make_decoder(arguments.text("device"), {batch, 0, threads});
  if (!made.ok()) return std::fprintf(stderr, "%s\n", made.status().message().c_str()), 1;
  const std::unique_ptr<Decoder> decoder = std::move(made).value();
  if (!decoder->set_weights(weights).ok()) return 1;
  Speed best;
  for (std::int64_t w = -1; w < arguments.integer("waves"); ++w) {  // the first one warms up
    const Speed speed = wave(*decoder, config, arguments, static_cast<std::uint64_t>(w + 1));
    if (w < 0) continue;
    best.whole = std::max(best.whole, speed.whole);
    best.prefill = std::max(best.prefill, speed.prefill);
    best.decode = std::max(best.decode, speed.decode);
  }
  const Machine machine = measure(threads);
  std::printf(
      "{\"engine\": \"autodidact\", \"device\": \"%s\", \"isa\": \"%s\", \"dtype\": \"%s\", \"threads\": %ld, \"batch\": %ld, "
      "\"prompt\": %ld, "
      "\"new\": %ld, \"shared\": %ld, \"parameters\": %ld, \"tokens_per_s\": %.0f, \"prefill_per_s\": %.0f, \"decode_per_s\": "
      "%.0f, "
      "\"gflops\": %.0f, \"gb_per_s\": %.1f, \"decode_limit\": %.0f, \"decode_share\": %.2f}\n",
      arguments.text("device").c_str(), cpu_kernels().name, arguments.text("dtype").c_str(), threads, batch,
      arguments.integer("prompt"), arguments.integer("new"), arguments.integer("shared"), config.parameter_count(), best.whole,
      best.prefill, best.decode, machine.flops * 1e-9, machine.bytes * 1e-9, limit(config, arguments, machine),
      best.decode / limit(config, arguments, machine));
  return 0;
}

}  // namespace
}  // namespace autodidact::bench

int main(int argc, char** argv) {
  auto defaults = autodidact::bench::model_defaults();
  defaults.insert({{"threads", "2"},
                   {"batch", "128"},
                   {"prompt", "16"},
                   {"new", "64"},
                   {"shared", "0"},
                   {"waves", "5"},
                   {"greedy", "0"},
                   {"device", "cpu"},
                   {"dtype", "float32"},
                   {"checkpoint", ""}});
  return autodidact::bench::run(autodidact::bench::Arguments(argc, argv, std::move(defaults)));
}
