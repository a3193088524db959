// The store as tools see it: beside a live daemon or without one, never changing a byte. It shows what was durable when it was
// opened. First pages come straight from disk; only draw() and kept_ids() load all summaries, once.

#include <chrono>
#include <thread>

#include "config/log.hpp"
#include "storage/rocks_store.hpp"
#include "storage/store_open.hpp"

namespace autodidact {
namespace {

Status read_only() {
  return {Errc::kPermission, "the store was opened for reading: ask the daemon, or stop it and use its tools"};
}

class ReadOnlyStore : public ReplayStore {
 public:
  ReadOnlyStore(std::unique_ptr<StoreCore> core, StoreState state)
      : core_(std::move(core)), state_(state), source_(*core_->db) {}

  void submit(WriteSet, Callback done) override { done(read_only()); }
  Result<std::vector<JudgedAttempt>> read(std::span<const AttemptId> ids) const override { return read_attempts(db(), ids); }
  Result<Problem> problem(ProblemId id) const override { return read_problem(db(), id); }
  Result<std::vector<AttemptScore>> scores(std::span<const AttemptId> ids) const override { return read_scores(db(), ids); }
  Result<AttemptPage> find(const AttemptQuery& query) const override { return find_page(source_, query); }
  std::optional<AttemptSummary> summary(AttemptId id) const override {
    if (id == 0) return std::nullopt;
    const auto block = source_.block(block_of(id));
    if (!block.ok()) log_error("store", "summary unreadable", {{"why", block.status().message()}});
    return block.ok() && block.value() ? block.value()->find(id) : std::nullopt;
  }
  std::vector<AttemptId> draw(const DrawRequest& request) const override { return core_->views.draw(source_, request); }
  std::vector<AttemptId> kept_ids(const DrawRequest& request) const override {
    std::vector<AttemptId> ids;
    const Status status = scan_drawable(source_, request, [&](const AttemptSummary& row) { ids.push_back(row.id); });
    if (!status.ok()) log_error("store", "summaries unreadable", {{"why", status.message()}});
    return ids;
  }
  Result<LoopState> loop_state() const override { return read_loop(db()); }
  Result<TrainerState> trainer_state() const override { return read_trainer(db()); }
  Result<std::vector<ItemState>> items_of_round(std::uint32_t round) const override { return read_items(db(), round); }
  Result<std::vector<VersionRecord>> versions() const override { return read_versions(db()); }
  Result<std::vector<Event>> events(std::uint64_t after_seq, std::size_t limit) const override {
    return read_events(db(), after_seq, limit);
  }
  Result<std::vector<Consumption>> consumption(std::uint64_t first_step, std::uint64_t last_step) const override {
    return read_consumption(db(), first_step, last_step);
  }
  StoreCounts counts() const override { return state_.counts; }
  StoreHealth health() const override {
    StoreHealth health;
    health.writable = false;
    health.problem = "opened for reading";
    health.free_bytes = free_bytes(*core_);
    health.committed_groups = state_.group;
    return health;
  }
  Status pin(std::span<const AttemptId>, bool) override { return read_only(); }
  Result<std::uint64_t> collect(std::uint64_t, bool) override { return read_only(); }

 private:
  const RocksDb& db() const { return *core_->db; }
  const std::unique_ptr<StoreCore> core_;
  const StoreState state_;
  const DiskSource source_;
};

Result<std::unique_ptr<ReplayStore>> try_open(const std::string& directory, const StoreOptions& options) {
  const auto mark = read_mark(directory);  // before the open: what the daemon acknowledges later need not be found
  auto core = std::make_unique<StoreCore>();
  core->directory = directory;
  core->options = options;
  AD_RETURN_IF_ERROR(check_files(directory));
  AD_ASSIGN_OR_RETURN(core->db, RocksDb::open(directory, options, RocksDb::Mode::kReadOnly, nullptr));
  if (const auto format = read_format(*core->db); !format.ok())
    return format.status().with_context("replay store " + directory);
  AD_ASSIGN_OR_RETURN(const StoreState state, read_state(*core->db));
  AD_RETURN_IF_ERROR(check_mark(directory, state, mark));
  core->views.reset(state.last_consumed);
  return std::unique_ptr<ReplayStore>(std::make_unique<ReadOnlyStore>(std::move(core), state));
}

}  // namespace

// A live daemon may delete a file between our listing and our opening it; then the next try finds its successor.
Result<std::unique_ptr<ReplayStore>> open_store_read_only(const std::string& directory, const StoreOptions& options) {
  constexpr int kTries = 5;
  auto opened = try_open(directory, options);
  for (int i = 1; i < kTries && !opened.ok() && opened.status().code() != Errc::kConfig; ++i) {
    if (opened.status().code() == Errc::kNotFound && !check_files(directory).ok()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * i));
    opened = try_open(directory, options);
  }
  return opened;
}

}  // namespace autodidact
