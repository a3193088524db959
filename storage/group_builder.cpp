#include "storage/group_builder.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "storage/codec.hpp"
#include "storage/query.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kKnownProblems = 1u << 20;  // about 40 MB when full

}  // namespace

GroupBuilder::GroupBuilder(const RocksDb& db, const BlockTable& blocks, const WriterMemory& memory, const KnownProblems& known)
    : db_(db),
      table_(blocks),
      memory_(memory),
      known_(known),
      batch_(std::make_unique<rocksdb::WriteBatch>()),
      state_(memory.state) {
  state_.group += 1;
}

GroupBuilder::~GroupBuilder() = default;

void GroupBuilder::put(Column column, std::string_view key, std::string_view value) {
  // Fails only for a batch with a size limit or a missing family, and this one has neither.
  batch_->Put(db_.handle(column), rocksdb::Slice(key.data(), key.size()), rocksdb::Slice(value.data(), value.size()))
      .PermitUncheckedError();
}

// By a set before this one, whether it is durable yet or in this very group.
std::optional<AttemptSummary> GroupBuilder::stored(AttemptId id) const {
  const AttemptId first_new = memory_.state.next_attempt;
  if (id >= first_new) return id < state_.next_attempt ? std::optional(rows_[id - first_new]) : std::nullopt;
  const auto block = id == 0 ? nullptr : table_.block(block_of(id));
  return block ? block->find(id) : std::nullopt;
}

Status GroupBuilder::check(const WriteSet& set) const {
  for (const AttemptScore& score : set.scores) AD_RETURN_IF_ERROR(check_target(score, stored(score.attempt)));
  return {};
}

Result<WriteReceipt> GroupBuilder::add(WriteSet& set) {
  WriteReceipt receipt;
  receipt.first_ids.reserve(set.items.size());
  for (ItemResult& item : set.items) {
    if (is_done(item.item)) {
      receipt.duplicates += 1;
      receipt.first_ids.push_back(0);
      continue;
    }
    AD_ASSIGN_OR_RETURN(const AttemptId first, add_item(item));
    receipt.first_ids.push_back(first);
  }
  for (const Problem& problem : set.problems) AD_RETURN_IF_ERROR(add_problem(problem));
  for (JudgedAttempt& seed : set.seeds) add_attempt(seed);
  AD_RETURN_IF_ERROR(add_consumption(set.consumed));
  AD_RETURN_IF_ERROR(add_scores(set.scores));
  add_versions(set.versions);
  add_events(set.events);
  if (set.loop) {
    encode_loop(*set.loop, scratch_);
    put(Column::kMeta, kLoopRow, scratch_);
  }
  if (set.trainer) {
    encode_trainer(*set.trainer, scratch_);
    put(Column::kMeta, kTrainerRow, scratch_);
  }
  return receipt;
}

bool GroupBuilder::is_done(ItemId item) const { return memory_.done.contains(item) || item_ids_.count(item) > 0; }

Result<AttemptId> GroupBuilder::add_item(ItemResult& item) {
  if (item.problem.id != 0) AD_RETURN_IF_ERROR(add_problem(item.problem));
  ItemState state{.item = item.item, .problem = item.problem.id, .quarantined = item.quarantined, .reason = item.reason};
  state.attempts = static_cast<std::uint32_t>(item.attempts.size());
  AttemptId first = 0;
  for (JudgedAttempt& judged : item.attempts) {
    state.correct += judged.verdict.outcome == Outcome::kCorrect ? 1 : 0;
    state.kept += judged.selection.kept ? 1 : 0;
    const AttemptId id = add_attempt(judged);
    if (first == 0) first = id;
  }
  state_.counts.items += 1;
  state_.counts.quarantined += item.quarantined ? 1 : 0;
  item_ids_.insert(item.item);
  items_.push_back(std::move(state));
  return first;
}

AttemptId GroupBuilder::add_attempt(JudgedAttempt& judged) {
  const AttemptId id = state_.next_attempt++;
  judged.attempt.id = id;
  const Key key(id);
  encode_attempt(judged, id, scratch_);
  put(Column::kAttempts, key.view(), scratch_);
  rows_.push_back(summarize(judged));
  StoreCounts& counts = state_.counts;
  counts.attempts += 1;
  counts.seeds += judged.attempt.seed_example ? 1 : 0;
  counts.kept += judged.selection.kept ? 1 : 0;
  counts.correct += judged.verdict.outcome == Outcome::kCorrect ? 1 : 0;
  counts.wrong += judged.verdict.outcome == Outcome::kWrong ? 1 : 0;
  counts.cannot_judge += judged.verdict.outcome == Outcome::kCannotJudge ? 1 : 0;
  return id;
}

Status GroupBuilder::add_problem(const Problem& problem) {
  if (known_.count(problem.id) > 0 || !problems_.insert(problem.id).second) return {};
  const Key key(problem.id);
  AD_ASSIGN_OR_RETURN(const auto stored, db_.get(Column::kProblems, key.view()));
  if (stored) return {};
  encode_problem(problem, scratch_);
  put(Column::kProblems, key.view(), scratch_);
  state_.counts.problems += 1;
  return {};
}

