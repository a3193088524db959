#pragma once
// Reading records from an open database: shared by the daemon's store and the read-only one. Any thread.

#include "storage/rocks_db.hpp"
#include "storage/summary_source.hpp"

namespace autodidact {

Result<std::vector<JudgedAttempt>> read_attempts(const RocksDb& db, std::span<const AttemptId> ids);
Result<Problem> read_problem(const RocksDb& db, ProblemId id);
Result<std::vector<AttemptScore>> read_scores(const RocksDb& db, std::span<const AttemptId> ids);
Result<LoopState> read_loop(const RocksDb& db);
Result<TrainerState> read_trainer(const RocksDb& db);
Result<std::vector<ItemState>> read_items(const RocksDb& db, std::uint32_t round);
Result<std::vector<VersionRecord>> read_versions(const RocksDb& db);
Result<std::vector<Event>> read_events(const RocksDb& db, std::uint64_t after_seq, std::size_t limit);
Result<std::vector<Consumption>> read_consumption(const RocksDb& db, std::uint64_t first_step, std::uint64_t last_step);
// See SummarySource::scan_problem().
Status scan_postings(const RocksDb& db, ProblemId problem, bool ascending, AttemptId after,
                     const std::function<bool(AttemptId)>& visit);

// Summaries straight from disk, without loading them all first: what a tool answers its first page from.
class DiskSource : public SummarySource {
 public:
  explicit DiskSource(const RocksDb& db) : db_(db) {}
  Status scan(bool ascending, BlockNumber from, const std::function<bool(const SummaryZone&)>& wanted,
              const std::function<bool(const SummaryBlock&)>& visit) const override;
  Result<std::shared_ptr<const SummaryBlock>> block(BlockNumber number) const override;
  Status scan_problem(ProblemId problem, bool ascending, AttemptId after,
                      const std::function<bool(AttemptId)>& visit) const override {
    return scan_postings(db_, problem, ascending, after, visit);
  }

 private:
  const RocksDb& db_;
};

}  // namespace autodidact
