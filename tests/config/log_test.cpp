#include "config/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "config/files.hpp"
#include "config/log_format.hpp"

namespace autodidact {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream text(*read_file(path, 100 << 20));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// Opens the log on a fresh file, and closes it again.
class LogFile : public ::testing::Test {
 protected:
  void open(const std::string& format, const std::string& level = "info") {
    options_.file = std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + ".log";
    options_.format = format;
    options_.level = level;
    std::filesystem::remove(options_.file);
    const Status status = open_log(options_);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  std::vector<std::string> closed() {
    close_log();
    return lines_of(options_.file);
  }
  void TearDown() override { close_log(); }
  LogOptions options_;
};

TEST(LogFormat, TextQuotesValuesAndEscapesControlCharacters) {
  EXPECT_EQ(format_log_text("store", "disk low", {{"free_mb", 431}, {"path", "/a b"}, {"share", 0.25}, {"ok", true}}, 0),
            "store: disk low free_mb=431 path=\"/a b\" share=0.25 ok=true");
  EXPECT_EQ(format_log_text("s", "a\nfake line\x1b[2J\x7f", {{"v", "x\"y\\\t"}, {"empty", ""}}, 3),
            "s: a\\nfake line\\x1b[2J\\x7f v=\"x\\\"y\\\\\\x09\" empty=\"\" suppressed=3");
}

TEST(LogFormat, JsonIsOneParsableLineWhateverTheTextHolds) {
  const std::string line =
      format_log_json(1'700'000'000'123'456, LogLevel::kWarn, "store", "a \"%v\" {}\n\xff\x1b",
                      {{"n", std::uint64_t{18446744073709551615u}}, {"x", -1}, {"d", 0.5}, {"s", "\xc3"}}, 2);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["ts"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json["level"], "warn");
  EXPECT_EQ(json["stage"], "store");
  EXPECT_EQ(json["msg"], "a \"%v\" {}\n\xef\xbf\xbd\x1b");
  EXPECT_EQ(json["n"], 18446744073709551615u);
  EXPECT_EQ(json["x"], -1);
  EXPECT_EQ(json["suppressed"], 2);
}

TEST(RepeatLimiter, HoldsRepeatsBackAndSaysHowMany) {
  RepeatLimiter limiter;
  const std::int64_t second = 1'000'000'000;
  int passed = 0;
  for (int i = 0; i < 100; ++i) passed += limiter.admit("s", "m", 5 * second).pass ? 1 : 0;
  EXPECT_EQ(passed, 20);
  EXPECT_TRUE(limiter.admit("s", "other", 5 * second).pass) << "another message has its own allowance";
  EXPECT_TRUE(limiter.admit("other", "m", 5 * second).pass);
  const auto later = limiter.admit("s", "m", 16 * second);
  EXPECT_TRUE(later.pass);
  EXPECT_EQ(later.suppressed, 80u);
  EXPECT_EQ(limiter.admit("s", "m", 16 * second).suppressed, 0u);
}

TEST(RepeatLimiter, StaysBoundedWhenEveryMessageDiffers) {
  RepeatLimiter limiter;
  for (int i = 0; i < 10000; ++i) EXPECT_TRUE(limiter.admit("s", std::to_string(i), i).pass);
}

TEST_F(LogFile, WritesTextWithUtcTimeAndLevel) {
  open("text");
  log_warn("main", "careful", {{"n", 1}});
  const auto lines = closed();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], ::testing::MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:.]+Z warning main: careful n=1"));
}

TEST_F(LogFile, WritesJson) {
  open("json");
  log_error("main", "100 % {}", {{"path", "a\nb"}});
  const auto lines = closed();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(nlohmann::json::parse(lines[0])["msg"], "100 % {}");
  EXPECT_EQ(nlohmann::json::parse(lines[0])["path"], "a\nb");
}

TEST_F(LogFile, ChangesItsLevelWhileOpen) {
  open("text", "warn");
  log_info("main", "not yet");
  EXPECT_FALSE(log_enabled(LogLevel::kInfo));
  ASSERT_TRUE(set_log_level("debug").ok());
  log_debug("main", "now");
  EXPECT_EQ(set_log_level("loud").code(), Errc::kConfig);
  log_debug("main", "still");
  const auto lines = closed();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], HasSubstr("debug main: now"));
}

TEST_F(LogFile, RotatesAtItsSize) {
  options_.max_mb = 1;
  open("text");
  const std::string long_value(60000, 'x');
  for (int i = 0; i < 40; ++i) log_info("main", std::to_string(i), {{"x", long_value}});  // 2.4 MB
  close_log();
  EXPECT_TRUE(std::filesystem::exists("RotatesAtItsSize.1.log"));
  EXPECT_LE(std::filesystem::file_size("RotatesAtItsSize.log"), 1u << 20);
}

TEST_F(LogFile, KeepsWorkingWhenTheNewFileCannotBeMade) {
  open("text");
  LogOptions bad = options_;
  bad.file = "/proc/none/x.log";
  const Status status = open_log(bad);
  EXPECT_EQ(status.code(), Errc::kCannotCreate);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("log.file"), HasSubstr("/proc/none/x.log")));
  log_info("main", "still here");
  EXPECT_THAT(closed(), SizeIs(1));
}

TEST_F(LogFile, TakesLinesFromManyThreadsWhole) {
  open("json");
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) log_info("t" + std::to_string(t), std::to_string(i), {{"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log_lines_dropped(), 0u);
  const auto lines = closed();
  ASSERT_THAT(lines, SizeIs(1600));
  for (const std::string& line : lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

}  // namespace
}  // namespace autodidact
