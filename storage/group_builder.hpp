#pragma once
// Turns write sets into one atomic RocksDB batch on top of the writer's memory, without changing that memory: only when the
// batch is durable does apply() move it forward. Owner: the writer thread; one builder per group.

#include <map>
#include <memory>
#include <set>
#include <unordered_set>

#include "storage/store_state.hpp"

namespace autodidact {

// Problems known to be stored, so that most sets need no look-up. Bounded; forgetting is harmless.
using KnownProblems = std::unordered_set<ProblemId>;

class GroupBuilder {
 public:
  GroupBuilder(const RocksDb& db, const BlockTable& blocks, const WriterMemory& memory, const KnownProblems& known);
  ~GroupBuilder();

  // Asked before add(): not ok when the set cannot be applied to what is stored by then. The group goes on without it.
  Status check(const WriteSet& set) const;
  // Adds a set; on an error (a failed look-up) the group may not be written.
  Result<WriteReceipt> add(WriteSet& set);
  // Closes the group: its batch is complete.
  Status finish();
  rocksdb::WriteBatch& batch() { return *batch_; }

  // What the group added; valid after finish().
  const std::vector<PlacedBlock>& blocks() const { return placed_; }
  const std::vector<AttemptSummary>& rows() const { return rows_; }
  const StoreState& state() const { return state_; }
  bool consumed() const { return !staged_uses_.empty(); }
  // The batch is durable: brings the writer's memory up to it.
  void apply(WriterMemory& memory, KnownProblems& known) const;

 private:
  Result<AttemptId> add_item(ItemResult& item);
  AttemptId add_attempt(JudgedAttempt& judged);
  Status add_problem(const Problem& problem);
  Status add_consumption(const std::vector<Consumption>& uses);
  Status add_scores(const std::vector<AttemptScore>& scores);
  void add_versions(const std::vector<VersionRecord>& versions);
  void add_events(std::vector<Event>& events);
  Result<std::uint64_t> uses_of_step(std::uint64_t step) const;
  Status finish_blocks();
  void finish_postings();
  void finish_items();
  bool is_done(ItemId item) const;
  std::optional<AttemptSummary> stored(AttemptId id) const;
  void put(Column column, std::string_view key, std::string_view value);

  const RocksDb& db_;
  const BlockTable& table_;
  const WriterMemory& memory_;
  const KnownProblems& known_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  StoreState state_;
  std::vector<AttemptSummary> rows_;                    // new attempts, ascending id
  std::vector<ItemState> items_;                        // new done items, in order of arrival
  std::unordered_set<ItemId> item_ids_;                 // the same
  std::unordered_set<ProblemId> problems_;              // new
  std::unordered_set<VersionId> versions_;              // new
  std::map<std::uint64_t, std::uint64_t> staged_uses_;  // step -> attempts it consumes, as rewritten by this group
  std::set<std::pair<AttemptId, VersionId>> scores_;    // written by this group
  std::vector<PlacedBlock> placed_;
  std::string scratch_;
};

}  // namespace autodidact
