// A failing and a full disk under the store: one clear answer, nothing lost, nothing twice, and it goes on by itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "storage/rocks_store.hpp"
#include "tests/storage/faulty_env.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FailingDisk : public ::testing::Test {
 protected:
  void open() {
    StoreHooks hooks;
    hooks.env = &env_;
    hooks.free_bytes = [this](const std::string&) { return free_bytes_.load(); };
    hooks.retry_ms = 10;
    auto opened = open_rocks_store(directory_.path("store"), options_, hooks);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(opened).value();
  }
  // Tries as the loop does: again while the answer is "later".
  void commit_eventually(std::uint64_t position) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      const auto receipt = store_->commit(item_set(position, 1, 2));
      if (receipt.ok()) return;
      ASSERT_EQ(receipt.status().code(), Errc::kTemporary) << receipt.status().message();
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << receipt.status().message();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void expect_items(std::uint64_t count) {
    EXPECT_EQ(store_->items_of_round(1).value().size(), count);
    EXPECT_EQ(store_->counts().attempts, 2 * count);
    store_.reset();
    const auto report = verify_store(directory_.path("store"), options_, true);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_THAT(report.value().problems, IsEmpty());
    EXPECT_EQ(report.value().items, count);
  }

  TempDirectory directory_;
  FaultyEnv env_;
  std::atomic<std::uint64_t> free_bytes_{1ull << 40};
  StoreOptions options_ = test_options();
  std::unique_ptr<ReplayStore> store_;
};

class FailingWrites : public FailingDisk, public ::testing::WithParamInterface<FaultyEnv::Fault> {};

TEST_P(FailingWrites, AreAnsweredAndSurvived) {
  open();
  for (std::uint64_t i = 0; i < 20; ++i) commit_eventually(i);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    env_.fault = GetParam();
    const auto refused = store_->commit(item_set(20 * round, 1, 2));
    EXPECT_EQ(refused.status().code(), Errc::kTemporary) << refused.status().message();
    EXPECT_FALSE(store_->health().writable);
    EXPECT_NE(store_->health().problem, "");
    EXPECT_EQ(store_->find({}).value().rows.at(0).id, 40 * round);  // reading goes on
    const AttemptId id = 40 * round;
    EXPECT_TRUE(store_->read(std::span(&id, 1)).ok());
    env_.fault = FaultyEnv::Fault::kNone;
    for (std::uint64_t i = 20 * round; i < 20 * round + 20; ++i) commit_eventually(i);
    EXPECT_TRUE(store_->health().writable) << store_->health().problem;
  }
  expect_items(80);
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingWrites,
                         ::testing::Values(FaultyEnv::Fault::kAppend, FaultyEnv::Fault::kSync, FaultyEnv::Fault::kNoSpace));

