// Tokens per second of the sampling engine: `threads` decoders, each with its share of the batch, every sequence from a random
// prompt to its full length. Prints one JSON object. With --checkpoint it writes the model there first, for the peer.

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "bench/bench_model.hpp"
#include "kernels/cpu_kernels.hpp"
#include "kernels/rng.hpp"
#include "model/decoder.hpp"

namespace autodidact::bench {
namespace {

using Clock = std::chrono::steady_clock;

DecodeRequest request(const ModelConfig& config, const Arguments& arguments, std::uint64_t tag) {
  DecodeRequest r;
  r.tag = r.seed = tag;
  for (std::int64_t i = 0; i < arguments.integer("prompt"); ++i)
    r.prompt.push_back(
        static_cast<TokenId>(random_bits(tag, static_cast<std::uint64_t>(i)) % static_cast<std::uint64_t>(config.vocab_size)));
  r.sampler.temperature = arguments.text("greedy") == "1" ? 0.0f : 1.0f;
  r.sampler.max_tokens = static_cast<std::int32_t>(arguments.integer("new"));
  return r;
}

// One wave: `share` sequences in, run until all are out. Returns tokens sampled.
std::uint64_t wave(Decoder& decoder, const ModelConfig& config, const Arguments& arguments, std::int64_t share,
                   std::uint64_t first_tag, std::vector<DecodeResult>& finished) {
  finished.clear();
  for (std::int64_t i = 0; i < share; ++i)
    decoder.submit(request(config, arguments, first_tag + static_cast<std::uint64_t>(i)));
  while (decoder.step(finished) > 0) {
  }
  std::uint64_t tokens = 0;
  for (const DecodeResult& result : finished) tokens += result.tokens.size();
  return tokens;
}

int run(const Arguments& arguments) {
  const ModelConfig config = model_config(arguments);
  const std::int64_t threads = arguments.integer("threads"), batch = arguments.integer("batch"),
                     waves = arguments.integer("waves");
  const WeightsPtr weights = with_version(init_weights(config, 0.1, 1), 1);
  if (!arguments.text("checkpoint").empty())
    if (auto saved = save_checkpoint(*weights, {{"tokenizer.json", "{}\n"}}, arguments.text("checkpoint")); !saved.ok())
      return std::fprintf(stderr, "%s\n", saved.status().message().c_str()), 1;
  std::vector<std::unique_ptr<Decoder>> decoders;
  for (std::int64_t t = 0; t < threads; ++t) {
    decoders.push_back(std::move(make_cpu_decoder({batch / threads}).value()));
    if (!decoders.back()->set_weights(weights).ok()) return 1;
  }
  double best = 0;
  for (std::int64_t w = -1; w < waves; ++w) {  // the first one warms up
    std::vector<std::thread> running;
    std::vector<std::uint64_t> tokens(static_cast<std::size_t>(threads));
    const auto start = Clock::now();
    for (std::int64_t t = 0; t < threads; ++t)
      running.emplace_back([&, t] {
        std::vector<DecodeResult> finished;
        tokens[t] = wave(*decoders[t], config, arguments, batch / threads,
                         static_cast<std::uint64_t>((w + 1) * batch + t * 100000), finished);
      });
    for (std::thread& thread : running) thread.join();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::uint64_t total = 0;
    for (std::uint64_t n : tokens) total += n;
    if (w >= 0) best = std::max(best, static_cast<double>(total) / seconds);
  }
  std::printf(
      "{\"engine\": \"autodidact\", \"isa\": \"%s\", \"threads\": %ld, \"batch\": %ld, \"prompt\": %ld, \"new\": %ld, "
      "\"parameters\": %ld, \"tokens_per_s\": %.0f}\n",
      cpu_kernels().name, threads, batch, arguments.integer("prompt"), arguments.integer("new"), config.parameter_count(),
      best);
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
                   {"waves", "5"},
                   {"greedy", "0"},
                   {"checkpoint", ""}});
  return autodidact::bench::run(autodidact::bench::Arguments(argc, argv, std::move(defaults)));
}
