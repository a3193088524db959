// The loop without a model: curriculum, pools, generators, verifiers, filter, replay and the RocksDB store with its write-ahead
// log on, fed by a decoder that answers at once with `--tokens` tokens. What is left is the loop's own cost.
//
//   pipeline_bench --attempts 1000000 --dir /tmp/pipeline        prints a line a second, then one JSON line

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "actors/daemon.hpp"
#include "config/log.hpp"
#include "tests/fakes/fake_runtime.hpp"

namespace {

using namespace autodidact;
using SteadyClock = std::chrono::steady_clock;

double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  long pages = 0, resident = 0;
  statm >> pages >> resident;
  return double(resident) * double(::sysconf(_SC_PAGESIZE)) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Options null_options(const std::string& dir, std::int64_t samples, std::int64_t retain, std::int64_t cache_mb) {
  Options options;
  options.data_dir = dir;
  options.task.seed_examples = {8, 8, 0, 0, 0};
  options.task.held_out_per_digit = 4;
  options.model.max_positions = 512;
  options.train.seed_steps = 1;
  options.train.batch_sequences = 4;
  options.loop.schedule = "iterations";
  options.loop.rounds = 1;
  options.loop.problems_per_round = 1'000'000'000;
  options.loop.max_in_flight = 4096;
  options.sample.samples_per_problem = samples;
  options.sample.batch = 512;
  options.sample.max_tokens = 256;
  options.method.rationalize = false;
  options.replay.retain_attempts = retain;
  options.store.cache_mb = cache_mb;
  options.gateway.listen = "";
  options.log.level = "warn";
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t attempts = 1'000'000;
  std::string dir = "/tmp/autodidact-pipeline-bench";
  std::int32_t tokens = 128;
  std::int64_t samples = 4, retain = 0, cache_mb = 256;
  CLI::App app("Attempts per second through all actors into the store, without a model");
  app.add_option("--attempts", attempts, "stop after so many");
  app.add_option("--dir", dir, "data directory; emptied first and afterwards");
  app.add_option("--tokens", tokens, "completion tokens per attempt");
  app.add_option("--samples", samples, "attempts per problem");
  app.add_option("--retain", retain, "replay.retain_attempts: 0 keeps all");
  app.add_option("--cache-mb", cache_mb, "store.cache_mb");
  CLI11_PARSE(app, argc, argv);

  std::filesystem::remove_all(dir);
  DaemonSettings settings;
  settings.options = null_options(dir, samples, retain, cache_mb);
  settings.runtime = [tokens](auto tokenizer) {
    FakeOptions fake;
    fake.tokenizer = std::move(tokenizer);
    fake.null_tokens = tokens;
    return std::make_unique<FakeRuntime>(fake);
  };
  auto daemon = Daemon::start(std::move(settings));
  if (!daemon.ok()) {
    std::fprintf(stderr, "%s\n", daemon.status().message().c_str());
    return exit_code(daemon.status().code());
  }
  // What went through, not what retention left.
  const auto count = [&] { return (*daemon)->store().counts().items * static_cast<std::uint64_t>(samples); };
  while (count() < 10'000) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // past the base phase and warm

  const auto begin = SteadyClock::now();
  const auto first = count();
  const double cpu_begin = cpu_seconds(), rss_begin = resident_mb();
  double rss_peak = rss_begin;
  auto elapsed = [&] { return std::chrono::duration<double>(SteadyClock::now() - begin).count(); };
  for (int second = 1; count() - first < attempts; ++second) {
    std::this_thread::sleep_until(begin + std::chrono::seconds(second));
    rss_peak = std::max(rss_peak, resident_mb());
    const auto done = count() - first;
    std::printf("%6.0f s  %10llu attempts  %8.0f attempts/s  rss %.0f MB  %llu stored\n", elapsed(),
                static_cast<unsigned long long>(done), double(done) / elapsed(), resident_mb(),
                static_cast<unsigned long long>((*daemon)->store().counts().attempts));
    std::fflush(stdout);
  }
  const double seconds = elapsed();
  const auto done = count() - first;
  const nlohmann::json result{{"attempts", done},
                              {"seconds", seconds},
                              {"attempts_per_s", double(done) / seconds},
                              {"tokens_per_attempt", tokens},
                              {"samples_per_problem", samples},
                              {"cpu_seconds", cpu_seconds() - cpu_begin},
                              {"attempts_stored", (*daemon)->store().counts().attempts},
                              {"rss_begin_mb", rss_begin},
                              {"rss_peak_mb", rss_peak}};
  std::printf("%s\n", result.dump().c_str());
  (void)(*daemon)->drain(20'000);
  daemon->reset();
  std::filesystem::remove_all(dir);
  return 0;
}