Result<std::uint64_t> GroupBuilder::uses_of_step(std::uint64_t step) const {
  if (const auto staged = staged_uses_.find(step); staged != staged_uses_.end()) return staged->second;
  if (step > memory_.state.last_step) return std::uint64_t{0};
  AD_ASSIGN_OR_RETURN(const auto row, db_.get(Column::kConsumption, Key(step).view()));
  if (!row) return std::uint64_t{0};
  AD_ASSIGN_OR_RETURN(const auto uses, decode_consumption(*row, step));
  return static_cast<std::uint64_t>(uses.size());
}

// A step's consumption is rewritten whole: a step that is trained again consumed what it consumed the second time.
Status GroupBuilder::add_consumption(const std::vector<Consumption>& uses) {
  std::map<std::uint64_t, std::vector<Consumption>> by_step;
  for (const Consumption& use : uses) by_step[use.step].push_back(use);
  for (const auto& [step, of_step] : by_step) {
    AD_ASSIGN_OR_RETURN(const std::uint64_t before, uses_of_step(step));
    encode_consumption(of_step, step, scratch_);
    put(Column::kConsumption, Key(step).view(), scratch_);
    state_.counts.consumed += of_step.size() - before;
    staged_uses_[step] = of_step.size();
    if (step < state_.last_step) continue;
    state_.last_step = step;
    state_.last_consumed = of_step.back().attempt;
  }
  return {};
}

Status GroupBuilder::add_scores(const std::vector<AttemptScore>& scores) {
  for (const AttemptScore& score : scores) {
    const Key key(score.attempt, score.scorer);
    encode_score(score, scratch_);
    put(Column::kScores, key.view(), scratch_);
    if (!scores_.emplace(score.attempt, score.scorer).second) continue;
    AD_ASSIGN_OR_RETURN(const auto before, db_.get(Column::kScores, key.view()));
    state_.counts.scores += before ? 0 : 1;
  }
  return {};
}

void GroupBuilder::add_versions(const std::vector<VersionRecord>& versions) {
  for (const VersionRecord& version : versions) {
    encode_version(version, scratch_);
    put(Column::kVersions, Key(version.id).view(), scratch_);
    const bool is_new = memory_.versions.count(version.id) == 0 && versions_.insert(version.id).second;
    state_.counts.versions += is_new ? 1 : 0;
  }
}

void GroupBuilder::add_events(std::vector<Event>& events) {
  for (Event& event : events) {
    event.seq = state_.next_event++;
    encode_event(event, scratch_);
    put(Column::kEvents, Key(event.seq).view(), scratch_);
    state_.counts.events += 1;
  }
}

Status GroupBuilder::finish() {
  AD_RETURN_IF_ERROR(finish_blocks());
  finish_postings();
  finish_items();
  encode_state(state_, scratch_);
  put(Column::kMeta, kStateRow, scratch_);
  return {};
}

// The new rows behind those that their block holds already.
Status GroupBuilder::finish_blocks() {
  for (std::size_t begin = 0; begin < rows_.size();) {
    const BlockNumber number = block_of(rows_[begin].id);
    std::size_t end = begin;
    while (end < rows_.size() && block_of(rows_[end].id) == number) ++end;
    std::vector<AttemptSummary> rows;
    if (const auto block = table_.block(number)) rows = block->rows();
    rows.insert(rows.end(), rows_.begin() + static_cast<std::ptrdiff_t>(begin),
                rows_.begin() + static_cast<std::ptrdiff_t>(end));
    SummaryBlock::encode(number, rows, scratch_);
    put(Column::kHot, Key(number).view(), scratch_);
    AD_ASSIGN_OR_RETURN(PlacedBlock placed, place_block(number, scratch_));
    encode_zone(placed.zone, number, scratch_);
    put(Column::kZones, Key(number).view(), scratch_);
    placed_.push_back(std::move(placed));
    begin = end;
  }
  return {};
}

void GroupBuilder::finish_postings() {
  std::vector<std::pair<ProblemId, AttemptId>> pairs;
  pairs.reserve(rows_.size());
  for (const AttemptSummary& row : rows_) pairs.emplace_back(row.problem, row.id);
  std::sort(pairs.begin(), pairs.end());
  std::vector<AttemptId> ids;
  for (std::size_t begin = 0; begin < pairs.size(); begin += ids.size()) {
    ids.clear();
    const ProblemId problem = pairs[begin].first;
    for (std::size_t i = begin; i < pairs.size() && pairs[i].first == problem; ++i) ids.push_back(pairs[i].second);
    encode_postings(ids, problem, scratch_);
    put(Column::kPostings, Key(problem, ids.front()).view(), scratch_);
  }
}

void GroupBuilder::finish_items() {
  std::vector<ItemState> sorted = items_;
  std::sort(sorted.begin(), sorted.end(), [](const ItemState& a, const ItemState& b) { return a.item < b.item; });
  for (std::size_t begin = 0; begin < sorted.size();) {
    const std::uint32_t round = item_round(sorted[begin].item);
    std::size_t end = begin;
    while (end < sorted.size() && item_round(sorted[end].item) == round) ++end;
    encode_items(std::span(sorted).subspan(begin, end - begin), state_.group, scratch_);
    put(Column::kItems, Key::of_round(round, state_.group).view(), scratch_);
    begin = end;
  }
}

void GroupBuilder::apply(WriterMemory& memory, KnownProblems& known) const {
  memory.state = state_;
  for (const ItemState& item : items_) memory.done.insert(item.item);
  memory.versions.insert(versions_.begin(), versions_.end());
  if (known.size() + problems_.size() > kKnownProblems) known.clear();
  known.insert(problems_.begin(), problems_.end());
}

}  // namespace autodidact
