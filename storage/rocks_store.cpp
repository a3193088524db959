#include "storage/rocks_store.hpp"

#include <algorithm>
#include <filesystem>

#include "config/files.hpp"
#include "config/log.hpp"
#include "storage/retention.hpp"
#include "storage/store_open.hpp"
#include "storage/store_writer.hpp"

namespace autodidact {
namespace {

// Summaries from RAM, postings from disk.
class RamSource : public SummarySource {
 public:
  RamSource(const StoreCore& core, const RocksDb* db) : core_(core), db_(db) {}
  Status scan(bool ascending, BlockNumber from, const std::function<bool(const SummaryZone&)>& wanted,
              const std::function<bool(const SummaryBlock&)>& visit) const override {
    core_.blocks.scan(ascending, from, wanted, visit);
    return {};
  }
  Result<std::shared_ptr<const SummaryBlock>> block(BlockNumber number) const override { return core_.blocks.block(number); }
  Status scan_problem(ProblemId problem, bool ascending, AttemptId after,
                      const std::function<bool(AttemptId)>& visit) const override {
    return scan_postings(*db_, problem, ascending, after, visit);
  }

 private:
  const StoreCore& core_;
  const RocksDb* db_;  // null where no postings are asked for
};

class RocksStore : public ReplayStore, public Checkpointable {
 public:
  RocksStore(std::unique_ptr<StoreCore> core, CommitMark mark, WriterMemory memory)
      : core_(std::move(core)), writer_(std::make_unique<StoreWriter>(*core_, std::move(mark), std::move(memory))) {}

  // The writer empties its queue, then memtables go to files: the next open has no log to replay.
  ~RocksStore() override {
    writer_->stop();
    if (core_->db && core_->failure.empty()) {
      const Status status = core_->db->flush(true);
      if (!status.ok()) log_warn("store", "last flush failed; the next open replays the log", {{"why", status.message()}});
    }
    core_->db.reset();
  }

  void submit(WriteSet set, Callback done) override { writer_->submit(std::move(set), std::move(done)); }
  Result<std::vector<JudgedAttempt>> read(std::span<const AttemptId> ids) const override {
    return with_db([&](const RocksDb& db) { return read_attempts(db, ids); });
  }
  Result<Problem> problem(ProblemId id) const override {
    return with_db([&](const RocksDb& db) { return read_problem(db, id); });
  }
  Result<std::vector<AttemptScore>> scores(std::span<const AttemptId> ids) const override {
    return with_db([&](const RocksDb& db) { return read_scores(db, ids); });
  }
  Result<AttemptPage> find(const AttemptQuery& query) const override {
    if (!query.problem) return find_page(RamSource(*core_, nullptr), query);
    return with_db([&](const RocksDb& db) { return find_page(RamSource(*core_, &db), query); });
  }
  std::optional<AttemptSummary> summary(AttemptId id) const override {
    const auto block = id == 0 ? nullptr : core_->blocks.block(block_of(id));
    return block ? block->find(id) : std::nullopt;
  }
  std::vector<AttemptId> draw(const DrawRequest& request) const override {
    return core_->views.draw(RamSource(*core_, nullptr), request);
  }
  std::vector<AttemptId> kept_ids(const DrawRequest& request) const override;
  Result<LoopState> loop_state() const override { return with_db(read_loop); }
  Result<TrainerState> trainer_state() const override { return with_db(read_trainer); }
  Result<std::vector<ItemState>> items_of_round(std::uint32_t round) const override {
    return with_db([&](const RocksDb& db) { return read_items(db, round); });
  }
  Result<std::vector<VersionRecord>> versions() const override { return with_db(read_versions); }
  Result<std::vector<Event>> events(std::uint64_t after_seq, std::size_t limit) const override {
    return with_db([&](const RocksDb& db) { return read_events(db, after_seq, limit); });
  }
  Result<std::vector<Consumption>> consumption(std::uint64_t first_step, std::uint64_t last_step) const override {
    return with_db([&](const RocksDb& db) { return read_consumption(db, first_step, last_step); });
  }
  StoreCounts counts() const override {
    const std::lock_guard lock(core_->status_mutex);
    return core_->counts;
  }
  StoreHealth health() const override;
  Status pin(std::span<const AttemptId> ids, bool pinned) override { return pin_attempts(*core_, *writer_, ids, pinned); }
  Result<std::uint64_t> collect(std::uint64_t keep, bool dry_run) override {
    return collect_attempts(*core_, *writer_, keep, dry_run);
  }
  Status checkpoint(const std::string& target) override {
    const std::shared_lock lock(core_->db_mutex);
    return core_->db ? core_->db->checkpoint(target) : closed();
  }

