// Ten thousand requests of mixed lengths through one decoder that is kept full, as a generator keeps it: tokens per second of
// each tenth of them, by the clock and by the processor's time (which other tenants of the machine do not take), and what is
// left in use at the end. Prints one JSON object.

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "bench/bench_model.hpp"
#include "kernels/rng.hpp"
#include "model/decoder.hpp"

namespace autodidact::bench {
namespace {

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_mb() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r"); file != nullptr) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) * 1e-6;
}

// Lengths from one token to twice the mean; a third of the prompts begin alike.
DecodeRequest request(const ModelConfig& config, const Arguments& arguments, std::uint64_t tag) {
  const auto up_to = [tag](std::int64_t most, std::uint64_t salt) {
    return 1 + static_cast<std::int64_t>(random_bits(tag, salt) % static_cast<std::uint64_t>(most));
  };
  DecodeRequest r;
  r.tag = r.seed = tag;
  const std::int64_t length = up_to(2 * arguments.integer("prompt"), 1);
  const std::uint64_t text = tag % 3 == 0 ? 0 : tag;
  for (std::int64_t i = 0; i < length; ++i)
    r.prompt.push_back(static_cast<TokenId>(random_bits(text + 1000000, static_cast<std::uint64_t>(i)) %
                                            static_cast<std::uint64_t>(config.vocab_size)));
  r.sampler.temperature = 1;
  r.sampler.max_tokens = static_cast<std::int32_t>(up_to(2 * arguments.integer("new"), 2));
  return r;
}

int run(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const ModelConfig config = model_config(arguments);
  const std::int64_t all = arguments.integer("requests");
  auto decoder = std::move(
      make_cpu_decoder({arguments.integer("batch"), arguments.integer("kv-cache-mb"), arguments.integer("threads")}).value());
  if (!decoder->set_weights(with_version(init_weights(config, 0.1, 1), 1)).ok()) return 1;
  std::vector<double> by_clock, by_processor, resident;
  std::vector<DecodeResult> finished;
  std::int64_t sent = 0, failed = 0, received = 0;
  std::uint64_t tokens = 0;
  auto clock = Clock::now();
  double processor = processor_seconds();
  for (std::size_t running = 1; running > 0;) {
    for (; decoder->free_slots() > 0 && sent < all; ++sent)
      decoder->submit(request(config, arguments, static_cast<std::uint64_t>(sent)));
    running = decoder->step(finished);
    for (const DecodeResult& result : finished) failed += result.status.ok() ? 0 : 1;
    received += static_cast<std::int64_t>(finished.size());
    finished.clear();
    if (received < static_cast<std::int64_t>(by_clock.size() + 1) * all / 10) continue;
    const auto now = Clock::now();
    const auto drawn = static_cast<double>(decoder->stats().tokens - tokens);
    by_clock.push_back(drawn / std::chrono::duration<double>(now - clock).count());
    by_processor.push_back(drawn / (processor_seconds() - processor));
    resident.push_back(resident_mb());
    tokens = decoder->stats().tokens, clock = now, processor = processor_seconds();
  }
  const auto print = [](const char* name, const std::vector<double>& values) {
    std::printf("\"%s\": [", name);
    for (std::size_t i = 0; i < values.size(); ++i) std::printf("%s%.0f", i == 0 ? "" : ", ", values[i]);
    std::printf("], ");
  };
  std::printf("{\"requests\": %ld, \"failed\": %ld, ", received, failed);
  print("tokens_per_s", by_clock);
  print("tokens_per_processor_s", by_processor);
  print("resident_mb", resident);
  const DecoderStats stats = decoder->stats();
  std::printf("\"preempted\": %lu, \"pages\": %ld, \"pages_in_use\": %ld}\n", stats.preempted, stats.pages, stats.pages_in_use);
  return 0;
}

}  // namespace
}  // namespace autodidact::bench

int main(int argc, char** argv) {
  auto defaults = autodidact::bench::model_defaults();
  defaults.insert(
      {{"threads", "2"}, {"batch", "128"}, {"prompt", "40"}, {"new", "40"}, {"requests", "10000"}, {"kv-cache-mb", "0"}});
  return autodidact::bench::run(autodidact::bench::Arguments(argc, argv, std::move(defaults)));
}
