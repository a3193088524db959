#include "storage/retention.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>

#include "config/log.hpp"
#include "storage/codec.hpp"

namespace autodidact {
namespace {

constexpr BlockNumber kBlocksPerStep = 256;  // each step waits for what is queued before it, so few large ones
// Shorter runs of ids are deleted one by one: each range leaves a tombstone that every later read must look at.
constexpr std::size_t kLeastRange = 64;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

// The block with its rows changed, in the batch and in the list of blocks to place in RAM.
Status put_block(const RocksDb& db, BlockNumber number, const std::vector<AttemptSummary>& rows, StoreWriter::Change& change) {
  const Key key(number);
  if (rows.empty()) {
    change.batch.Delete(db.handle(Column::kHot), slice(key.view())).PermitUncheckedError();
    change.batch.Delete(db.handle(Column::kZones), slice(key.view())).PermitUncheckedError();
    change.blocks.push_back({nullptr, SummaryZone(), number});
    return {};
  }
  std::string bytes;
  SummaryBlock::encode(number, rows, bytes);
  change.batch.Put(db.handle(Column::kHot), slice(key.view()), bytes).PermitUncheckedError();
  AD_ASSIGN_OR_RETURN(PlacedBlock placed, place_block(number, std::move(bytes)));
  std::string zone;
  encode_zone(placed.zone, number, zone);
  change.batch.Put(db.handle(Column::kZones), slice(key.view()), zone).PermitUncheckedError();
  change.blocks.push_back(std::move(placed));
  return {};
}

Status fill_pins(const StoreCore& core, const RocksDb& db, const std::vector<AttemptId>& ascending, bool pinned,
                 StoreWriter::Change& change) {
  for (std::size_t begin = 0; begin < ascending.size();) {
    const BlockNumber number = block_of(ascending[begin]);
    const auto block = core.blocks.block(number);
    std::vector<AttemptSummary> rows = block ? block->rows() : std::vector<AttemptSummary>();
    for (; begin < ascending.size() && block_of(ascending[begin]) == number; ++begin) {
      const auto row =
          std::find_if(rows.begin(), rows.end(), [&](const AttemptSummary& r) { return r.id == ascending[begin]; });
      if (row == rows.end()) return {Errc::kNotFound, "attempt " + std::to_string(ascending[begin]) + " is not in the store"};
      row->pinned = pinned;
    }
    AD_RETURN_IF_ERROR(put_block(db, number, rows, change));
  }
  return {};
}

// Ids below the newest `keep` attempts: the first one that stays whatever it is.
AttemptId first_kept_id(const StoreCore& core, std::uint64_t keep) {
  AttemptId first = UINT64_MAX;
  if (keep == 0) return first;
  core.blocks.scan(
      false, kNewestBlock, [](const SummaryZone&) { return true; },
      [&](const SummaryBlock& block) {
        const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(keep, block.size()));
        first = block.row(block.size() - taken).id;
        keep -= taken;
        return keep > 0;
      });
  return keep > 0 ? 0 : first;
}

struct Plan {
  AttemptId end = 0;           // only ids below it
  std::vector<bool> consumed;  // by id
  bool deletes(const AttemptSummary& row) const {
    return row.id < end && !row.pinned && !row.kept && !(row.id < consumed.size() && consumed[row.id]);
  }
};

Result<Plan> make_plan(const StoreCore& core, std::uint64_t keep) {
  Plan plan;
  plan.end = first_kept_id(core, keep);
  const std::shared_lock lock(core.db_mutex);
  if (!core.db) return {Errc::kTemporary, "the replay store is closed until its disk can be written again"};
  Status failure;
  AD_RETURN_IF_ERROR(core.db->scan(Column::kConsumption, "", [&](std::string_view key, std::string_view value) {
    const auto uses = decode_consumption(value, key_number(key));
    failure = uses.status();
    if (!failure.ok()) return false;
    for (const Consumption& use : uses.value()) {
      if (use.attempt >= plan.end) continue;
      if (use.attempt >= plan.consumed.size()) plan.consumed.resize(use.attempt + 1);
      plan.consumed[use.attempt] = true;
    }
    return true;
  }));
  AD_RETURN_IF_ERROR(failure);
  return plan;
}

void delete_rows(const RocksDb& db, const std::vector<AttemptSummary>& gone, rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* attempts = db.handle(Column::kAttempts);
  for (std::size_t begin = 0; begin < gone.size();) {
    std::size_t end = begin + 1;
    while (end < gone.size() && gone[end].id == gone[end - 1].id + 1) ++end;
    if (end - begin >= kLeastRange) {
      const Key first(gone[begin].id), last(gone[end - 1].id + 1);
      batch.DeleteRange(attempts, slice(first.view()), slice(last.view())).PermitUncheckedError();
    } else {
      for (std::size_t i = begin; i < end; ++i) batch.Delete(attempts, slice(Key(gone[i].id).view())).PermitUncheckedError();
    }
    begin = end;
  }
}

// Their scores, found in one pass over the ids from the first to the last.
Status delete_scores(const RocksDb& db, const std::vector<AttemptSummary>& gone, StoreWriter::Change& change) {
  if (gone.empty() || change.state.counts.scores == 0) return {};
  auto at = gone.begin();
  return db.scan(Column::kScores, Key(gone.front().id).view(), [&](std::string_view key, std::string_view) {
    while (at != gone.end() && at->id < key_number(key)) ++at;
    if (at == gone.end()) return false;
    if (at->id != key_number(key)) return true;
    change.batch.Delete(db.handle(Column::kScores), slice(key)).PermitUncheckedError();
    change.state.counts.scores -= 1;
    return true;
  });
}

using ByProblem = std::map<ProblemId, std::vector<AttemptId>>;  // ascending

// Takes `gone` out of one row; a row that loses its first id keeps its key. How many it held.
Result<std::size_t> shrink_posting(const RocksDb& db, const Key& key, std::string_view row, ProblemId problem,
                                   const std::vector<AttemptId>& gone, rocksdb::WriteBatch& batch) {
  AD_ASSIGN_OR_RETURN(const auto ids, decode_postings(row, problem));
  std::vector<AttemptId> left;
  std::set_difference(ids.begin(), ids.end(), gone.begin(), gone.end(), std::back_inserter(left));
  if (left.empty()) {
    batch.Delete(db.handle(Column::kPostings), slice(key.view())).PermitUncheckedError();
  } else if (left.size() < ids.size()) {
    std::string bytes;
    encode_postings(left, problem, bytes);
    batch.Put(db.handle(Column::kPostings), slice(key.view()), bytes).PermitUncheckedError();
  }
  return ids.size() - left.size();
}

Status shrink_postings_of(const RocksDb& db, ProblemId problem, const std::vector<AttemptId>& gone,
                          rocksdb::WriteBatch& batch) {
  Status failure;
  AD_RETURN_IF_ERROR(db.scan(Column::kPostings, Key(problem, 0).view(), [&](std::string_view key, std::string_view row) {
    const AttemptId first = key_number(key, 8);
    if (key_number(key) != problem || first > gone.back()) return false;
    failure = shrink_posting(db, Key(problem, first), row, problem, gone, batch).status();
    return failure.ok();
  }));
  return failure;
}

// Mostly all that goes of a problem stands in the row that begins with the first of it: those rows are read in one go, which is
// many times faster than looking for each. Whatever stands elsewhere is looked for.
Status delete_postings(const RocksDb& db, const ByProblem& gone, rocksdb::WriteBatch& batch) {
  std::vector<Key> keys;
  std::vector<ByProblem::const_iterator> of_key;
  for (auto at = gone.begin(); at != gone.end(); ++at) {
    keys.emplace_back(at->first, at->second.front());
    of_key.push_back(at);
  }
  return db.multi_get(Column::kPostings, keys, [&](std::size_t i, const std::string_view* row) -> Status {
    const auto& [problem, ids] = *of_key[i];
    std::size_t held = 0;
    if (row) {
      AD_ASSIGN_OR_RETURN(held, shrink_posting(db, keys[i], *row, problem, ids, batch));
    }
    return held == ids.size() ? Status() : shrink_postings_of(db, problem, ids, batch);
  });
}

void count_down(const AttemptSummary& row, StoreState& state) {
  state.collected += 1;
  state.counts.attempts -= 1;
  state.counts.seeds -= row.seed_example ? 1 : 0;
  state.counts.correct -= row.outcome == Outcome::kCorrect ? 1 : 0;
  state.counts.wrong -= row.outcome == Outcome::kWrong ? 1 : 0;
  state.counts.cannot_judge -= row.outcome == Outcome::kCannotJudge ? 1 : 0;
}

// One atomic step: the attempts to delete in blocks [first, first + kBlocksPerStep).
Status fill_step(const StoreCore& core, const RocksDb& db, const Plan& plan, BlockNumber first, StoreWriter::Change& change,
                 std::uint64_t& deleted) {
  std::vector<AttemptSummary> gone;
  for (BlockNumber number = first; number < first + kBlocksPerStep; ++number) {
    const auto block = core.blocks.block(number);
    if (!block) continue;
    std::vector<AttemptSummary> left;
    const std::size_t before = gone.size();
    for (const AttemptSummary& row : block->rows()) (plan.deletes(row) ? gone : left).push_back(row);
    if (gone.size() > before) AD_RETURN_IF_ERROR(put_block(db, number, left, change));
  }
  delete_rows(db, gone, change.batch);
  AD_RETURN_IF_ERROR(delete_scores(db, gone, change));
  ByProblem by_problem;
  for (const AttemptSummary& row : gone) {
    by_problem[row.problem].push_back(row.id);
    count_down(row, change.state);
  }
  AD_RETURN_IF_ERROR(delete_postings(db, by_problem, change.batch));
  deleted = gone.size();
  return {};
}

std::uint64_t count_deletions(const StoreCore& core, const Plan& plan, BlockNumber first) {
  std::uint64_t count = 0;
  for (BlockNumber number = first; number < first + kBlocksPerStep; ++number) {
    const auto block = core.blocks.block(number);
    if (!block) continue;
    for (const AttemptSummary& row : block->rows()) count += plan.deletes(row) ? 1 : 0;
  }
  return count;
}

// Compacting rewrites what stays, so it waits until half as much was deleted.
Status free_space(StoreCore& core, std::uint64_t deleted, AttemptId end) {
  std::uint64_t stored = 0;
  {
    const std::lock_guard lock(core.status_mutex);
    stored = core.counts.attempts;
  }
  if (deleted < stored / 2) return {};
  core.deleted_since_compaction = 0;
  const std::shared_lock lock(core.db_mutex);
  if (!core.db) return {};
  AD_RETURN_IF_ERROR(core.db->compact(Column::kAttempts, Key(1).view(), Key(end).view()));
  return core.db->compact(Column::kScores, Key(1).view(), Key(end).view());
}

}  // namespace