 private:
  static Status closed() { return {Errc::kTemporary, "the replay store is closed until its disk can be written again"}; }

  template <class Use>
  auto with_db(const Use& use) const -> decltype(use(std::declval<const RocksDb&>())) {
    const std::shared_lock lock(core_->db_mutex);
    if (!core_->db) return closed();
    return use(*core_->db);
  }

  const std::unique_ptr<StoreCore> core_;
  const std::unique_ptr<StoreWriter> writer_;
};

std::vector<AttemptId> RocksStore::kept_ids(const DrawRequest& request) const {
  std::vector<AttemptId> ids;
  const RamSource source(*core_, nullptr);
  AD_REQUIRE(scan_drawable(source, request, [&](const AttemptSummary& row) { ids.push_back(row.id); }).ok(), "RAM failed");
  return ids;
}

StoreHealth RocksStore::health() const {
  StoreHealth health;
  health.free_bytes = free_bytes(*core_);
  health.queued_groups = writer_->queued();
  const Status space = space_to_write(*core_);
  const auto soft = static_cast<std::uint64_t>(std::max<std::int64_t>(core_->options.soft_free_mb, 0)) << 20;
  health.low_space = health.free_bytes < soft || !space.ok();
  const std::lock_guard lock(core_->status_mutex);
  health.committed_groups = core_->committed_groups;
  health.last_commit_ms = core_->last_commit_ms;
  health.writable = core_->failure.empty() && space.ok();
  if (!core_->failure.empty()) {
    health.problem = core_->failure;
  } else if (!space.ok()) {
    health.problem = space.message();
  } else if (health.low_space) {
    health.problem = "disk space is low: " + std::to_string(health.free_bytes >> 20) + " MB free under " + core_->directory +
                     ", store.soft_free_mb = " + std::to_string(core_->options.soft_free_mb) + "; no new work is granted";
  }
  return health;
}

}  // namespace

Result<std::unique_ptr<ReplayStore>> open_rocks_store(const std::string& directory, const StoreOptions& options,
                                                      const StoreHooks& hooks) {
  AD_RETURN_IF_ERROR(make_directories(directory));
  AD_ASSIGN_OR_RETURN(CommitMark mark, CommitMark::open(directory));
  auto core = std::make_unique<StoreCore>();
  core->directory = directory;
  core->options = options;
  core->hooks = hooks;
  AD_ASSIGN_OR_RETURN(WriterMemory memory, open_database(*core, mark.found()));
  if (options.sync) AD_RETURN_IF_ERROR(mark.update({memory.state.group, memory.state.next_attempt}));
  return std::unique_ptr<ReplayStore>(std::make_unique<RocksStore>(std::move(core), std::move(mark), std::move(memory)));
}

Result<std::unique_ptr<ReplayStore>> open_store(const std::string& directory, const StoreOptions& options) {
  return open_rocks_store(directory, options, {});
}

Status checkpoint_store(ReplayStore& store, const std::string& target) {
  auto* checkpointable = dynamic_cast<Checkpointable*>(&store);
  if (!checkpointable)
    return {Errc::kUnavailable, "a checkpoint can only be made of a store opened for writing: ask the daemon"};
  std::error_code error;
  if (std::filesystem::exists(target, error))
    return {Errc::kCannotCreate, target + " exists; a checkpoint makes its own directory"};
  AD_RETURN_IF_ERROR(make_directories(parent_directory(target)));
  return checkpointable->checkpoint(target);
}

}  // namespace autodidact
