#include "storage/store_writer.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "config/log.hpp"
#include "storage/query.hpp"
#include "storage/store_open.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 200us;  // no submission for this long: nobody else is coming
constexpr auto kIdle = 2s;      // then memtables go to files, so that the next open replays little
constexpr auto kLongestRetry = 30000ms;

}  // namespace

StoreWriter::StoreWriter(StoreCore& core, CommitMark mark, WriterMemory memory)
    : core_(core), mark_(std::move(mark)), memory_(std::move(memory)), last_commit_end_(Clock::now()) {
  thread_ = std::thread([this] { run(); });
}

StoreWriter::~StoreWriter() { stop(); }

void StoreWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void StoreWriter::submit(WriteSet set, ReplayStore::Callback done) {
  auto job = std::make_unique<Job>();
  job->rejected = normalize(set);
  job->records = std::max<std::size_t>(attempt_count(set), 1);
  job->set = std::move(set);
  job->done = std::move(done);
  enqueue(std::move(job));
}

Status StoreWriter::maintain(Fill fill) {
  auto job = std::make_unique<Job>();
  job->fill = std::move(fill);
  auto filled = job->filled.get_future();
  enqueue(std::move(job));
  return filled.get();
}

void StoreWriter::enqueue(std::unique_ptr<Job> job) {
  const auto group_records = static_cast<std::size_t>(core_.options.group_records);
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    if (stopping_) {
      lock.unlock();
      return refuse(*job, Status(Errc::kTemporary, "replay store " + core_.directory + " is closing"));
    }
    if (job->rejected.ok() && !job->fill && queued_sets_ >= static_cast<std::size_t>(core_.options.queue_groups)) {
      job->rejected =
          Status(Errc::kTemporary, "replay store " + core_.directory + ": " + std::to_string(queued_sets_) +
                                       " sets are queued already (store.queue_groups); try again when some are written");
    }
    if (job->rejected.ok()) {
      queued_sets_ += 1;
    } else {
      job->set = WriteSet();  // only its place in the order of callbacks is kept
      job->records = 0;
    }
    job->arrived = Clock::now();
    const bool urgent = job->fill || (job->rejected.ok() && job->set.urgent);
    hurry_ = hurry_ || urgent;
    const std::size_t before = queued_records_;
    queued_records_ += job->records;
    wake = queue_.empty() || urgent || (before < group_records && queued_records_ >= group_records);
    queue_.push_back(std::move(job));
  }
  if (wake) wake_.notify_one();
}

void StoreWriter::refuse(Job& job, const Status& why) {
  if (job.fill) {
    job.filled.set_value(why);
  } else {
    job.done(why);
  }
}

std::uint64_t StoreWriter::queued() const {
  const std::lock_guard lock(mutex_);
  return queued_sets_;
}

void StoreWriter::run() {
  while (true) {
    Group group = next_group();
    if (group.empty()) return;
    if (group.front()->fill) {
      run_maintenance(*group.front());
    } else {
      commit_group(group);
    }
  }
}

// Empty only when stopping with nothing left.
StoreWriter::Group StoreWriter::next_group() {
  std::unique_lock lock(mutex_);
  while (queue_.empty()) {
    if (stopping_) return {};
    const auto patience = failure_.ok() ? std::chrono::milliseconds(kIdle) : retry_;
    if (wake_.wait_for(lock, patience, [&] { return stopping_ || !queue_.empty(); })) continue;
    lock.unlock();
    when_idle();
    lock.lock();
  }
  wait_for_more(lock);
  Group group;
  std::size_t records = 0;
  while (!queue_.empty() && records < static_cast<std::size_t>(core_.options.group_records)) {
    if (queue_.front()->fill && !group.empty()) break;  // maintenance stands alone
    records += queue_.front()->records;
    queued_records_ -= queue_.front()->records;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (group.back()->fill) break;
  }
  if (queue_.empty()) hurry_ = false;
  return group;
}

void StoreWriter::wait_for_more(std::unique_lock<std::mutex>& lock) {
  const auto full = [&] {
    return stopping_ || hurry_ || queued_records_ >= static_cast<std::size_t>(core_.options.group_records);
  };
  const auto deadline = queue_.front()->arrived + std::chrono::milliseconds(core_.options.group_ms);
  const auto rested = std::min(deadline, last_commit_end_ + 2 * last_commit_);
  while (!full()) {
    const std::size_t before = queue_.size();
    const auto now = Clock::now();
    if (now >= deadline || wake_.wait_until(lock, std::min(deadline, std::max(now + kPause, rested)), full)) return;
    if (queue_.size() == before) return;
  }
}

void StoreWriter::when_idle() {
  if (!failure_.ok()) {
    try_to_come_back();
  } else if (unflushed_) {
    if (const Status status = core_.db->flush(false); !status.ok())
      log_warn("store", "flush failed", {{"why", status.message()}});
    unflushed_ = false;
  }
}

