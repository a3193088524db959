#include "storage/rocks_reads.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "storage/codec.hpp"
#include "storage/store_state.hpp"

namespace autodidact {
namespace {

Status missing(const char* kind, std::uint64_t id) {
  return {Errc::kNotFound, std::string(kind) + " " + std::to_string(id) + " is not in the store"};
}

// Decodes every row from `from` on while decode() says so; a row that fails to decode ends the scan with its error.
template <class Decode>
Status scan_decoding(const RocksDb& db, Column column, std::string_view from, const Decode& decode) {
  Status failure;
  AD_RETURN_IF_ERROR(db.scan(column, from, [&](std::string_view key, std::string_view value) {
    Result<bool> more = decode(key, value);
    failure = more.status();
    return more.ok() && more.value();
  }));
  return failure;
}

template <class State>
Result<State> read_cursor(const RocksDb& db, std::string_view row, Result<State> (*decode)(std::string_view)) {
  AD_ASSIGN_OR_RETURN(const auto bytes, db.get(Column::kMeta, row));
  return bytes ? decode(*bytes) : Result<State>(State());
}

}  // namespace

Result<std::vector<JudgedAttempt>> read_attempts(const RocksDb& db, std::span<const AttemptId> ids) {
  std::vector<std::size_t> order(ids.size());  // RocksDB wants ascending keys
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ids[a] < ids[b]; });
  std::vector<Key> keys;
  keys.reserve(ids.size());
  for (std::size_t position : order) keys.emplace_back(ids[position]);
  std::vector<JudgedAttempt> found(ids.size());
  AD_RETURN_IF_ERROR(db.multi_get(Column::kAttempts, keys, [&](std::size_t i, const std::string_view* value) {
    const AttemptId id = ids[order[i]];
    return value ? decode_attempt(*value, id, found[order[i]]) : missing("attempt", id);
  }));
  return found;
}

Result<Problem> read_problem(const RocksDb& db, ProblemId id) {
  AD_ASSIGN_OR_RETURN(const auto row, db.get(Column::kProblems, Key(id).view()));
  return row ? decode_problem(*row, id) : Result<Problem>(missing("problem", id));
}

Result<std::vector<AttemptScore>> read_scores(const RocksDb& db, std::span<const AttemptId> ids) {
  const std::set<AttemptId> ascending(ids.begin(), ids.end());
  std::vector<AttemptScore> scores;
  Status failure;
  const auto visit = [&](std::string_view key, std::string_view value) {
    auto score = decode_score(value, key_number(key), static_cast<VersionId>(key_number(key, 8)));
    failure = score.status();
    if (failure.ok()) scores.push_back(std::move(score).value());
    return failure.ok();
  };
  AD_RETURN_IF_ERROR(db.scan_under(Column::kScores, std::vector<Key>(ascending.begin(), ascending.end()), visit));
  AD_RETURN_IF_ERROR(failure);
  return scores;
}

Result<LoopState> read_loop(const RocksDb& db) { return read_cursor(db, kLoopRow, decode_loop); }
Result<TrainerState> read_trainer(const RocksDb& db) { return read_cursor(db, kTrainerRow, decode_trainer); }

Result<std::vector<ItemState>> read_items(const RocksDb& db, std::uint32_t round) {
  std::vector<ItemState> items;
  const Status status = scan_decoding(db, Column::kItems, Key::of_round(round, 0).view(),
                                      [&](std::string_view key, std::string_view value) -> Result<bool> {
                                        if (key_number(key, 0, 4) != round) return false;
                                        AD_ASSIGN_OR_RETURN(const auto group, decode_items(value, key_number(key, 4)));
                                        items.insert(items.end(), group.begin(), group.end());
                                        return true;
                                      });
  AD_RETURN_IF_ERROR(status);
  std::sort(items.begin(), items.end(), [](const ItemState& a, const ItemState& b) { return a.item < b.item; });
  return items;
}

Result<std::vector<VersionRecord>> read_versions(const RocksDb& db) {
  std::vector<VersionRecord> versions;
  AD_RETURN_IF_ERROR(
      scan_decoding(db, Column::kVersions, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
        AD_ASSIGN_OR_RETURN(auto version, decode_version(value, static_cast<VersionId>(key_number(key))));
        versions.push_back(std::move(version));
        return true;
      }));
  return versions;
}

