// Loading a checkpoint's weights beside reading its bytes: best of a few, from the page cache unless it is dropped before.
// Prints one JSON object. usage: load_bench --checkpoint DIR [--repeats 3]

#include <cstdio>
#include <filesystem>
#include <vector>

#include "bench/bench_model.hpp"
#include "model/byte_source.hpp"
#include "model/checkpoint_tensors.hpp"
#include "model/config_json.hpp"

namespace autodidact::bench {
namespace {

int run(const Arguments& arguments) {
  const std::string directory = arguments.text("checkpoint"), path = directory + "/model.safetensors";
  const auto loaded = load_checkpoint(directory, 1);
  const auto file = bytes_of_file(path);
  if (!loaded.ok() || !file.ok()) {
    std::fprintf(stderr, "load_bench: %s\n", (loaded.ok() ? file.status() : loaded.status()).message().c_str());
    return 1;
  }
  const ModelConfig config = (*loaded)->config;
  const ByteSource& source = **file;
  const std::int64_t repeats = arguments.integer("repeats");
  std::vector<char> bytes(std::size_t{1} << 20);
  const double read = best_seconds(repeats, [&] {
    for (std::uint64_t at = 0; at < source.size(); at += bytes.size()) {
      const std::size_t count = std::min<std::uint64_t>(bytes.size(), source.size() - at);
      if (!source.read(at, std::span(bytes).first(count)).ok()) std::abort();
    }
  });
  const double tensors = best_seconds(repeats, [&] {
    if (!load_tensors(directory, config).ok()) std::abort();
  });
  const double whole = best_seconds(repeats, [&] {
    if (!load_checkpoint(directory, 1).ok()) std::abort();
  });
  const double gigabytes = static_cast<double>(source.size()) * 1e-9;
  std::printf(
      "{\"bytes\": %lu, \"read_gb_per_s\": %.2f, \"tensors_gb_per_s\": %.2f, \"tensors_and_panels_gb_per_s\": %.2f, "
      "\"seconds\": %.3f}\n",
      source.size(), gigabytes / read, gigabytes / tensors, gigabytes / whole, whole);
  return 0;
}

}  // namespace
}  // namespace autodidact::bench

int main(int argc, char** argv) {
  return autodidact::bench::run(autodidact::bench::Arguments(argc, argv, {{"checkpoint", ""}, {"repeats", "3"}}));
}
