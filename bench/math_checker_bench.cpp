// What one check costs: over the hand-written cases of tests/tasks/math_cases.txt (all of them, and the median and worst single
// case), and over texts made to be slow.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

#include "tests/tasks/math_cases.hpp"

namespace {

using namespace autodidact;

const std::vector<test::MathCase>& cases() {
  static const auto all = test::read_math_cases(AD_MATH_CASES);
  return all;
}

// Microseconds of one check: the best of some repeats, because others use the machine too.
double once(const test::MathCase& c, MathMode mode) {
  const std::string completion = c.completion();
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(check_math(completion, c.reference, mode));
    best = std::min(best, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void each_case(benchmark::State& state) {
  const auto mode = static_cast<MathMode>(state.range(0));
  std::vector<double> times;
  for (auto _ : state) {
    times.clear();
    for (const auto& c : cases()) times.push_back(once(c, mode));
    std::sort(times.begin(), times.end());
  }
  state.counters["cases"] = static_cast<double>(times.size());
  state.counters["median_us"] = times[times.size() / 2];
  state.counters["p99_us"] = times[times.size() * 99 / 100];
  state.counters["worst_us"] = times.back();
}
BENCHMARK(each_case)->ArgName("mode")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void hostile(benchmark::State& state, const char* part, std::size_t count, const char* reference) {
  std::string answer;
  for (std::size_t i = 0; i < count; ++i) answer += part;
  const std::string completion = "\\boxed{" + answer + "5}";
  for (auto _ : state) benchmark::DoNotOptimize(check_math(completion, reference, MathMode::kEvaluation));
}
BENCHMARK_CAPTURE(hostile, a_megabyte_of_digits, "7", 1'000'000, "5")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(hostile, factorials, "1000!+", 2'000, "5")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(hostile, large_fractions, "(2^{9999}+1/7)", 400, "5")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(hostile, a_long_product, "(x+1)(y-2)", 300, "x^2+1")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(hostile, a_long_list, "1,", 8'000, "\\{1,2,3\\}")->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
