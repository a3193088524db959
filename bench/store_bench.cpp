// Numbers of the replay store: write rate, draw and read of a training batch, first page of every filter, opening.
//
//   store_bench --records N [--tokens 128] [--dir D] [--keep] [--reuse] [--json FILE]
//
// Fills a store in D (default: a fresh directory under the system's temporary one) with N attempts, then measures; --reuse
// measures a store that --keep left behind. Every attempt is whole: tokens, log-probabilities, versions, text, verdict,
// selection, and all indexes; groups are synced. Prints a table; --json writes the same numbers for scripts.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "storage/draw_random.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

struct Settings {
  std::uint64_t records = 1'000'000;
  std::uint64_t tokens = 128;
  std::string directory;
  std::string json;
  bool keep = false;
  bool reuse = false;
};

// Collects the table and the JSON.
class Report {
 public:
  void add(const std::string& what, double value, const std::string& unit, const std::string& note = "") {
    std::printf("%-58s %12.3f %-10s %s\n", what.c_str(), value, unit.c_str(), note.c_str());
    std::fflush(stdout);
    json_ += (json_.empty() ? "" : ",\n  ") + ("\"" + what + " [" + unit + "]\": " + std::to_string(value));
  }
  void write(const std::string& path) const { std::ofstream(path) << "{\n  " << json_ << "\n}\n"; }

 private:
  std::string json_;
};

