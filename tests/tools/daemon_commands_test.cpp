// The client's commands against a gateway with a fake daemon behind it, as a process over the real socket.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/files.hpp"
#include "gateway/gateway.hpp"
#include "gateway/unix_socket.hpp"
#include "tests/gateway/fake_backend.hpp"
#include "tests/temp_directory.hpp"
#include "tests/tools/process.hpp"
#include "tests/tools/sample_store.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class DaemonCommands : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fill_sample_store(backend_.store()).ok()); }

  void start() {
    GatewaySettings settings;
    settings.admin_socket = directory_ + "/admin.sock";
    auto gateway = Gateway::start(backend_, settings);
    ASSERT_TRUE(gateway.ok()) << gateway.status().message();
    gateway_ = std::move(gateway).value();
  }

  ProcessRun client(std::vector<std::string> words, const RunOptions& options = {}) {
    words.insert(words.begin(), {"-d", directory_});
    return autodidact(std::move(words), options);
  }

  // Until the client has asked the store `count` times in all; by then it has its first page and follows.
  void wait_for_queries(int count) {
    for (int i = 0; i < 500 && backend_.store_calls < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  const TempDirectory temporary_;
  const std::string directory_ = temporary_.path();
  FakeBackend backend_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(DaemonCommands, EachVerbCallsTheDaemonAndExitsZero) {
  start();
  const std::vector<std::tuple<std::vector<std::string>, std::string, json>> cases = {
      {{"status"}, "status", json::object()},
      {{"config"}, "config", json::object()},
      {{"pause"}, "pause", json::object()},
      {{"resume"}, "resume", json::object()},
      {{"drain"}, "drain", json::object()},
      {{"checkpoint"}, "checkpoint", json::object()},
      {{"promote", "v3"}, "promote", {{"version", 3}}},
      {{"rollback", "2"}, "rollback", {{"version", 2}}},
      {{"reload"}, "reload", json::object()},
      {{"reload", "--dry-run"}, "reload", {{"dry_run", true}}},
      {{"eval", "--version", "2", "--limit", "50"}, "eval", {{"version", 2}, {"limit", 50}}},
      {{"eval", "--fit-auto"}, "eval", {{"fit_auto", true}}},
      {{"eval", "--strategy", "greedy", "--strategy", "majority:n=16", "--budget", "512", "--budget", "2048"},
       "eval",
       {{"strategies", {"greedy", "majority:n=16"}}, {"budgets", {512, 2048}}}},
      {{"eval", "--strategy", "greedy"}, "eval", {{"strategies", {"greedy"}}, {"budgets", {16384}}}},
      {{"ask", "47+85"}, "ask", {{"question", "47+85"}}},
      {{"ask", "47+85", "--strategy", "weighted:n=8", "--budget", "900", "--abstain-below", "0.75"},
       "ask",
       {{"question", "47+85"}, {"strategy", "weighted:n=8"}, {"budget_tokens", 900}, {"abstain_below", 0.75}}},
      {{"ask", "47+85", "--hint"}, "ask", {{"question", "47+85"}, {"hint", true}}},
  };
  for (const auto& [words, verb, params] : cases) {
    const ProcessRun result = client(words);
    EXPECT_EQ(result.status, 0) << words[0] << ": " << result.err;
    EXPECT_NE(result.out.find(verb), std::string::npos) << result.out;
    EXPECT_EQ(backend_.calls().back().verb, verb);
    EXPECT_EQ(json::parse(backend_.calls().back().params), params);
  }
}

TEST_F(DaemonCommands, TheDaemonsErrorIsTheExitStatus) {
  backend_.on_call = [](const std::string&, AdminBackend::Done done) {
    done({Status(Errc::kConfig, "a.toml:3:1: loop.roundz: unknown key\na.toml:9:1: another"), ""});
  };
  start();
  const ProcessRun result = client({"reload"});
  EXPECT_EQ(result.status, 78);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "autodidact: a.toml:3:1: loop.roundz: unknown key\nautodidact: a.toml:9:1: another\n");
}

TEST_F(DaemonCommands, WordsThatMeanNothingAreExit64BeforeTheDaemonIsAsked) {
  start();
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"eval", "--budget", "512"},
                                             {"eval", "--strategy", "greedy", "--budget", "0"},
                                             {"eval", "--strategy", "greedy", "--budget", "9223372036854775808"},
                                             {"eval", "--strategy", "greedy", "--budget", "-1"},
                                             {"ask", "1+1", "--abstain-below", "1.5"},
                                             {"ask", "1+1", "--budget", "0"},
                                             {"ask", "1+1", "--hint", "--strategy", "greedy"}}) {
    const ProcessRun result = client(words);
    EXPECT_EQ(result.status, 64) << words.back() << ": " << result.err;
    EXPECT_FALSE(result.err.empty());
  }
  EXPECT_TRUE(backend_.calls().empty());
}

