// A process that writes is killed at random instants; what it had acknowledged must be there afterwards, whole, once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "tests/sanitizers.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

struct Receipt {
  std::uint64_t position;
  std::uint64_t first_id;
  std::uint64_t step;
};

// Writes items from `position` on until killed; each receipt goes through the pipe only after its callback said ok.
[[noreturn]] void write_until_killed(const std::string& directory, std::uint64_t position, int pipe) {
  auto opened = open_store(directory, test_options());
  if (!opened.ok()) std::_Exit(1);
  ReplayStore& store = *opened.value();
  std::atomic<int> in_flight{0};
  while (true) {
    if (in_flight >= 64) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      continue;
    }
    in_flight += 1;
    WriteSet set = item_set(position, 1, 1 + position % 3);
    const std::uint64_t step = position + 1;
    set.trainer = TrainerState();
    set.trainer->step = step;
    set.consumed = {{.step = step, .attempt = 1, .round = 1}};
    store.submit(std::move(set), [&in_flight, position, step, pipe](Result<WriteReceipt> receipt) {
      in_flight -= 1;
      if (!receipt.ok()) std::_Exit(2);
      const Receipt line{position, receipt.value().first_ids.at(0), step};
      if (::write(pipe, &line, sizeof line) != sizeof line) std::_Exit(3);
    });
    position += 1;
  }
}

std::vector<Receipt> run_and_kill(const std::string& directory, std::uint64_t position, std::chrono::milliseconds after) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(directory, position, ends[1]);
  }
  ::close(ends[1]);
  std::thread killer([&] {
    std::this_thread::sleep_for(after);
    ::kill(child, SIGKILL);
  });
  std::vector<Receipt> receipts;
  Receipt line;
  while (::read(ends[0], &line, sizeof line) == static_cast<ssize_t>(sizeof line)) receipts.push_back(line);
  killer.join();
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
  ::close(ends[0]);
  return receipts;
}

void expect_stored(const ReplayStore& store, const Receipt& receipt) {
  const ItemResult item = make_item(receipt.position, 1, 1 + receipt.position % 3);
  for (std::size_t i = 0; i < item.attempts.size(); ++i) {
    const AttemptId id = receipt.first_id + i;
    const auto read = store.read(std::span(&id, 1));
    ASSERT_TRUE(read.ok()) << read.status().message();
    JudgedAttempt expected = item.attempts[i];
    expected.attempt.id = id;
    expected.attempt.item = item.item;
    expected.attempt.problem = item.problem.id;
    expect_equal(expected, read.value()[0]);
  }
}

TEST(StoreCrash, LosesNothingItAcknowledgedWhereverItIsKilled) {
  if (!kForkMayThread) GTEST_SKIP() << "ThreadSanitizer refuses threads in a forked child";
  TempDirectory directory;
  const std::string path = directory.path("store");
  DrawRandom random(static_cast<std::uint64_t>(::getpid()));
  std::uint64_t position = 0, acknowledged = 0;
  for (int round = 0; round < 12; ++round) {
    const auto receipts = run_and_kill(path, position, std::chrono::milliseconds(kSlowdown * (30 + random.below(250))));
    acknowledged += receipts.size();
    auto opened = open_store(path, test_options());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    ReplayStore& store = *opened.value();
    std::set<std::uint64_t> done;
    for (const ItemState& item : store.items_of_round(1).value()) done.insert(item_position(item.item));
    for (const Receipt& receipt : receipts) {
      ASSERT_TRUE(done.count(receipt.position) > 0) << "item " << receipt.position << " was acknowledged and is gone";
      if (receipt.position % 7 == 0) expect_stored(store, receipt);
    }
    // Whole sets only, in order: nothing was skipped, and the consumption belongs to the step the trainer is at.
    EXPECT_EQ(done.size(), done.empty() ? 0 : *done.rbegin() + 1);
    EXPECT_EQ(store.trainer_state().value().step, done.size());
    EXPECT_EQ(store.counts().consumed, done.size());
    position = done.size();
    opened.value().reset();
    const auto report = verify_store(path, test_options(), true);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_THAT(report.value().problems, ::testing::IsEmpty());
  }
  EXPECT_GT(acknowledged, 100u);
}

}  // namespace
}  // namespace autodidact
