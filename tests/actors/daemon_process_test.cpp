// The daemon as a process, with the fake model: signals, reload, refusals, a full disk.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/files.hpp"
#include "config/options.hpp"
#include "gateway/client.hpp"
#include "storage/replay_store.hpp"
#include "tests/actors/crash_subject.hpp"
#include "tests/actors/event_records.hpp"
#include "tests/gateway/raw_connection.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace std::chrono_literals;

class DaemonProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    subject_ = std::make_unique<CrashSubject>(binary(), base_.string());
    subject_->write_config(kSubjectConfig);
    subject_->set_environment("AD_FAKE_DECODE_US", "1000");
    subject_->set_environment("AD_FAKE_TRAIN_US", "1000");
    subject_->set_environment("AD_FAKE_TOKENS_PER_STEP", "4");
  }
  void TearDown() override {
    if (HasFailure()) std::cerr << log();
  }

  static std::string binary() { return std::string(std::getenv("AD_BIN_DIR")) + "/autodidactd_fake"; }

  std::string log() const {
    std::ifstream file(subject_->log_path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  json status() const {
    auto client = AdminClient::connect(subject_->data_dir() + "/admin.sock");
    if (!client.ok()) return json::object();
    const auto text = client->call("GET", "/admin/status", "", 2000);
    return text.ok() ? json::parse(*text) : json::object();
  }

  // The status document's number at `path`, 0 while there is none.
  long number(const std::string& path) const { return status().value(json::json_pointer(path), 0L); }

  static bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds patience = 15s) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }
  // What its health address answers.
  std::string get(const std::string& path) const {
    const std::string said = log(), key = "health=";
    const auto at = said.rfind(key);
    if (at == std::string::npos) return "";
    auto connection = RawConnection::to_tcp(said.substr(at + key.size(), said.find_first_of(" \n", at) - at - key.size()));
    if (!connection.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")) return "";
    return body_of(connection.reply());
  }
  // The status it answers `body` with; 0: none.
  int post(const std::string& path, const std::string& body) const {
    const std::string said = log(), key = "health=";
    const auto at = said.rfind(key);
    if (at == std::string::npos) return 0;
    auto connection = RawConnection::to_tcp(said.substr(at + key.size(), said.find_first_of(" \n", at) - at - key.size()));
    const std::string head = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    if (!connection.send(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)) return 0;
    return status_of(connection.reply());
  }
  bool wait_for_items(long count) {
    return wait_until([&] { return number("/store/items") >= count; });
  }
  bool logged(const std::string& text) {
    return wait_until([&] { return log().find(text) != std::string::npos; });
  }

  // Runs to its end; exit status and what it said.
  std::pair<int, std::string> refused(const std::string& directory, const std::string& toml) {
    CrashSubject other(binary(), (base_ / directory).string());
    EXPECT_TRUE(write_file_atomic(other.config_path(), toml).ok());
    other.start();
    const int status = other.wait(10s).value_or(-1);
    std::ifstream file(other.log_path());
    return {status, {std::istreambuf_iterator<char>(file), {}}};
  }
  std::string with_data_dir(const std::string& directory) const {
    return "data_dir = \"" + directory + "\"\n" + kSubjectConfig;
  }

  TempDirectory directory_;
  const fs::path base_ = directory_.path();
  std::unique_ptr<CrashSubject> subject_;
};

TEST_F(DaemonProcess, SigtermDrainsExitsZeroAndTheNextLifeGoesOn) {
  subject_->start();
  ASSERT_TRUE(wait_for_items(60));
  const auto begin = std::chrono::steady_clock::now();
  subject_->terminate();
  EXPECT_EQ(subject_->wait(15s), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(SuperviseOptions().drain_ms));
  EXPECT_NE(log().find("drained"), std::string::npos);
  const auto items = open_store_read_only(subject_->data_dir() + "/store", {}).value()->counts().items;
  subject_->start();
  ASSERT_TRUE(wait_for_items(static_cast<long>(items) + 60));
  EXPECT_NE(log().find("resumed"), std::string::npos);
}

TEST_F(DaemonProcess, ASecondDaemonOnTheSameDataIsRefusedInOneLine) {
  subject_->start();
  ASSERT_TRUE(wait_for_items(1));
  const auto [status, said] = refused("second", with_data_dir(subject_->data_dir()));
  EXPECT_EQ(status, 75);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_NE(said.find("another daemon (process "), std::string::npos) << said;
  EXPECT_TRUE(subject_->running());
}