TEST_F(DaemonCommands, EvalDrawsItsCurvesBesideTheTable) {
  backend_.on_call = [](const std::string&, AdminBackend::Done done) {
    done({Status(), R"({"version":2,"verifier":0,"temperature":1,"strategies":[{"strategy":"greedy","budget_tokens":512,"n":9,
      "correct":6,"accuracy":0.67,"low":0.3,"high":0.9,"tokens":20,"tokens_scored":0}]})"});
  };
  start();
  const std::string curve = directory_ + "/curve.svg", risk = directory_ + "/risk.svg";
  const ProcessRun drawn = client({"eval", "--strategy", "greedy", "--budget", "512", "--svg", curve});
  EXPECT_EQ(drawn.status, 0) << drawn.err;
  EXPECT_NE(drawn.out.find("67.0 % (30.0-90.0)"), std::string::npos) << drawn.out;
  const auto svg = read_file(curve, 1 << 20);
  ASSERT_TRUE(svg.ok()) << svg.status().message();
  EXPECT_NE(svg->find("greedy, budget 512"), std::string::npos);
  const ProcessRun nothing = client({"eval", "--strategy", "greedy", "--budget", "512", "--risk-svg", risk});
  EXPECT_EQ(nothing.status, 66);
  EXPECT_NE(nothing.out.find("67.0 %"), std::string::npos) << "what was measured is printed all the same";
  EXPECT_NE(nothing.err.find("confidence"), std::string::npos) << nothing.err;
  EXPECT_FALSE(fs::exists(risk));
}

TEST_F(DaemonCommands, AbstainingIsAnAnswer) {
  backend_.on_call = [](const std::string&, AdminBackend::Done done) {
    done({Status(), R"({"answer":"122","abstained":true,"confidence":0.31,"tokens_spent":512,"version":2})"});
  };
  start();
  const ProcessRun result = client({"ask", "47+85", "--abstain-below", "0.8"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "I don't know\n\nconfidence  31.0 %\ntokens      512\nversion     v2\n");
  EXPECT_EQ(json::parse(client({"ask", "47+85", "--json"}).out)["abstained"], true);
}

TEST_F(DaemonCommands, WithoutADaemonIsExit69AndSaysWhere) {
  const ProcessRun result = client({"status"});
  EXPECT_EQ(result.status, 69);
  EXPECT_NE(result.err.find(directory_ + "/admin.sock"), std::string::npos);
  EXPECT_EQ(autodidact({"-d", directory_ + "/missing", "status"}).status, 66);
}

TEST_F(DaemonCommands, ADaemonThatDoesNotAnswerIsGivenUpInTime) {
  std::vector<AdminBackend::Done> held;
  std::mutex mutex;
  backend_.on_call = [&](const std::string&, AdminBackend::Done done) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(done));
  };
  start();
  const auto begin = std::chrono::steady_clock::now();
  const ProcessRun result = client({"status", "--timeout", "1"});
  EXPECT_EQ(result.status, 75);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  const std::lock_guard lock(mutex);
  held.clear();
}