Result<std::vector<Event>> read_events(const RocksDb& db, std::uint64_t after_seq, std::size_t limit) {
  std::vector<Event> events;
  if (limit == 0 || after_seq == UINT64_MAX) return events;
  AD_RETURN_IF_ERROR(scan_decoding(db, Column::kEvents, Key(after_seq + 1).view(),
                                   [&](std::string_view key, std::string_view value) -> Result<bool> {
                                     AD_ASSIGN_OR_RETURN(auto event, decode_event(value, key_number(key)));
                                     events.push_back(std::move(event));
                                     return events.size() < limit;
                                   }));
  return events;
}

Result<std::vector<Consumption>> read_consumption(const RocksDb& db, std::uint64_t first_step, std::uint64_t last_step) {
  std::vector<Consumption> uses;
  AD_RETURN_IF_ERROR(scan_decoding(db, Column::kConsumption, Key(first_step).view(),
                                   [&](std::string_view key, std::string_view value) -> Result<bool> {
                                     if (key_number(key) > last_step) return false;
                                     AD_ASSIGN_OR_RETURN(const auto of_step, decode_consumption(value, key_number(key)));
                                     uses.insert(uses.end(), of_step.begin(), of_step.end());
                                     return true;
                                   }));
  return uses;
}

Status scan_postings(const RocksDb& db, ProblemId problem, bool ascending, AttemptId after,
                     const std::function<bool(AttemptId)>& visit) {
  Status failure;
  // A row is filed under its first id. Going up, the row of the last first id at or below the cursor may reach beyond it.
  const auto visit_row = [&](std::string_view key, std::string_view value) {
    if (key_number(key) != problem) return false;
    auto ids = decode_postings(value, problem);
    failure = ids.status();
    if (!failure.ok()) return false;
    if (!ascending) std::reverse(ids.value().begin(), ids.value().end());
    for (AttemptId id : ids.value()) {
      if (after != 0 && (ascending ? id <= after : id >= after)) continue;
      if (!visit(id)) return false;
    }
    return true;
  };
  if (!ascending) {
    AD_RETURN_IF_ERROR(db.scan_back(Column::kPostings, Key(problem, after == 0 ? UINT64_MAX : after).view(), visit_row));
    return failure;
  }
  AttemptId first = 0;
  AD_RETURN_IF_ERROR(db.scan_back(Column::kPostings, Key(problem, after).view(), [&](std::string_view key, std::string_view) {
    if (key_number(key) == problem) first = key_number(key, 8);
    return false;
  }));
  AD_RETURN_IF_ERROR(db.scan(Column::kPostings, Key(problem, first).view(), visit_row));
  return failure;
}

Status DiskSource::scan(bool ascending, BlockNumber from, const std::function<bool(const SummaryZone&)>& wanted,
                        const std::function<bool(const SummaryBlock&)>& visit) const {
  Status failure;
  const auto visit_zone = [&](std::string_view key, std::string_view value) {
    const BlockNumber number = key_number(key);
    const auto zone = decode_zone(value, number);
    failure = zone.status();
    if (!failure.ok()) return false;
    if (!wanted(zone.value())) return true;
    const auto loaded = block(number);
    failure = loaded.status();
    return failure.ok() && (!loaded.value() || visit(*loaded.value()));
  };
  const Key start(from);
  AD_RETURN_IF_ERROR(ascending ? db_.scan(Column::kZones, start.view(), visit_zone)
                               : db_.scan_back(Column::kZones, start.view(), visit_zone));
  return failure;
}

Result<std::shared_ptr<const SummaryBlock>> DiskSource::block(BlockNumber number) const {
  AD_ASSIGN_OR_RETURN(auto bytes, db_.get(Column::kHot, Key(number).view()));
  if (!bytes) return std::shared_ptr<const SummaryBlock>();
  AD_ASSIGN_OR_RETURN(SummaryBlock parsed, SummaryBlock::parse(std::move(*bytes), number));
  return std::make_shared<const SummaryBlock>(std::move(parsed));
}

}  // namespace autodidact
