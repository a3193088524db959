#include "config/watch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "config/sha256.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// A directory of its own per test, and a count of reports one can wait for.
class ConfigWatch : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::absolute(::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  fs::path at(const std::string& name) const { return directory_ / name; }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

  // The poll is kept out of the way unless the test is about it.
  void watch(const fs::path& path, const std::string& known, WatchTiming timing = {50, 60000}) {
    auto started = ConfigWatcher::start(
        path, sha256_hex(known),
        [this] {
          const std::lock_guard lock(mutex_);
          ++reports_;
          changed_.notify_all();
        },
        timing);
    ASSERT_TRUE(started.ok()) << started.status().message();
    watcher_ = std::move(started).value();
    std::this_thread::sleep_for(milliseconds(100));  // the first look is over, watches stand
  }
  bool reported(int times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return reports_ >= times; }) && reports_ == times;
  }
  int reports_after(milliseconds quiet) {
    std::this_thread::sleep_for(quiet);
    const std::lock_guard lock(mutex_);
    return reports_;
  }

  fs::path directory_;
  std::unique_ptr<ConfigWatcher> watcher_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int reports_ = 0;
};

TEST_F(ConfigWatch, ReportsAWriteInPlace) {
  write(at("c.toml"), "a");
  watch(at("c.toml"), "a");
  write(at("c.toml"), "b");
  EXPECT_TRUE(reported(1));
}

TEST_F(ConfigWatch, ReportsEveryRenameOver) {
  write(at("c.toml"), "0");
  watch(at("c.toml"), "0");
  for (int i = 1; i <= 3; ++i) {
    write(at("c.toml~"), std::to_string(i));
    fs::rename(at("c.toml~"), at("c.toml"));
    ASSERT_TRUE(reported(i)) << "rename " << i;
  }
}

TEST_F(ConfigWatch, ReportsAConfigMapSwap) {
  fs::create_directories(at("..1"));
  fs::create_directories(at("..2"));
  fs::create_directories(at("..3"));
  for (int i = 1; i <= 3; ++i) write(at(".." + std::to_string(i)) / "c.toml", std::to_string(i));
  fs::create_directory_symlink("..1", at("..data"));
  fs::create_symlink("..data/c.toml", at("c.toml"));
  watch(at("c.toml"), "1");
  for (int i = 2; i <= 3; ++i) {
    fs::create_directory_symlink(".." + std::to_string(i), at("..data_tmp"));
    fs::rename(at("..data_tmp"), at("..data"));
    ASSERT_TRUE(reported(i - 1)) << "swap " << i;
  }
  write(at("..3/c.toml"), "edited");
  EXPECT_TRUE(reported(3)) << "the directory swapped in is watched too";
}

TEST_F(ConfigWatch, FollowsAbsoluteAndParentLinks) {
  fs::create_directories(at("real/deep"));
  fs::create_directories(at("links"));
  write(at("real/c.toml"), "a");
  fs::create_symlink(at("real/deep/../c.toml"), at("links/abs.toml"));
  fs::create_symlink("../links/abs.toml", at("links/c.toml"));
  watch(at("links/c.toml"), "a");
  write(at("real/c.toml"), "b");
  EXPECT_TRUE(reported(1));
}

TEST_F(ConfigWatch, DoesNotReportTheGapOfASaveNorAMissingFile) {
  write(at("c.toml"), "a");
  watch(at("c.toml"), "a");
  write(at("c.toml"), "");
  EXPECT_EQ(reports_after(milliseconds(300)), 0) << "empty";
  fs::remove(at("c.toml"));
  EXPECT_EQ(reports_after(milliseconds(300)), 0) << "missing";
  write(at("c.toml"), "b");
  EXPECT_TRUE(reported(1));
}

TEST_F(ConfigWatch, DoesNotReportTheSameContentAgainNorItsNeighbours) {
  write(at("c.toml"), "a");
  watch(at("c.toml"), "a");
  write(at("c.toml"), "a");
  write(at("other.toml"), "b");
  EXPECT_EQ(reports_after(milliseconds(300)), 0);
}

TEST_F(ConfigWatch, TakesABurstOfSavesAsOneChange) {
  write(at("c.toml"), "0");
  watch(at("c.toml"), "0", {400, 60000});
  for (int i = 1; i <= 20; ++i) write(at("c.toml"), std::to_string(i));
  EXPECT_TRUE(reported(1));
  EXPECT_EQ(reports_after(milliseconds(600)), 1);
}

TEST_F(ConfigWatch, ReportsThoughTheFileIsNeverQuiet) {
  write(at("c.toml"), "0");
  watch(at("c.toml"), "0", {50, 60000});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (int i = 1; std::chrono::steady_clock::now() < end && reports_after(milliseconds(10)) == 0; ++i) {
    write(at("c.toml"), std::to_string(i));
  }
  EXPECT_GE(reports_after(milliseconds(0)), 1);
}

TEST_F(ConfigWatch, ReportsWhatChangedBetweenLoadingAndWatching) {
  write(at("c.toml"), "b");
  watch(at("c.toml"), "a");
  EXPECT_TRUE(reported(1));
}

TEST_F(ConfigWatch, FindsByPollingWhatInotifyCannotSee) {
  fs::create_directories(at("old"));
  fs::create_directories(at("new"));
  write(at("old/c.toml"), "a");
  write(at("new/c.toml"), "b");
  watch(at("old/c.toml"), "a", {50, 200});
  fs::rename(at("old"), at("gone"));  // no symlink: the parent's parent is not watched
  fs::rename(at("new"), at("old"));
  EXPECT_TRUE(reported(1));
}

TEST_F(ConfigWatch, SurvivesALoopOfSymlinks) {
  fs::create_symlink("b.toml", at("a.toml"));
  fs::create_symlink("a.toml", at("b.toml"));
  write(at("c.toml"), "a");
  watch(at("a.toml"), "a", {50, 200});
  fs::remove(at("a.toml"));
  fs::create_symlink("c.toml", at("a.toml"));
  write(at("c.toml"), "b");
  EXPECT_GE(reports_after(milliseconds(1000)), 1);
}

TEST_F(ConfigWatch, EndsAtOnceWhileAChangeIsPending) {
  write(at("c.toml"), "a");
  watch(at("c.toml"), "a", {20000, 60000});
  write(at("c.toml"), "b");
  std::this_thread::sleep_for(milliseconds(50));
  const auto start = std::chrono::steady_clock::now();
  watcher_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(reports_after(milliseconds(0)), 0);
}

}  // namespace
}  // namespace autodidact