TEST_F(DaemonCommands, StatusIsATableOrJson) {
  backend_.on_call = [](const std::string&, AdminBackend::Done done) {
    done({Status(), R"({"phase":"sample","actors":[{"role":"trainer","waits_for":"samples"},{"role":"filter","held":3}]})"});
  };
  start();
  const ProcessRun table = client({"status"});
  EXPECT_NE(table.out.find("phase  sample"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("trainer  samples"), std::string::npos) << table.out;
  EXPECT_EQ(json::parse(client({"--json", "status"}).out)["phase"], "sample");
  EXPECT_EQ(json::parse(client({"status", "--json"}).out)["phase"], "sample");  // behind the command too
}

TEST_F(DaemonCommands, TheSocketMayBeElsewhere) {
  start();
  EXPECT_EQ(autodidact({"--socket", directory_ + "/admin.sock", "status"}).status, 0);
  const std::string config = directory_ + "/run.toml";
  ASSERT_TRUE(write_file_atomic(config, "config_version = 1\ndata_dir = \"" + directory_ + "\"\n").ok());
  EXPECT_EQ(autodidact({"-c", config, "status"}).status, 0);
  ASSERT_TRUE(write_file_atomic(config, "config_version = 1\ndata_dir = \"/nowhere\"\n[gateway]\nadmin_socket = \"" +
                                            directory_ + "/admin.sock\"\n")
                  .ok());
  EXPECT_EQ(autodidact({"-c", config, "-d", directory_, "status"}).status, 0);
}

TEST_F(DaemonCommands, ReplayAsksTheDaemonAndSaysSo) {
  start();
  const ProcessRun result = run({autodidact_path(), "-d", directory_, "replay", "ls", "--limit", "5", "--json"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("daemon at "), std::string::npos) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 5);
}

TEST_F(DaemonCommands, PinsGoThroughTheDaemon) {
  start();
  EXPECT_EQ(client({"replay", "pin", "3", "4"}).status, 0);
  EXPECT_TRUE(backend_.store().summary(3)->pinned);
  EXPECT_EQ(client({"replay", "unpin", "3"}).status, 0);
  EXPECT_FALSE(backend_.store().summary(3)->pinned);
  const auto before = backend_.store().counts().attempts;
  EXPECT_EQ(client({"replay", "gc", "--keep", "0"}).status, 0);
  EXPECT_EQ(backend_.store().counts().attempts, before);
  EXPECT_EQ(client({"replay", "gc", "--keep", "0", "--apply"}).status, 0);
  EXPECT_LT(backend_.store().counts().attempts, before);
}

TEST_F(DaemonCommands, ADaemonWhoseSocketIsElsewhereStillLocksItsStore) {
  ASSERT_TRUE(write_sample_run(directory_).ok());
  const UniqueFd lock(::open((directory_ + "/daemon.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  const ProcessRun result = client({"replay", "pin", "1"});
  EXPECT_EQ(result.status, 75) << result.err;
  EXPECT_NE(result.err.find("--socket"), std::string::npos);
  EXPECT_EQ(client({"replay", "ls"}).status, 0);  // reading needs no lock
}

TEST_F(DaemonCommands, TailFollowsNewAttempts) {
  start();
  std::thread adding([this, before = backend_.store_calls.load()] {
    wait_for_queries(before + 2);
    WriteSet set;
    ItemResult item;
    item.item = make_item_id(9, 0, false);
    item.problem = sample_problem(5);
    item.attempts.resize(1);
    item.attempts[0].attempt.text = "new";
    set.items.push_back(std::move(item));
    (void)backend_.store().commit(std::move(set));
  });
  const ProcessRun result = client({"replay", "tail", "-n", "2", "--json"}, {.limit_ms = 6000});
  adding.join();
  EXPECT_EQ(result.status, 128 + SIGKILL);  // it follows until it is stopped
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3) << result.out;
  EXPECT_NE(result.out.find("\"id\":" + std::to_string(kSampleAttempts + 1)), std::string::npos);
}

TEST_F(DaemonCommands, TailEndsWhenTheDaemonDoes) {
  start();
  std::thread stopping([this, before = backend_.store_calls.load()] {
    wait_for_queries(before + 2);
    gateway_->stop(0);
  });
  const ProcessRun result = client({"replay", "tail", "-n", "2"}, {.limit_ms = 10'000});
  stopping.join();
  EXPECT_EQ(result.status, 69) << result.err;
}

TEST_F(DaemonCommands, ConfigShowsAFileOrTheDefaultsWithoutADaemon) {
  const std::string config = directory_ + "/run.toml";
  ASSERT_TRUE(write_file_atomic(config, "config_version = 1\ndata_dir = \"" + directory_ + "\"\nseed = 42\n").ok());
  const ProcessRun file = autodidact({"-c", config, "config", "--json"});
  ASSERT_EQ(file.status, 0) << file.err;
  EXPECT_EQ(json::parse(file.out)["seed"], 42);
  const ProcessRun defaults = autodidact({"config", "--defaults"});
  ASSERT_EQ(defaults.status, 0) << defaults.err;
  EXPECT_NE(defaults.out.find("config_version"), std::string::npos);
}

TEST_F(DaemonCommands, EvalWithoutADaemonRunsTheDaemonsProgram) {
  const std::string bin = directory_ + "/bin";
  ASSERT_TRUE(make_directories(bin).ok());
  ASSERT_TRUE(write_file_atomic(bin + "/autodidactd", "#!/bin/sh\necho \"{\\\"arguments\\\":\\\"$*\\\"}\"\n", 0755).ok());
  fs::copy_file(autodidact_path(), bin + "/autodidact");
  const std::string config = directory_ + "/run.toml";
  ASSERT_TRUE(write_file_atomic(config, "config_version = 1\ndata_dir = \"" + directory_ + "\"\n").ok());
  const ProcessRun eval = run({bin + "/autodidact", "-q", "-c", config, "eval", "--version", "v2", "--limit", "9", "--json"});
  ASSERT_EQ(eval.status, 0) << eval.err;
  EXPECT_EQ(json::parse(eval.out)["arguments"], "-c " + config + " --eval --version-id 2 --limit 9");
  const ProcessRun ask = run({bin + "/autodidact", "-q", "-c", config, "ask", "1+1", "--json"});
  EXPECT_EQ(json::parse(ask.out)["arguments"], "-c " + config + " --ask 1+1");
  const ProcessRun compare =
      run({bin + "/autodidact", "-q", "-c", config, "eval", "--strategy", "greedy", "--budget", "7", "--json"});
  EXPECT_EQ(json::parse(compare.out)["arguments"], "-c " + config + " --eval --strategy greedy --budget 7");
  const ProcessRun think = run({bin + "/autodidact", "-q", "-c", config, "ask", "1+1", "--strategy", "majority:n=4", "--budget",
                                "64", "--abstain-below", "0.5", "--json"});
  EXPECT_EQ(json::parse(think.out)["arguments"],
            "-c " + config + " --ask 1+1 --strategy majority:n=4 --budget 64 --abstain-below 0.5");
  const ProcessRun nothing = client({"eval"});
  EXPECT_EQ(nothing.status, 69);
  EXPECT_NE(nothing.err.find("-c FILE"), std::string::npos) << nothing.err;
}

TEST_F(DaemonCommands, CheckPrintsEveryErrorWithItsPlace) {
  const std::string config = directory_ + "/bad.toml";
  ASSERT_TRUE(write_file_atomic(config, "config_version = 1\nseed = \"x\"\n[loop]\nroundz = 3\n").ok());
  const ProcessRun bad = autodidact({"check", config});
  EXPECT_EQ(bad.status, 78);
  EXPECT_EQ(bad.out, "");
  EXPECT_NE(bad.err.find("bad.toml:2:"), std::string::npos) << bad.err;
  EXPECT_NE(bad.err.find("bad.toml:4:"), std::string::npos) << bad.err;
  EXPECT_NE(bad.err.find("loop.rounds"), std::string::npos) << "the near miss";
  const json listed = json::parse(autodidact({"check", config, "--json"}).out);
  EXPECT_EQ(listed["ok"], false);
  EXPECT_EQ(listed["errors"].size(), 2u);
  ASSERT_TRUE(write_file_atomic(config, "config_version = 1\n").ok());
  const ProcessRun good = autodidact({"check", config});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(good.out, "ok\n");
  EXPECT_EQ(autodidact({"check", directory_ + "/none.toml"}).status, 66);
  EXPECT_EQ(autodidact({"check", config, "--set", "loop.rounds=-1"}).status, 78);
}

TEST_F(DaemonCommands, ThePresetsAreRight) {
  const char* source = std::getenv("AD_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  int presets = 0;
  for (const auto& entry : fs::directory_iterator(std::string(source) + "/config/presets")) {
    const ProcessRun result = autodidact({"check", entry.path()});
    EXPECT_EQ(result.status, 0) << result.err;
    ++presets;
  }
  EXPECT_GT(presets, 0);
}

}  // namespace
}  // namespace autodidact