void StoreWriter::commit_group(Group& group) {
  std::vector<Result<WriteReceipt>> answers;
  const Status status = build_and_write(group, answers);
  std::size_t sets = 0;
  for (const auto& job : group) sets += job->rejected.ok() ? 1 : 0;
  {
    const std::lock_guard lock(mutex_);
    queued_sets_ -= sets;
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    Job& job = *group[i];
    if (!job.rejected.ok()) {
      job.done(job.rejected);
    } else if (!status.ok()) {
      job.done(status);
    } else {
      job.done(std::move(answers[i]));
    }
  }
}

Status StoreWriter::build_and_write(Group& group, std::vector<Result<WriteReceipt>>& answers) {
  if (std::all_of(group.begin(), group.end(), [](const auto& job) { return !job->rejected.ok(); })) return {};
  AD_RETURN_IF_ERROR(ready_to_write());
  const auto begin = Clock::now();
  GroupBuilder builder(*core_.db, core_.blocks, memory_, known_);
  for (const auto& job : group) {
    Status refused = job->rejected.ok() ? builder.check(job->set) : job->rejected;
    if (!refused.ok()) {
      answers.emplace_back(std::move(refused));
      continue;
    }
    answers.push_back(builder.add(job->set));
    if (!answers.back().ok()) return answers.back().status();
  }
  AD_RETURN_IF_ERROR(builder.finish());
  AD_RETURN_IF_ERROR(write(builder.batch()));
  apply(builder);
  last_commit_end_ = Clock::now();
  last_commit_ = last_commit_end_ - begin;
  committed();
  return {};
}

void StoreWriter::apply(const GroupBuilder& builder) {
  builder.apply(memory_, known_);
  core_.blocks.put(builder.blocks());
  core_.views.added(builder.rows());
  if (builder.consumed()) core_.views.consumed(memory_.state.last_consumed);
}

void StoreWriter::run_maintenance(Job& job) {
  const auto work = [&]() -> Status {
    AD_RETURN_IF_ERROR(ready_to_write());
    rocksdb::WriteBatch batch;
    Change change{batch, {}, memory_.state};
    change.state.group += 1;
    AD_RETURN_IF_ERROR(job.fill(*core_.db, change));
    std::string row;
    encode_state(change.state, row);
    batch.Put(core_.db->handle(Column::kMeta), rocksdb::Slice(kStateRow.data(), kStateRow.size()), row).PermitUncheckedError();
    AD_RETURN_IF_ERROR(write(batch));
    memory_.state = change.state;
    core_.blocks.put(change.blocks);
    committed();
    return {};
  };
  const Status status = work();
  {
    const std::lock_guard lock(mutex_);
    queued_sets_ -= 1;
  }
  job.filled.set_value(status);
}

Status StoreWriter::write(rocksdb::WriteBatch& batch) {
  const Status status = core_.db->write(batch, core_.options.sync);
  if (status.ok()) return {};
  go_down(status);
  return failure_;
}

// The group is durable and in RAM: make that known.
void StoreWriter::committed() {
  unflushed_ = true;
  if (core_.options.sync) {
    const Status status = mark_.update({memory_.state.group, memory_.state.next_attempt});
    if (!status.ok()) log_warn("store", "commit mark not written", {{"why", status.message()}});
  }
  const std::lock_guard lock(core_.status_mutex);
  core_.counts = memory_.state.counts;
  core_.committed_groups += 1;
  core_.last_commit_ms = std::chrono::duration<double, std::milli>(last_commit_).count();
}

Status StoreWriter::ready_to_write() {
  if (!failure_.ok() && Clock::now() >= retry_at_) try_to_come_back();
  AD_RETURN_IF_ERROR(failure_);
  return space_to_write(core_);
}

void StoreWriter::go_down(const Status& why) {
  // Whatever the reason, trying again later is all a caller can do: items written after all are found to be done already.
  failure_ = Status(Errc::kTemporary, why.message());
  retry_ = std::chrono::milliseconds(core_.hooks.retry_ms);
  retry_at_ = Clock::now() + retry_;
  log_error("store", "write failed; nothing is acknowledged until the store could be opened again", {{"why", why.message()}});
  const std::lock_guard lock(core_.status_mutex);
  core_.failure = failure_.message();
}

void StoreWriter::try_to_come_back() {
  retry_ = std::min<std::chrono::milliseconds>(2 * retry_, kLongestRetry);
  retry_at_ = Clock::now() + retry_;
  if (!space_to_write(core_).ok()) {
    retry_at_ = Clock::now();  // looking is cheap: go on as soon as there is space
    retry_ = std::chrono::milliseconds(core_.hooks.retry_ms);
    return;
  }
  auto memory = reopen_database(core_, {memory_.state.group, memory_.state.next_attempt});
  if (!memory.ok()) {
    log_error("store", "opening again failed", {{"why", memory.status().message()}});
    return;
  }
  memory_ = std::move(memory).value();
  known_.clear();
  failure_ = Status();
  log_info("store", "writing again", {{"group", memory_.state.group}});
  const std::lock_guard lock(core_.status_mutex);
  core_.failure.clear();
  core_.counts = memory_.state.counts;
}

}  // namespace autodidact
