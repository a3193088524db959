// Walks a whole store and says everything that is wrong with it. Reads only; works beside a live daemon. Without `deep` it
// reads all but the bulk of the attempts (10^6 attempts: about a second); with it, every byte.

#include <map>
#include <unordered_map>
#include <vector>

#include "storage/codec.hpp"
#include "storage/query.hpp"
#include "storage/rocks_reads.hpp"
#include "storage/store_open.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kMostLinesPerKind = 20;

// All but the pin, which only the summary knows.
bool same_summary(const AttemptSummary& a, const AttemptSummary& b) {
  const auto same = [](float x, float y) { return x == y || (x != x && y != y); };  // NaN is itself here
  return a.problem == b.problem && a.round == b.round && a.version == b.version && a.created_us == b.created_us &&
         same(a.score, b.score) && same(a.weight, b.weight) && a.length == b.length && a.outcome == b.outcome &&
         a.reason == b.reason && a.kept == b.kept && a.hinted == b.hinted && a.seed_example == b.seed_example &&
         a.answer_correct == b.answer_correct;
}

class Verifier {
 public:
  Verifier(const RocksDb& db, bool deep) : db_(db), deep_(deep) {}

  VerifyReport run(const std::string& directory, const std::optional<Mark>& mark) {
    check_state(directory, mark);
    if (deep_) note("file", db_.verify_files());
    check_blocks();
    check_zones();
    check_postings();
    check_small_records();
    if (deep_) check_attempts();
    check_items();
    check_consumption();
    check_scores();
    for (const auto& [kind, lines] : lines_) {
      if (lines > kMostLinesPerKind) {
        report_.problems.push_back(kind + ": and " + std::to_string(lines - kMostLinesPerKind) + " more");
      }
    }
    return std::move(report_);
  }

 private:
  struct Tally {
    std::uint32_t attempts = 0, correct = 0, kept = 0;
  };

  void problem(const std::string& kind, const std::string& line) {
    if (++lines_[kind] <= kMostLinesPerKind) report_.problems.push_back(line);
  }
  void note(const std::string& kind, const Status& status) {
    if (!status.ok()) problem(kind, status.message());
  }
  void expect_count(const char* what, std::uint64_t counted, std::uint64_t recorded) {
    if (counted == recorded) return;
    problem("count",
            std::string(what) + ": " + std::to_string(counted) + " found, the counters say " + std::to_string(recorded));
  }
  // Every row of a family through `check`, whose errors are noted; ends early only when RocksDB itself fails.
  template <class Check>
  std::uint64_t each(Column column, const Check& check) {
    std::uint64_t rows = 0;
    note(name(column), db_.scan(column, "", [&](std::string_view key, std::string_view value) {
      rows += 1;
      note(name(column), check(key, value));
      return true;
    }));
    return rows;
  }

  void check_state(const std::string& directory, const std::optional<Mark>& mark);
  void check_blocks();
  void check_zones();
  void check_postings();
  void check_small_records();
  void check_attempts();
  Status check_attempt(AttemptId id, std::string_view bytes);
  void check_items();
  void check_item(const ItemState& item);
  void check_consumption();
  void check_scores();
  std::optional<AttemptSummary> summary(AttemptId id) const {
    const auto block = id == 0 ? nullptr : blocks_.block(block_of(id));
    return block ? block->find(id) : std::nullopt;
  }

  const RocksDb& db_;
  const bool deep_;
  VerifyReport report_;
  std::map<std::string, std::size_t> lines_;
  StoreState state_;
  BlockTable blocks_;
  std::map<BlockNumber, SummaryZone> zones_;   // as the blocks' rows have them
  std::unordered_map<ItemId, Tally> tallies_;  // deep: what the attempts say of their items
};

void Verifier::check_state(const std::string& directory, const std::optional<Mark>& mark) {
  const auto state = read_state(db_);
  note("state", state.status());
  if (state.ok()) state_ = state.value();
  note("state", check_mark(directory, state_, mark));
  note("state", read_loop(db_).status());
  note("state", read_trainer(db_).status());
}