TEST_F(FailingDisk, ComesBackWithoutBeingAsked) {
  open();
  commit_eventually(0);
  env_.fault = FaultyEnv::Fault::kNoSpace;
  EXPECT_FALSE(store_->commit(item_set(1, 1, 2)).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(60));  // it tries, and fails, meanwhile
  EXPECT_FALSE(store_->health().writable);
  env_.fault = FaultyEnv::Fault::kNone;
  for (int i = 0; i < 2000 && !store_->health().writable; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(store_->health().writable) << store_->health().problem;
  commit_eventually(1);
  expect_items(2);
}

TEST_F(FailingDisk, AFaultAmongManySubmissionsLosesNone) {
  open();
  constexpr std::uint64_t kItems = 600;
  std::mutex mutex;
  std::set<std::uint64_t> pending;
  for (std::uint64_t i = 0; i < kItems; ++i) pending.insert(i);
  for (int round = 0; round < 200 && !pending.empty(); ++round) {
    env_.fault =
        round % 3 == 1 ? (round % 2 == 0 ? FaultyEnv::Fault::kSync : FaultyEnv::Fault::kAppend) : FaultyEnv::Fault::kNone;
    const std::set<std::uint64_t> now = pending;
    for (std::uint64_t position : now) {
      store_->submit(item_set(position, 1, 2), [&, position](Result<WriteReceipt> receipt) {
        const std::lock_guard lock(mutex);
        if (receipt.ok()) pending.erase(position);
      });
      if (position % 100 == 50) env_.fault = FaultyEnv::Fault::kNone;
    }
    (void)store_->commit({}).ok();  // behind all others
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(pending, IsEmpty());
  expect_items(kItems);
}

TEST_F(FailingDisk, WatermarksStopWorkBeforeTheDiskIsFull) {
  options_.soft_free_mb = 100;
  options_.hard_free_mb = 50;
  open();
  commit_eventually(0);
  EXPECT_FALSE(store_->health().low_space);
  free_bytes_ = 99ull << 20;
  EXPECT_TRUE(store_->health().low_space);
  EXPECT_TRUE(store_->health().writable);
  EXPECT_THAT(store_->health().problem, HasSubstr("soft_free_mb = 100"));
  commit_eventually(1);  // what is under way is still written
  free_bytes_ = 49ull << 20;
  EXPECT_FALSE(store_->health().writable);
  const auto refused = store_->commit(item_set(2, 1, 2));
  EXPECT_EQ(refused.status().code(), Errc::kTemporary);
  EXPECT_THAT(refused.status().message(), HasSubstr("49 MB free"));
  EXPECT_EQ(store_->pin(std::vector<AttemptId>{1}, true).code(), Errc::kTemporary);
  EXPECT_EQ(store_->counts().items, 2u);
  free_bytes_ = 1ull << 40;
  commit_eventually(2);
  expect_items(3);
}

TEST_F(FailingDisk, AFullQueueIsAnsweredInTurn) {
  options_.queue_groups = 4;
  open();
  std::promise<void> entered, release;
  std::vector<int> order;
  store_->submit(item_set(0), [&](Result<WriteReceipt>) {  // holds the writer up
    entered.set_value();
    release.get_future().wait();
    order.push_back(0);
  });
  entered.get_future().wait();
  std::vector<Status> answers(10);
  for (int i = 1; i < 10; ++i) {
    store_->submit(item_set(static_cast<std::uint64_t>(i)), [&, i](Result<WriteReceipt> receipt) {
      answers[static_cast<std::size_t>(i)] = receipt.status();
      order.push_back(i);
    });
  }
  release.set_value();
  while (store_->health().queued_groups > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  store_.reset();
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  for (std::size_t i = 1; i < 10; ++i) {
    EXPECT_EQ(answers[i].code(), i <= 4 ? Errc::kOk : Errc::kTemporary) << i;
    EXPECT_EQ(answers[i].message().find("store.queue_groups") != std::string::npos, i > 4);
  }
}

TEST_F(FailingDisk, GroupsWhatComesTogether) {
  open();
  const std::uint64_t before = store_->health().committed_groups;
  for (std::uint64_t i = 0; i < 1000; ++i)
    store_->submit(item_set(i), [](Result<WriteReceipt> receipt) { EXPECT_TRUE(receipt.ok()); });
  ASSERT_TRUE(store_->commit({}).ok());
  EXPECT_LE(store_->health().committed_groups - before, 100u);
  EXPECT_EQ(store_->counts().items, 1000u);
}

// The real thing: a file system of 24 MB, filled by somebody else.
TEST(FullDisk, AFullFileSystemIsAnsweredAndSurvived) {
  TempDirectory directory;
  if (::mount("none", directory.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  }
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{directory.path()};
  StoreHooks hooks;
  hooks.retry_ms = 20;
  auto store = open_rocks_store(directory.path("store"), test_options(), hooks).value();
  std::uint64_t position = 0;
  const auto fill_up = [&] {
    std::ofstream hog(directory.path("hog"), std::ios::binary);
    const std::string block(64 << 10, 'x');
    while (hog.write(block.data(), static_cast<std::streamsize>(block.size())) && hog.flush()) continue;
  };
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(store->commit(item_set(position++, 1, 2)).ok());
    fill_up();
    Status refused;
    for (int i = 0; i < 3000 && refused.ok(); ++i) {  // room already allocated is used up first
      refused = store->commit(item_set(position, 1, 2)).status();
      position += refused.ok() ? 1 : 0;
    }
    ASSERT_EQ(refused.code(), Errc::kTemporary) << refused.message();
    EXPECT_THAT(refused.message(), HasSubstr("disk is full"));
    EXPECT_FALSE(store->health().writable);
    std::filesystem::remove(directory.path("hog"));
    for (int i = 0; i < 2000 && !store->health().writable; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_TRUE(store->health().writable) << store->health().problem;
  }
  EXPECT_EQ(store->items_of_round(1).value().size(), position);
  store.reset();
  const auto report = verify_store(directory.path("store"), test_options(), true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_THAT(report.value().problems, IsEmpty());
}

}  // namespace
}  // namespace autodidact
