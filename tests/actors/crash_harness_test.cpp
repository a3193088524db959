// kill -9 at random instants, restart, walk the store. Checks invariants 1, 2 and 8 of ARCHITECTURE.md:
//
//   1  whatever the daemon said was done, through its admin socket, is still there, unchanged;
//   2  no problem skipped, none counted twice, consumption matches the steps; at most one computed training step is lost;
//   8  the resume event says what was restored, and it is what the store held.
//
// In the end the run is complete, and every attempt is the one an undisturbed run would have stored: nothing depends on what
// was in flight when it died, so nothing is lost by length. AD_CRASH_KILLS (default 32), AD_CRASH_SEED.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "config/loader.hpp"
#include "model/tokenizer.hpp"
#include "tests/actors/crash_subject.hpp"
#include "tests/actors/store_audit.hpp"
#include "tests/fakes/addition_oracle.hpp"
#include "tests/sanitizers.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr long kDefaultKills = kSlowdown > 1 ? 9 : 32;

long number(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
}

// What the store holds between two lives of the daemon.
struct Between {
  TrainerState trainer;
  LoopState loop;
  StoreCounts counts;
  std::uint64_t last_event = 0;
};

class CrashHarness : public ::testing::Test {
 protected:
  CrashHarness() : random_(static_cast<std::uint64_t>(number("AD_CRASH_SEED", 1))) {}

  void prepare(const std::string& name, const std::string& more) {
    subject_ =
        std::make_unique<CrashSubject>(std::string(std::getenv("AD_BIN_DIR")) + "/autodidactd_fake", directory_.path(name));
    subject_->write_config(kSubjectConfig + more);
    subject_->set_environment("AD_FAKE_DECODE_US", "500");
    subject_->set_environment("AD_FAKE_TRAIN_US", "2000");
    subject_->set_environment("AD_FAKE_TOKENS_PER_STEP", "4");
    subject_->set_environment("AD_FAKE_STEP_TRACE", subject_->trace_path());
    const auto loaded = load_config(subject_->config_path());
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    options_ = loaded.options;
    task_ = make_task(options_.task, static_cast<std::uint64_t>(options_.seed)).value();
  }

  std::unique_ptr<ReplayStore> open() {
    auto store = open_store_read_only(subject_->data_dir() + "/store", options_.store);
    AD_REQUIRE(store.ok(), store.status().message() + "\n" + log_tail());
    return std::move(store).value();
  }

  // False when it died before it had made one.
  bool has_store() const {
    const auto store = open_store_read_only(subject_->data_dir() + "/store", options_.store);
    return store.ok() || store.status().code() != Errc::kNotFound;
  }

