#pragma once
// The one thread that changes a store. It groups what was submitted, writes one synced atomic batch per group, brings the
// indexes in RAM up to it and then runs the callbacks. Owner: RocksStore. submit() and maintain() from any thread.
//
// A group closes when it holds group_records, when a set is urgent, when its oldest set is group_ms old, or when submissions
// pause, but not so soon after the last commit that committing takes more than a third of the thread. After a failed write (a
// full disk, an I/O error) everything is answered kTemporary until the database was closed, opened again and its indexes
// rebuilt, which the thread tries by itself: RocksDB does not recover from a failed log write.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <thread>

#include "storage/group_builder.hpp"
#include "storage/store_core.hpp"

namespace autodidact {

class StoreWriter {
 public:
  // A change of stored rows outside the flow of write sets: pins, retention. Fill the batch and say which blocks changed and
  // what the counters become.
  struct Change {
    rocksdb::WriteBatch& batch;
    std::vector<PlacedBlock> blocks;
    StoreState state;
  };
  using Fill = std::function<Status(const RocksDb& db, Change& change)>;

  StoreWriter(StoreCore& core, CommitMark mark, WriterMemory memory);
  ~StoreWriter();
  // Writes out what is queued and ends the thread; whatever comes later is answered kTemporary at once.
  void stop();

  void submit(WriteSet set, ReplayStore::Callback done);
  // Runs `fill` on the writer thread between two groups and commits what it filled in; waits for it.
  Status maintain(Fill fill);
  std::uint64_t queued() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    WriteSet set;
    ReplayStore::Callback done;
    Fill fill;  // a maintenance job: set and done are unused
    std::promise<Status> filled;
    Status rejected;  // not ok: was never queued for writing, only its callback runs
    std::size_t records = 0;
    Clock::time_point arrived;
  };
  using Group = std::vector<std::unique_ptr<Job>>;

  void run();
  void enqueue(std::unique_ptr<Job> job);
  static void refuse(Job& job, const Status& why);
  Group next_group();
  void wait_for_more(std::unique_lock<std::mutex>& lock);
  void when_idle();
  void commit_group(Group& group);
  Status build_and_write(Group& group, std::vector<Result<WriteReceipt>>& answers);
  void apply(const GroupBuilder& builder);
  void run_maintenance(Job& job);
  Status write(rocksdb::WriteBatch& batch);
  void committed();
  Status ready_to_write();
  void go_down(const Status& why);
  void try_to_come_back();

  StoreCore& core_;
  CommitMark mark_;
  // Writer thread only.
  WriterMemory memory_;
  KnownProblems known_;
  Status failure_;  // not ok: waiting to open the database again
  std::chrono::milliseconds retry_{0};
  Clock::time_point retry_at_;
  Clock::time_point last_commit_end_;
  std::chrono::nanoseconds last_commit_{0};
  bool unflushed_ = false;
  // Shared.
  mutable std::mutex mutex_;
  std::condition_variable wake_;            // the queue got its first job, or a full group, or is to stop
  std::deque<std::unique_ptr<Job>> queue_;  // guarded by mutex_
  std::size_t queued_records_ = 0;          // guarded by mutex_
  std::size_t queued_sets_ = 0;             // guarded by mutex_; sets that count against queue_groups, in work ones included
  bool hurry_ = false;                      // guarded by mutex_; something in the queue is urgent
  bool stopping_ = false;                   // guarded by mutex_
  std::thread thread_;
};

}  // namespace autodidact