TEST_F(DaemonProcess, ShowsItsLoopOnThePageAndInEventFiles) {
  subject_->start({"gateway.listen=127.0.0.1:0"});
  ASSERT_TRUE(wait_until([&] { return number("/serving") >= 2; }, 30s));
  EXPECT_NE(get("/").find("<title>Autodidact</title>"), std::string::npos);
  json page;
  ASSERT_TRUE(wait_until([&] {
    page = json::parse(get("/dashboard.json"), nullptr, false);
    return page.is_object() && page["versions"]["generator"].size() >= 2 && !page["staleness"].is_null();
  }));
  EXPECT_EQ(page["task"], "addition");
  EXPECT_FALSE(page["kept"].empty());
  EXPECT_EQ(page["stages"].size(), 3u);
  EXPECT_GE(page["roles"].size(), 8u);
  EXPECT_GT(page["store"]["attempts"], 0);
  const std::string metrics = get("/metrics");
  for (const std::string name : {"accuracy_ratio{split=\"held_out\"}", "version{which=\"evaluated\"}", "accepted_ratio{",
                                 "staleness_versions{which=\"mean\"}", "stage_credits{", "sampled_tokens_total{",
                                 "train_steps_total{", "attempts_total{", "learning_rate{", "gradient_norm{"}) {
    EXPECT_NE(metrics.find("\nautodidact_" + name), std::string::npos) << name;
  }
  subject_->terminate();
  ASSERT_EQ(subject_->wait(15s), 0);
  const auto files = event_files(subject_->data_dir() + "/tensorboard");
  ASSERT_EQ(files.size(), 1u);
  const Curves curves = curves_of(bytes_of(files[0]));
  EXPECT_TRUE(curves.contains("train_base/loss"));
  ASSERT_TRUE(curves.contains("accuracy_by_version/held_out"));
  EXPECT_GE(curves.at("accuracy_by_version/held_out").size(), 2u);
  EXPECT_EQ(curves.at("accuracy_by_version/held_out")[0].second, page["versions"]["generator"][0]["accuracy"].get<float>());
}

TEST_F(DaemonProcess, WritesNoEventFilesWhenToldNotTo) {
  subject_->start({"log.tensorboard=false"});
  ASSERT_TRUE(wait_for_items(10));
  EXPECT_FALSE(fs::exists(subject_->data_dir() + "/tensorboard"));
}

TEST_F(DaemonProcess, SighupAppliesWhatIsLiveNamesTheRestAndRecordsTheStep) {
  subject_->start();
  ASSERT_TRUE(wait_for_items(30));
  subject_->write_config(std::string(kSubjectConfig) + "[supervise]\nstall_ms = 77000\nmax_attempts_per_item = 9\n");
  subject_->hang_up();
  ASSERT_TRUE(wait_until([&] { return number("/config/generation") == 2; }));
  EXPECT_EQ(status()["config"]["pending_restart"], json::array({"supervise.max_attempts_per_item"}));
  EXPECT_TRUE(logged("supervise.stall_ms"));
  subject_->terminate();
  EXPECT_EQ(subject_->wait(15s), 0);
  const auto events = open_store_read_only(subject_->data_dir() + "/store", {}).value()->events(0, 1000).value();
  const auto event = std::find_if(events.begin(), events.end(), [](const Event& e) { return e.kind == "config"; });
  ASSERT_NE(event, events.end());
  EXPECT_GT(event->step, 0u);
  EXPECT_EQ(json::parse(event->detail_json)["applied"].size(), 1u);
}

TEST_F(DaemonProcess, ABrokenFileIsRefusedWithItsPlaceAndTheOldOneStays) {
  subject_->start();
  ASSERT_TRUE(wait_for_items(10));
  subject_->write_config(std::string(kSubjectConfig) + "[supervise]\nstal_ms = 77000\n");
  subject_->hang_up();
  ASSERT_TRUE(logged("the old configuration stays"));
  EXPECT_NE(log().find("supervise.stal_ms"), std::string::npos);
  EXPECT_NE(log().find("stall_ms"), std::string::npos) << "the near miss";
  EXPECT_EQ(number("/config/generation"), 1);
  const long items = number("/store/items");
  EXPECT_TRUE(wait_for_items(items + 20)) << "it works on";
}