void Verifier::check_blocks() {
  StoreCounts counts;
  each(Column::kHot, [&](std::string_view key, std::string_view value) -> Status {
    AD_ASSIGN_OR_RETURN(const PlacedBlock placed, place_block(key_number(key), std::string(value)));
    zones_[placed.number] = placed.zone;
    blocks_.put({placed});
    for (const AttemptSummary& row : placed.block->rows()) {
      counts.attempts += 1;
      counts.seeds += row.seed_example ? 1 : 0;
      counts.kept += row.kept ? 1 : 0;
      counts.correct += row.outcome == Outcome::kCorrect ? 1 : 0;
      counts.wrong += row.outcome == Outcome::kWrong ? 1 : 0;
      counts.cannot_judge += row.outcome == Outcome::kCannotJudge ? 1 : 0;
      if (row.id >= state_.next_attempt) problem("hot", "attempt " + std::to_string(row.id) + " has an id not given out yet");
    }
    return {};
  });
  report_.attempts = counts.attempts;
  expect_count("attempts", counts.attempts, state_.counts.attempts);
  expect_count("seed examples", counts.seeds, state_.counts.seeds);
  expect_count("kept attempts", counts.kept, state_.counts.kept);
  expect_count("correct attempts", counts.correct, state_.counts.correct);
  expect_count("wrong attempts", counts.wrong, state_.counts.wrong);
  expect_count("attempts that cannot be judged", counts.cannot_judge, state_.counts.cannot_judge);
  expect_count("ids without an attempt", state_.next_attempt - 1 - counts.attempts, state_.collected);
}

void Verifier::check_zones() {
  const std::uint64_t rows = each(Column::kZones, [&](std::string_view key, std::string_view value) -> Status {
    const BlockNumber number = key_number(key);
    AD_ASSIGN_OR_RETURN(const SummaryZone zone, decode_zone(value, number));
    const auto block = zones_.find(number);
    if (block != zones_.end() && block->second == zone) return {};
    return {Errc::kBadInput, "the zone of block " + std::to_string(number) + " does not describe its rows"};
  });
  expect_count("zones", rows, zones_.size());
}

// Both ways: each posting has its attempt, and each attempt is found by its problem exactly once.
void Verifier::check_postings() {
  std::vector<bool> seen(static_cast<std::size_t>(state_.next_attempt));
  std::uint64_t found = 0;
  each(Column::kPostings, [&](std::string_view key, std::string_view value) -> Status {
    const ProblemId wanted = key_number(key);
    AD_ASSIGN_OR_RETURN(const auto ids, decode_postings(value, wanted));
    for (AttemptId id : ids) {
      const auto row = summary(id);
      if (!row || row->problem != wanted || id >= seen.size() || seen[id]) {
        problem("postings", "problem " + std::to_string(wanted) + " lists attempt " + std::to_string(id) + " wrongly");
        continue;
      }
      seen[id] = true;
      found += 1;
    }
    return {};
  });
  expect_count("attempts found by their problem", found, report_.attempts);
}

void Verifier::check_small_records() {
  const std::uint64_t problems = each(Column::kProblems, [](std::string_view key, std::string_view value) {
    return decode_problem(value, key_number(key)).status();
  });
  expect_count("problems", problems, state_.counts.problems);
  const std::uint64_t events = each(Column::kEvents, [](std::string_view key, std::string_view value) {
    return decode_event(value, key_number(key)).status();
  });
  expect_count("events", events, state_.counts.events);
  std::map<VersionId, VersionRecord> versions;
  report_.versions = each(Column::kVersions, [&](std::string_view key, std::string_view value) -> Status {
    AD_ASSIGN_OR_RETURN(auto version, decode_version(value, static_cast<VersionId>(key_number(key))));
    const VersionId id = version.id;
    versions[id] = std::move(version);
    return {};
  });
  expect_count("versions", report_.versions, state_.counts.versions);
  for (const auto& [id, version] : versions) {
    if (version.parent != 0 && versions.count(version.parent) == 0) {
      problem("versions",
              "version " + std::to_string(id) + " has parent " + std::to_string(version.parent) + ", which is not stored");
    }
  }
}

Status Verifier::check_attempt(AttemptId id, std::string_view bytes) {
  JudgedAttempt judged;
  AD_RETURN_IF_ERROR(decode_attempt(bytes, id, judged));
  const auto row = summary(id);
  const AttemptSummary made = summarize(judged);
  if (!row || !same_summary(*row, made))
    return {Errc::kBadInput, "attempt " + std::to_string(id) + (row ? " differs from its summary" : " has no summary")};
  if (judged.attempt.item == 0) return {};
  Tally& tally = tallies_[judged.attempt.item];
  tally.attempts += 1;
  tally.correct += row->outcome == Outcome::kCorrect ? 1 : 0;
  tally.kept += row->kept ? 1 : 0;
  return {};
}