Status pin_attempts(const StoreCore& core, StoreWriter& writer, std::span<const AttemptId> ids, bool pinned) {
  std::vector<AttemptId> ascending(ids.begin(), ids.end());
  std::sort(ascending.begin(), ascending.end());
  if (ascending.empty()) return {};
  if (ascending.front() == 0) return {Errc::kNotFound, "attempt 0 is not in the store"};
  return writer.maintain(
      [&](const RocksDb& db, StoreWriter::Change& change) { return fill_pins(core, db, ascending, pinned, change); });
}

Result<std::uint64_t> collect_attempts(StoreCore& core, StoreWriter& writer, std::uint64_t keep, bool dry_run) {
  AD_ASSIGN_OR_RETURN(const Plan plan, make_plan(core, keep));
  std::uint64_t total = 0;
  const BlockNumber end = std::min<BlockNumber>(core.blocks.size(), plan.end == 0 ? 0 : block_of(plan.end) + 1);
  for (BlockNumber first = 0; first < end; first += kBlocksPerStep) {
    std::uint64_t deleted = count_deletions(core, plan, first);
    if (deleted > 0 && !dry_run) {
      AD_RETURN_IF_ERROR(writer.maintain(
          [&](const RocksDb& db, StoreWriter::Change& change) { return fill_step(core, db, plan, first, change, deleted); }));
    }
    total += deleted;
  }
  if (total == 0 || dry_run) return total;
  log_info("store", "attempts deleted by retention", {{"attempts", total}, {"below", plan.end}});
  AD_RETURN_IF_ERROR(free_space(core, core.deleted_since_compaction += total, plan.end));
  return total;
}

}  // namespace autodidact