  std::string log_tail() const {
    std::ifstream file(subject_->log_path());
    std::string text((std::istreambuf_iterator<char>(file)), {});
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 4000));
  }

  // One life: start, watch, kill. Instants lie anywhere from the first moment (recovery is killed too) to a few rounds later.
  void live_and_die() {
    seen_ = {};
    subject_->start();
    const bool early = random_() % 4 == 0;
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::microseconds(kSlowdown * (random_() % (early ? 120'000 : 900'000)));
    while (std::chrono::steady_clock::now() < end) {
      ASSERT_TRUE(subject_->running()) << "the daemon ended by itself:\n" << log_tail();
      subject_->observe(seen_, random_() % 3 == 0);
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 15'000));
    }
    subject_->kill9();
    ++kills_;
    polls_ += seen_.polls;
  }

  void look(bool thorough) {
    if (!has_store()) {
      EXPECT_EQ(seen_.attempts + between_.counts.attempts, 0u) << "the store is gone";
      return;
    }
    const auto store = open();
    const Between before =
        std::exchange(between_, {store->trainer_state().value(), store->loop_state().value(), store->counts(), 0});
    check_acknowledged(*store);
    check_resume(*store, before);
    if (thorough) audit(*store);
  }

  void check_acknowledged(const ReplayStore& store) {
    EXPECT_GE(between_.counts.attempts, seen_.attempts) << "acknowledged attempts are gone";
    EXPECT_GE(between_.counts.items, seen_.items);
    EXPECT_GE(between_.counts.consumed, seen_.consumed);
    EXPECT_GE(between_.trainer.step, seen_.step) << "a step the daemon called durable is gone";
    for (const auto& [id, row] : seen_.rows) {
      const auto summary = store.summary(id);
      ASSERT_TRUE(summary) << "acknowledged attempt " << id << " is gone";
      EXPECT_EQ(summary->length, row.first);
      EXPECT_EQ(name(summary->outcome), row.second);
    }
    rows_checked_ += seen_.rows.size();
  }

  void check_resume(const ReplayStore& store, const Between& before) {
    int resumes = 0;
    for (const Event& event : store.events(before.last_event, 100000).value()) {
      between_.last_event = event.seq;
      if (event.kind != "resume") continue;
      ++resumes;
      const json said = json::parse(event.detail_json);
      EXPECT_EQ(said.at("step"), before.trainer.step);
      EXPECT_EQ(said.at("optimizer"), before.trainer.slot);
      EXPECT_EQ(said.at("attempts"), before.counts.attempts);
      EXPECT_EQ(said.at("consumed"), before.counts.consumed);
      EXPECT_EQ(said.at("round"), std::max(before.loop.round, said.at("round").get<std::uint32_t>()));
    }
    between_.last_event = std::max(between_.last_event, before.last_event);
    EXPECT_LE(resumes, 1);
    resumes_ += resumes;
  }

  void audit(const ReplayStore& store) {
    const auto round = store.loop_state().value().round;
    const auto findings = audit_store(store, options_, *task_, {subject_->data_dir(), round > 0 ? round - 1 : 0});
    for (const auto& line : findings) ADD_FAILURE() << line;
  }

  // Lost work, from the trace of computed steps: a step that was computed again was lost.
  void check_trace() {
    std::map<std::uint64_t, int> computed;
    std::ifstream trace(subject_->trace_path());
    std::uint64_t step = 0, previous = 0;
    int lost = 0, most = 0, total = 0;
    while (trace >> step) {
      if (step <= previous) {
        lost = static_cast<int>(previous - step + 1);
        most = std::max(most, lost);
        total += lost;
      }
      EXPECT_LE(step, previous + 1) << "a step was skipped";
      previous = step;
    }
    std::cout << "steps " << previous << ", lost to " << kills_ << " kills: " << total << ", at most " << most << " by one\n";
    EXPECT_LE(most, 1) << "a crash may cost one training step";
  }

  // Undisturbed to the end of the round under way, which then is the last.
  void finish() {
    const auto store_round = open()->loop_state().value().round;
    final_round_ = store_round + 1;
    subject_->start({"loop.rounds=" + std::to_string(final_round_), "exit_when_done=true"});
    const auto status = subject_->wait(60s);
    ASSERT_TRUE(status.has_value()) << "it does not finish:\n" << log_tail();
    EXPECT_EQ(*status, 0) << log_tail();
  }

  // Each stored attempt against the oracle: the text is a function of problem, seed and version alone, whatever was in flight
  // when the daemon died. Lengths by digits are then those of all problems of the rounds.
  void check_against_oracle(const ReplayStore& store, bool one_version_per_round) {
    const Oracle oracle = improving_oracle();
    std::map<std::uint32_t, std::set<VersionId>> versions;
    std::uint64_t compared = 0;
    for (const auto& judged : all_attempts(store)) {
      const Attempt& a = judged.attempt;
      if (a.seed_example || a.versions.front() != a.versions.back()) continue;
      versions[a.round].insert(a.versions.front());
      const Problem problem = store.problem(a.problem).value();
      const std::string prompt = a.hinted ? task_->hinted_prompt(problem) : problem.prompt;
      ASSERT_EQ(a.text, oracle(prompt, a.seed, a.versions.front())) << "attempt " << a.id;
      ++compared;
    }
    EXPECT_GT(compared, 100u);
    for (const auto& [round, used] : versions) {
      const bool mixed = one_version_per_round && used.size() != 1;
      EXPECT_FALSE(mixed) << "round " << round << " was sampled by several versions";
    }
  }

  void run_kills(long kills) {
    for (long i = 0; i < kills && !HasFatalFailure(); ++i) {
      live_and_die();
      look(i % 10 == 9 || kills <= 50);
      if (HasFailure()) FAIL() << "after kill " << kills_ << "\n" << log_tail();
    }
  }

  void summary() const {
    const auto counts = between_.counts;
    std::cout << kills_ << " kills, " << polls_ << " polls, " << rows_checked_ << " acknowledged attempts compared, "
              << resumes_ << " resumes checked, " << counts.attempts << " attempts, " << between_.trainer.step
              << " steps, round " << between_.loop.round << "\n";
  }

  std::mt19937_64 random_;
  TempDirectory directory_;  // two trees may be under test at once
  std::unique_ptr<CrashSubject> subject_;
  Options options_;
  std::shared_ptr<const Task> task_;
  Acknowledged seen_;
  Between between_;
  std::uint32_t final_round_ = 0;
  int kills_ = 0, resumes_ = 0;
  std::uint64_t polls_ = 0, rows_checked_ = 0;
};

TEST_F(CrashHarness, IterationsSurviveKillsAtAnyInstant) {
  prepare("iterations", "");
  const long kills = number("AD_CRASH_KILLS", kDefaultKills);
  run_kills(kills);
  ASSERT_FALSE(HasFailure());
  finish();
  const auto store = open();
  const auto findings = audit_store(*store, options_, *task_, {subject_->data_dir(), final_round_});
  for (const auto& line : findings) ADD_FAILURE() << line;
  check_against_oracle(*store, true);
  check_trace();
  summary();
  EXPECT_GT(resumes_, kills / 8) << "too few resumes were seen to mean anything";
  EXPECT_GT(rows_checked_, 100u);
}

TEST_F(CrashHarness, TheContinuousScheduleSurvivesKillsToo) {
  prepare("continuous", "");
  options_.loop.schedule = "continuous";
  subject_->write_config(
      std::string(kSubjectConfig).replace(std::string(kSubjectConfig).find("[loop]"), 6, "[loop]\nschedule = \"continuous\""));
  run_kills(number("AD_CRASH_KILLS", kDefaultKills) / 3);
  ASSERT_FALSE(HasFailure());
  check_against_oracle(*open(), false);
  check_trace();
  summary();
}

}  // namespace
}  // namespace autodidact