void Verifier::check_attempts() {
  const std::uint64_t attempts = each(
      Column::kAttempts, [&](std::string_view key, std::string_view value) { return check_attempt(key_number(key), value); });
  expect_count("attempt records", attempts, report_.attempts);
}

void Verifier::check_items() {
  ItemSet done;
  std::uint64_t quarantined = 0;
  each(Column::kItems, [&](std::string_view key, std::string_view value) -> Status {
    AD_ASSIGN_OR_RETURN(const auto items, decode_items(value, key_number(key, 4)));
    for (const ItemState& item : items) {
      report_.items += 1;
      quarantined += item.quarantined ? 1 : 0;
      if (done.contains(item.item)) problem("items", "item " + std::to_string(item.item) + " is done twice");
      if (item_round(item.item) != key_number(key, 0, 4)) {
        problem("items",
                "item " + std::to_string(item.item) + " is filed under round " + std::to_string(key_number(key, 0, 4)));
      }
      done.insert(item.item);
      if (deep_) check_item(item);
    }
    return {};
  });
  expect_count("items", report_.items, state_.counts.items);
  expect_count("quarantined items", quarantined, state_.counts.quarantined);
  for (const auto& [item, tally] : tallies_) {
    if (!done.contains(item)) problem("items", "item " + std::to_string(item) + " has attempts but is not done");
  }
}

// Retention deletes attempts that were not kept, so of those there may be fewer than the item came to.
void Verifier::check_item(const ItemState& item) {
  const auto found = tallies_.find(item.item);
  const Tally tally = found == tallies_.end() ? Tally() : found->second;
  const bool fewer_allowed = state_.collected > 0;
  const bool attempts_fit = fewer_allowed ? tally.attempts <= item.attempts : tally.attempts == item.attempts;
  const bool correct_fit = fewer_allowed ? tally.correct <= item.correct : tally.correct == item.correct;
  if (attempts_fit && correct_fit && tally.kept == item.kept) return;
  problem("items", "item " + std::to_string(item.item) + " came to " + std::to_string(item.attempts) + " attempts, " +
                       std::to_string(item.correct) + " correct, " + std::to_string(item.kept) + " kept; stored are " +
                       std::to_string(tally.attempts) + ", " + std::to_string(tally.correct) + ", " +
                       std::to_string(tally.kept));
}

void Verifier::check_consumption() {
  std::uint64_t consumed = 0;
  each(Column::kConsumption, [&](std::string_view key, std::string_view value) -> Status {
    const std::uint64_t step = key_number(key);
    AD_ASSIGN_OR_RETURN(const auto uses, decode_consumption(value, step));
    consumed += uses.size();
    for (const Consumption& use : uses) {
      if (summary(use.attempt)) continue;
      problem("consumption",
              "step " + std::to_string(step) + " consumed attempt " + std::to_string(use.attempt) + ", which is not stored");
    }
    return {};
  });
  expect_count("consumed attempts", consumed, state_.counts.consumed);
}

void Verifier::check_scores() {
  const std::uint64_t scores = each(Column::kScores, [&](std::string_view key, std::string_view value) -> Status {
    const AttemptId id = key_number(key);
    AD_ASSIGN_OR_RETURN(const AttemptScore score, decode_score(value, id, static_cast<VersionId>(key_number(key, 8))));
    return check_target(score, summary(id));
  });
  expect_count("scores", scores, state_.counts.scores);
}

}  // namespace

Result<VerifyReport> verify_store(const std::string& directory, const StoreOptions& options, bool deep) {
  AD_RETURN_IF_ERROR(check_files(directory));
  const auto mark = read_mark(directory);
  const auto db = RocksDb::open(directory, options, RocksDb::Mode::kReadOnly, nullptr);
  if (!db.ok() && db.status().code() != Errc::kBadInput) return db.status();
  if (!db.ok()) return VerifyReport{.problems = {db.status().message()}};
  if (const auto format = read_format(*db.value()); !format.ok())
    return format.status().with_context("replay store " + directory);
  return Verifier(*db.value(), deep).run(directory, mark);
}

}  // namespace autodidact
