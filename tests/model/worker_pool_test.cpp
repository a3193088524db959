#include "model/worker_pool.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <numeric>
#include <set>

namespace autodidact {
namespace {

TEST(WorkerPool, DoesEachTaskOnceHoweverOftenItIsAsked) {
  for (const std::int64_t threads : {1, 2, 5}) {
    WorkerPool pool(threads);
    for (int run = 0; run < 3000; ++run) {
      const std::int64_t count = run % 7;
      std::vector<std::atomic<int>> done(7);
      pool.run(count, [&](std::int64_t i) { ++done[static_cast<std::size_t>(i)]; });
      for (std::int64_t i = 0; i < 7; ++i) ASSERT_EQ(done[static_cast<std::size_t>(i)], i < count ? 1 : 0) << run;
    }
  }
}

TEST(WorkerPool, SharesTheWorkAndWaitsForAll) {
  WorkerPool pool(3);
  std::mutex mutex;
  std::set<std::thread::id> who;
  std::atomic<int> inside{0};
  pool.run(3, [&](std::int64_t) {
    ++inside;
    while (inside < 3) std::this_thread::yield();  // ends only if three do it at once
    const std::lock_guard lock(mutex);
    who.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(who.size(), 3u);
  EXPECT_TRUE(who.contains(std::this_thread::get_id()));
}

// After a pause, so that the helpers sleep and must be woken.
TEST(WorkerPool, WakesHelpersThatSleep) {
  WorkerPool pool(2);
  for (int run = 0; run < 20; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::atomic<int> inside{0};
    pool.run(2, [&](std::int64_t) {
      ++inside;
      while (inside < 2) std::this_thread::yield();
    });
  }
}

TEST(WorkerPool, SlicesCoverAllOnce) {
  WorkerPool pool(2);
  for (const std::size_t size : {0, 1, 15, 16, 17, 1000}) {
    std::vector<std::atomic<int>> seen(size);
    pool.run_slices(size, [&](std::size_t from, std::size_t count) {
      for (std::size_t i = from; i < from + count; ++i) ++seen[i];
    });
    for (const auto& times : seen) ASSERT_EQ(times, 1) << size;
  }
}

}  // namespace
}  // namespace autodidact