// An attempt whose log-probabilities do not compress and whose text is what its tokens spell, as in the real loop.
ItemResult make_item(std::uint64_t number, const Settings& settings) {
  DrawRandom random(number);
  const auto round = static_cast<std::uint32_t>(1 + number / 100'000);
  ItemResult item;
  item.item = make_item_id(round, number, false);
  item.problem.id = DrawRandom(number / 4).next() | 1;  // four attempts a problem
  item.problem.task = "addition";
  item.problem.prompt = "48213+90177=";
  item.problem.reference = "138390";
  item.problem.source = "generated";
  JudgedAttempt judged;
  Attempt& attempt = judged.attempt;
  attempt.round = round;
  attempt.method = "star";
  attempt.hinted = random.below(5) == 0;
  const std::size_t length = settings.tokens / 2 + random.below(settings.tokens + 1);
  for (int i = 0; i < 12; ++i) attempt.prompt_tokens.push_back(static_cast<TokenId>(random.below(100)));
  for (std::size_t i = 0; i < length; ++i) {
    attempt.tokens.push_back(static_cast<TokenId>(random.below(100)));
    attempt.logprobs.push_back(-static_cast<float>(random.below(1u << 24)) / 4194304.0f);
    attempt.text.push_back(static_cast<char>(' ' + attempt.tokens.back() % 90));
  }
  attempt.versions.assign(length, static_cast<VersionId>(1 + number / 50'000));
  attempt.seed = random.next();
  attempt.created_us = 1'790'000'000'000'000 + static_cast<std::int64_t>(number) * 50;
  judged.verdict.checker = "addition.scratchpad";
  judged.verdict.outcome = static_cast<Outcome>(random.below(100) < 2 ? 0 : 1 + random.below(2));
  judged.verdict.extracted = "138390";
  judged.verdict.score = static_cast<float>(random.below(1000)) / 999.0f;
  judged.selection.kept = judged.verdict.outcome == Outcome::kCorrect && random.below(5) != 0;
  judged.selection.reason = judged.selection.kept ? Reject::kNone : static_cast<Reject>(1 + random.below(8));
  judged.selection.weight = judged.selection.kept ? 1.0f : 0.0f;
  item.attempts.push_back(std::move(judged));
  return item;
}

std::unique_ptr<ReplayStore> open_or_exit(Result<std::unique_ptr<ReplayStore>> opened) {
  if (opened.ok()) return std::move(opened).value();
  std::fprintf(stderr, "store_bench: %s\n", opened.status().message().c_str());
  std::exit(exit_code(opened.status().code()));
}

// Submits `records` items, one set each, at most 768 in flight, which is what the loop's pools allow; seconds taken.
// Making the attempts costs more than storing them, so `templates` of them are made beforehand and only renumbered.
double fill(ReplayStore& store, std::uint64_t first, std::uint64_t records, const Settings& settings) {
  constexpr std::uint64_t kTemplates = 4096, kInFlight = 768;
  std::vector<ItemResult> templates;
  for (std::uint64_t i = 0; i < kTemplates; ++i) templates.push_back(make_item(i * 7919, settings));
  std::atomic<std::uint64_t> committed{0};
  const auto begin = Clock::now();
  for (std::uint64_t i = first; i < first + records; ++i) {
    while (i - first - committed.load(std::memory_order_acquire) >= kInFlight)
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    WriteSet set;
    set.items.push_back(templates[i % kTemplates]);
    ItemResult& item = set.items.back();
    Attempt& attempt = item.attempts[0].attempt;
    attempt.round = static_cast<std::uint32_t>(1 + i / 100'000);
    item.item = make_item_id(attempt.round, i, false);
    item.problem.id = DrawRandom(i / 4).next() | 1;
    attempt.versions.assign(attempt.tokens.size(), static_cast<VersionId>(1 + i / 50'000));
    attempt.created_us = 1'790'000'000'000'000 + static_cast<std::int64_t>(i) * 50;
    store.submit(std::move(set), [&](Result<WriteReceipt> receipt) {
      if (!receipt.ok()) std::fprintf(stderr, "store_bench: %s\n", receipt.status().message().c_str());
      committed.fetch_add(1, std::memory_order_release);
    });
  }
  while (committed.load() < records) std::this_thread::sleep_for(std::chrono::microseconds(100));
  return ms_since(begin) / 1000;
}

void report_quantiles(Report& report, const std::string& what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  report.add(what + ", median", times[times.size() / 2], "ms");
  report.add(what + ", 95th of 100", times[times.size() * 95 / 100], "ms");
}

void measure_draws(ReplayStore& store, Report& report) {
  for (const char* selector : {"uniform", "prioritized"}) {
    DrawRequest request;
    request.count = 256;
    request.selector = selector;
    const auto begin = Clock::now();
    store.draw(request);
    report.add(std::string("first ") + selector + " draw (fills its view)", ms_since(begin), "ms");
    std::vector<double> draws, whole;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
      request.seed = seed;
      const auto start = Clock::now();
      const auto ids = store.draw(request);
      draws.push_back(ms_since(start));
      const auto batch = store.read(ids);
      whole.push_back(ms_since(start));
      if (!batch.ok()) std::fprintf(stderr, "store_bench: %s\n", batch.status().message().c_str());
    }
    report_quantiles(report, std::string("draw 256, ") + selector, draws);
    report_quantiles(report, std::string("draw and read 256 whole attempts, ") + selector, whole);
  }
}

struct NamedQuery {
  const char* name;
  AttemptQuery query;
};

std::vector<NamedQuery> queries(std::uint64_t records) {
  std::vector<NamedQuery> all;
  const auto add = [&](const char* name, const auto& set) {
    all.push_back({name, {}});
    set(all.back().query);
  };
  const std::int64_t start = 1'790'000'000'000'000, middle = start + static_cast<std::int64_t>(records) * 25;
  const ProblemId problem = DrawRandom(records / 8).next() | 1;
  add("no filter", [](AttemptQuery&) {});
  add("problem", [&](AttemptQuery& q) { q.problem = problem; });
  add("problem that is not there", [](AttemptQuery& q) { q.problem = 2; });
  add("version in the middle", [&](AttemptQuery& q) { q.version = static_cast<VersionId>(1 + records / 100'000); });
  add("version that is not there", [](AttemptQuery& q) { q.version = 999'999; });
  add("round 1", [](AttemptQuery& q) { q.round = 1; });
  add("outcome cannot judge", [](AttemptQuery& q) { q.outcome = Outcome::kCannotJudge; });
  add("kept", [](AttemptQuery& q) { q.kept = true; });
  add("hinted", [](AttemptQuery& q) { q.hinted = true; });
  add("seeds (none)", [](AttemptQuery& q) { q.seed_example = true; });
  add("pinned (none)", [](AttemptQuery& q) { q.pinned = true; });
  add("reason stale", [](AttemptQuery& q) { q.reason = Reject::kStale; });
  add("score at least 0.9995", [](AttemptQuery& q) { q.min_score = 0.9995f; });
  add("longest possible only", [](AttemptQuery& q) { q.min_length = 1000; });
  add("time window in the middle", [&](AttemptQuery& q) { q.since_us = middle, q.until_us = middle + 1000; });
  add("oldest first", [](AttemptQuery& q) { q.oldest_first = true; });
  add("cursor in the middle", [&](AttemptQuery& q) { q.after = records / 2; });
  // Adversarial: every block may match by its zone, no row does, so everything is read.
  add("kept but wrong (nothing, all read)", [](AttemptQuery& q) { q.kept = true, q.outcome = Outcome::kWrong; });
  add("score in a gap, hinted, kept (nothing, all read)",
      [](AttemptQuery& q) { q.min_score = 0.50001f, q.max_score = 0.50002f, q.hinted = true, q.kept = true; });
  add("six filters, rare", [](AttemptQuery& q) {
    q.min_score = 0.998f, q.hinted = true, q.outcome = Outcome::kWrong, q.reason = Reject::kStale, q.min_length = 100,
    q.max_length = 110;
  });
  return all;
}

// Each in a process of its own, as the replay tool has it: open, first page, out. The operating system's page cache is warm.
void measure_pages(const Settings& settings, Report& report) {
  double slowest = 0;
  for (const NamedQuery& named : queries(settings.records)) {
    std::vector<double> times;
    std::size_t rows = 0;
    for (int i = 0; i < 5; ++i) {
      const auto begin = Clock::now();
      auto store = open_or_exit(open_store_read_only(settings.directory, {}));
      const auto page = store->find(named.query);
      times.push_back(ms_since(begin));
      rows = page.ok() ? page.value().rows.size() : 0;
    }
    std::sort(times.begin(), times.end());
    slowest = std::max(slowest, times[2]);
    report.add(std::string("open read-only + page: ") + named.name, times[2], "ms", std::to_string(rows) + " rows");
  }
  report.add("slowest of these", slowest, "ms");
}

// Writes on in a child, kills it in the middle, and opens what it left.
void measure_crash(const Settings& settings, Report& report) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = open_or_exit(open_store(settings.directory, {}));
    fill(*store, settings.records + 10'000'000, 1'000'000'000, settings);
    std::_Exit(0);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(3000));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  auto begin = Clock::now();
  { auto reader = open_or_exit(open_store_read_only(settings.directory, {})); }
  report.add("open read-only after kill -9 while writing", ms_since(begin), "ms");
  begin = Clock::now();
  auto store = open_or_exit(open_store(settings.directory, {}));
  report.add("open after kill -9 while writing", ms_since(begin), "ms", std::to_string(store->counts().attempts) + " attempts");
}

void measure_opens(const Settings& settings, Report& report) {
  std::vector<double> read_only, writable;
  for (int i = 0; i < 5; ++i) {
    auto begin = Clock::now();
    { auto reader = open_or_exit(open_store_read_only(settings.directory, {})); }
    read_only.push_back(ms_since(begin));
    begin = Clock::now();
    auto store = open_or_exit(open_store(settings.directory, {}));
    writable.push_back(ms_since(begin));
  }
  std::sort(read_only.begin(), read_only.end());
  std::sort(writable.begin(), writable.end());
  report.add("open read-only (and close)", read_only[2], "ms");
  report.add("open for writing, all summaries into RAM", writable[2], "ms");
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void print_machine(const Settings& settings) {
  std::ifstream info("/proc/cpuinfo");
  std::string line, model = "unknown CPU";
  while (std::getline(info, line)) {
    if (line.rfind("model name", 0) == 0) model = line.substr(line.find(':') + 2);
  }
  std::printf("machine: %s, %u cores\n", model.c_str(), std::thread::hardware_concurrency());
  std::printf("settings: %llu attempts of %llu +- 50 %% tokens, groups of 256 or 5 ms, synced, in %s\n\n",
              static_cast<unsigned long long>(settings.records), static_cast<unsigned long long>(settings.tokens),
              settings.directory.c_str());
}

int run(const Settings& settings) {
  print_machine(settings);
  Report report;
  if (!settings.reuse) {
    auto store = open_or_exit(open_store(settings.directory, {}));
    const double seconds = fill(*store, 0, settings.records, settings);
    report.add("whole attempts stored per second", static_cast<double>(settings.records) / seconds, "1/s");
    report.add("groups of", static_cast<double>(settings.records) / static_cast<double>(store->health().committed_groups),
               "attempts");
    const auto begin = Clock::now();
    store.reset();
    report.add("closing", ms_since(begin), "ms");
  }
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(settings.directory)) bytes += entry.file_size();
  report.add("size on disk", static_cast<double>(bytes) / static_cast<double>(settings.records), "B/attempt");
  measure_opens(settings, report);
  measure_pages(settings, report);
  {
    const std::uint64_t before = resident_bytes();
    auto store = open_or_exit(open_store(settings.directory, {}));
    report.add("RAM after opening", static_cast<double>(resident_bytes() - before) / 1e6, "MB");
    measure_draws(*store, report);
    report.add("RAM after drawing", static_cast<double>(resident_bytes() - before) / 1e6, "MB", "block cache included");
  }
  measure_crash(settings, report);
  if (!settings.json.empty()) report.write(settings.json);
  return 0;
}

}  // namespace
}  // namespace autodidact

int main(int argc, char** argv) {
  autodidact::Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const auto value = [&] { return i + 1 < argc ? argv[++i] : ""; };
    if (flag == "--records")
      settings.records = std::strtoull(value(), nullptr, 10);
    else if (flag == "--tokens")
      settings.tokens = std::strtoull(value(), nullptr, 10);
    else if (flag == "--dir")
      settings.directory = value();
    else if (flag == "--json")
      settings.json = value();
    else if (flag == "--keep")
      settings.keep = true;
    else if (flag == "--reuse")
      settings.reuse = true;
    else {
      std::fprintf(stderr, "usage: store_bench [--records N] [--tokens N] [--dir D] [--keep] [--reuse] [--json FILE]\n");
      return 64;
    }
  }
  if (settings.directory.empty()) {
    settings.directory = (std::filesystem::temp_directory_path() / ("ad-store-bench-" + std::to_string(::getpid()))).string();
  }
  const int status = autodidact::run(settings);
  std::error_code ignored;
  if (!settings.keep) std::filesystem::remove_all(settings.directory, ignored);
  return status;
}