TEST_F(DaemonProcess, WatchesItsFileThroughASwappedLink) {
  const fs::path link = subject_->config_path();
  const auto place = [&](const std::string& name, const std::string& more) {
    EXPECT_TRUE(write_file_atomic((base_ / name).string(), with_data_dir(subject_->data_dir()) + more).ok());
    fs::create_symlink(base_ / name, base_ / "link.new");
    fs::rename(base_ / "link.new", link);
  };
  place("one.toml", "");
  subject_->start({"watch_config=true"});
  ASSERT_TRUE(wait_for_items(1));
  place("two.toml", "[supervise]\nstall_ms = 77000\n");
  EXPECT_TRUE(wait_until([&] { return number("/config/generation") == 2; }));
}

TEST_F(DaemonProcess, WhatItCannotRunOnIsRefusedAndNothingIsMade) {
  const std::string data = (base_ / "never").string();
  const struct {
    const char* what;
    std::string toml;
    int status;
    const char* says;
  } cases[] = {
      {"malformed", "data_dir = \"" + data + "\"\nseed = = 1\n", 78, "config.toml:2:8"},
      {"empty", "", 78, "config_version"},
      {"unknown", with_data_dir(data) + "[slep]\nx = 1\n", 78, "slep"},
      {"type", with_data_dir(data) + "[supervise]\nstall_ms = \"long\"\n", 78, "supervise.stall_ms"},
      {"range", with_data_dir(data) + "[supervise]\nstall_ms = -1\n", 78, "supervise.stall_ms"},
  };
  for (const auto& c : cases) {
    const auto [status, said] = refused(c.what, c.toml);
    EXPECT_EQ(status, c.status) << c.what << ": " << said;
    EXPECT_NE(said.find(c.says), std::string::npos) << c.what << ": " << said;
    EXPECT_FALSE(fs::exists(data)) << c.what;
  }
  const auto [status, said] = refused("file", with_data_dir("/dev/null/data"));
  EXPECT_EQ(status, 73) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

// Asked through the admin socket, corrected over HTTP, killed between any two steps: everything happens once.
TEST_F(DaemonProcess, AnswersAndFeedbackOnThemSurviveKill9) {
  const std::vector<std::string> learning = {"serve.learn_from_requests=true", "gateway.listen=127.0.0.1:0"};
  const auto items = [&](std::uint32_t round) {
    const auto store = open_store_read_only(subject_->data_dir() + "/store", {});
    return store.ok() ? (*store)->items_of_round(round).value() : std::vector<ItemState>();
  };
  subject_->start(learning);
  json answer;
  ASSERT_TRUE(wait_until([&] {
    auto client = AdminClient::connect(subject_->data_dir() + "/admin.sock");
    if (!client.ok()) return false;
    const auto text =
        client->call("POST", "/admin/ask", R"({"question":"47+85","strategy":"majority:n=4","budget_tokens":100})", 5000);
    if (text.ok()) answer = json::parse(*text);
    return text.ok();
  }));
  EXPECT_EQ(answer.at("strategy"), "majority:n=4");
  EXPECT_LE(answer.at("tokens_spent"), 100);
  EXPECT_FALSE(answer.at("votes").empty());
  EXPECT_EQ(answer.at("abstained"), false);
  EXPECT_EQ(answer.at("question"), "47+85");

  ASSERT_TRUE(wait_until([&] { return items(kServedRound).size() == 1; }));
  subject_->kill9();
  subject_->start(learning);
  const std::string body = json{{"id", answer.at("id")}, {"correction", "132"}}.dump();
  ASSERT_TRUE(wait_until([&] { return post("/v1/feedback", body) == 200; })) << log();
  subject_->kill9();
  EXPECT_EQ(items(kFeedbackRound).size(), 1u) << "what was acknowledged is durable";
  subject_->start(learning);
  ASSERT_TRUE(wait_until([&] { return !items(kAskedRound).empty(); }, 60s)) << "the question is not asked again";
  subject_->kill9();
  subject_->start(learning);
  ASSERT_TRUE(wait_until([&] { return post("/v1/feedback", body) == 200; })) << "said again";
  const long round = number("/round");
  ASSERT_TRUE(wait_until([&] { return number("/round") >= round + 2; }, 60s));
  subject_->terminate();
  ASSERT_EQ(subject_->wait(15s), 0);
  EXPECT_EQ(items(kServedRound).size(), 1u);
  EXPECT_EQ(items(kFeedbackRound).size(), 1u);
  const auto asked = items(kAskedRound);
  EXPECT_EQ(std::count_if(asked.begin(), asked.end(), [](const ItemState& item) { return !item_hinted(item.item); }), 1);
}

// Without a daemon the same question is answered by the same strategies.
TEST_F(DaemonProcess, AsksOffline) {
  subject_->start();
  ASSERT_TRUE(wait_until([&] { return number("/serving") >= 1; }));
  subject_->terminate();
  ASSERT_EQ(subject_->wait(15s), 0);
  const auto ask = [&](const std::string& options) {
    const std::string command = binary() + " -c " + subject_->config_path() + " --ask 47+85 " + options + " 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string said(4096, '\0');
    said.resize(std::fread(said.data(), 1, said.size(), pipe));
    return std::pair(WEXITSTATUS(::pclose(pipe)), said);
  };
  const auto [status, said] = ask("--strategy majority:n=3 --budget 64");
  ASSERT_EQ(status, 0) << said;
  const json answer = json::parse(said);
  EXPECT_EQ(answer.at("strategy"), "majority:n=3");
  EXPECT_LE(answer.at("tokens_spent"), 64);
  EXPECT_EQ(ask("--strategy guess").first, exit_code(Errc::kUsage));
  EXPECT_EQ(ask("--strategy sample --strategy greedy").first, exit_code(Errc::kUsage));
  EXPECT_EQ(ask("--budget 0").first, exit_code(Errc::kUsage));
}

TEST_F(DaemonProcess, DamagedWeightsAreRefusedAndNothingIsTouched) {
  subject_->start();
  ASSERT_TRUE(wait_until([&] { return number("/serving") >= 1; }));
  subject_->terminate();
  ASSERT_EQ(subject_->wait(15s), 0);
  const fs::path weights = fs::path(subject_->data_dir()) / "versions/v000001/model.safetensors";
  ASSERT_TRUE(fs::exists(weights)) << "where are the versions?";
  fs::resize_file(weights, fs::file_size(weights) / 2);
  subject_->start();
  EXPECT_EQ(subject_->wait(15s), 65);
  EXPECT_NE(log().find("cannot resume"), std::string::npos);
}

// A disk that fills: the daemon stops before it is full, says so, and goes on by itself.
TEST_F(DaemonProcess, AFullDiskHoldsWorkAndFreedSpaceLetsItGoOn) {
  fs::create_directories(subject_->data_dir());
  if (::mount("none", subject_->data_dir().c_str(), "tmpfs", 0, "size=64m") != 0) {
    GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  }
  subject_->start({"store.soft_free_mb=24", "store.hard_free_mb=12"});
  const bool began = wait_for_items(30);
  const std::string ballast = subject_->data_dir() + "/ballast";
  const auto space = fs::space(subject_->data_dir());
  {
    std::ofstream file(ballast, std::ios::binary);
    file << std::string(space.available - (8u << 20), 'x');
  }
  const bool held = wait_until([&] { return status().value(json::json_pointer("/store/problem"), "") != ""; });
  std::this_thread::sleep_for(1s);
  const long at = number("/store/items");
  std::this_thread::sleep_for(500ms);
  const long still_at = number("/store/items");
  const bool alive = subject_->running();
  fs::remove(ballast);
  const bool went_on = wait_for_items(at + 60);
  subject_->terminate();
  const auto ended = subject_->wait(15s);
  ::umount2(subject_->data_dir().c_str(), MNT_DETACH);
  EXPECT_TRUE(began);
  EXPECT_TRUE(held) << "it does not notice";
  EXPECT_EQ(at, still_at) << "it goes on writing";
  EXPECT_TRUE(alive);
  EXPECT_TRUE(went_on) << "it does not go on by itself";
  EXPECT_EQ(ended, 0);
  EXPECT_NE(log().find("no new work is granted"), std::string::npos);
}

}  // namespace
}  // namespace autodidact
