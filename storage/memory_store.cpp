// The store as plain maps and linear scans: the fake for the actors' tests, and the yardstick the RocksDB store is compared
// with. Slow on purpose where being plain is worth more: a draw visits every attempt.

#include <limits>
#include <map>
#include <mutex>
#include <set>

#include "storage/query.hpp"
#include "storage/selector.hpp"

namespace autodidact {
namespace {

class MemoryStore : public ReplayStore {
 public:
  void submit(WriteSet set, Callback done) override;
  Result<std::vector<JudgedAttempt>> read(std::span<const AttemptId> ids) const override;
  Result<Problem> problem(ProblemId id) const override;
  Result<std::vector<AttemptScore>> scores(std::span<const AttemptId> ids) const override;
  Result<AttemptPage> find(const AttemptQuery& query) const override;
  std::optional<AttemptSummary> summary(AttemptId id) const override;
  std::vector<AttemptId> draw(const DrawRequest& request) const override;
  std::vector<AttemptId> kept_ids(const DrawRequest& request) const override;
  Result<LoopState> loop_state() const override;
  Result<TrainerState> trainer_state() const override;
  Result<std::vector<ItemState>> items_of_round(std::uint32_t round) const override;
  Result<std::vector<VersionRecord>> versions() const override;
  Result<std::vector<Event>> events(std::uint64_t after_seq, std::size_t limit) const override;
  Result<std::vector<Consumption>> consumption(std::uint64_t first_step, std::uint64_t last_step) const override;
  StoreCounts counts() const override;
  StoreHealth health() const override;
  Status pin(std::span<const AttemptId> ids, bool pinned) override;
  Result<std::uint64_t> collect(std::uint64_t keep, bool dry_run) override;

 private:
  struct Row {
    JudgedAttempt judged;
    bool pinned = false;
  };

  // All of these: data_mutex_ is held.
  Status check(const WriteSet& set) const;
  WriteReceipt apply(WriteSet& set);
  AttemptId apply_item(ItemResult& item);
  AttemptId store_attempt(JudgedAttempt& judged);
  static AttemptSummary summarize_row(const Row& row);
  std::vector<AttemptId> kept_ids_locked(const DrawRequest& request) const;

  std::recursive_mutex submit_mutex_;  // keeps callbacks in submission order; recursive, since a callback may submit
  mutable std::mutex data_mutex_;      // guards all below
  std::map<AttemptId, Row> attempts_;
  std::map<ProblemId, Problem> problems_;
  std::map<ItemId, ItemState> items_;
  std::map<VersionId, VersionRecord> versions_;
  std::map<std::pair<AttemptId, VersionId>, AttemptScore> scores_;
  std::map<std::uint64_t, std::vector<Consumption>> consumption_;  // by step
  std::vector<Event> events_;
  LoopState loop_;
  TrainerState trainer_;
  AttemptId next_attempt_ = 1;
  std::uint64_t committed_ = 0;
};

void MemoryStore::submit(WriteSet set, Callback done) {
  const std::lock_guard order(submit_mutex_);
  if (Status status = normalize(set); !status.ok()) {
    done(status);
    return;
  }
  Result<WriteReceipt> answer = WriteReceipt();
  {
    const std::lock_guard lock(data_mutex_);
    if (Status fits = check(set); fits.ok()) {
      answer = apply(set);
      committed_ += 1;
    } else {
      answer = std::move(fits);
    }
  }
  done(std::move(answer));
}

Status MemoryStore::check(const WriteSet& set) const {
  for (const AttemptScore& score : set.scores) {
    const auto row = attempts_.find(score.attempt);
    const auto attempt = row == attempts_.end() ? std::nullopt : std::optional(summarize_row(row->second));
    AD_RETURN_IF_ERROR(check_target(score, attempt));
  }
  return {};
}

WriteReceipt MemoryStore::apply(WriteSet& set) {
  WriteReceipt receipt;
  for (ItemResult& item : set.items) {
    const bool duplicate = items_.count(item.item) > 0;
    receipt.duplicates += duplicate ? 1 : 0;
    receipt.first_ids.push_back(duplicate ? 0 : apply_item(item));
  }
  for (Problem& problem : set.problems) problems_.emplace(problem.id, std::move(problem));
  for (JudgedAttempt& seed : set.seeds) store_attempt(seed);
  std::set<std::uint64_t> steps;  // a step's consumption is rewritten whole
  for (const Consumption& use : set.consumed) {
    if (steps.insert(use.step).second) consumption_[use.step].clear();
    consumption_[use.step].push_back(use);
  }
  for (VersionRecord& version : set.versions) versions_[version.id] = std::move(version);
  for (AttemptScore& score : set.scores) scores_[{score.attempt, score.scorer}] = std::move(score);
  for (Event& event : set.events) {
    event.seq = events_.size() + 1;
    events_.push_back(std::move(event));
  }
  if (set.loop) loop_ = std::move(*set.loop);
  if (set.trainer) trainer_ = std::move(*set.trainer);
  return receipt;
}

AttemptId MemoryStore::apply_item(ItemResult& item) {
  if (item.problem.id != 0) problems_.emplace(item.problem.id, item.problem);
  ItemState state{.item = item.item, .problem = item.problem.id, .quarantined = item.quarantined, .reason = item.reason};
  state.attempts = static_cast<std::uint32_t>(item.attempts.size());
  AttemptId first = 0;
  for (JudgedAttempt& judged : item.attempts) {
    state.correct += judged.verdict.outcome == Outcome::kCorrect ? 1 : 0;
    state.kept += judged.selection.kept ? 1 : 0;
    const AttemptId id = store_attempt(judged);
    if (first == 0) first = id;
  }
  items_[item.item] = state;
  return first;
}

AttemptId MemoryStore::store_attempt(JudgedAttempt& judged) {
  const AttemptId id = next_attempt_++;
  judged.attempt.id = id;
  attempts_[id] = Row{std::move(judged), false};
  return id;
}

AttemptSummary MemoryStore::summarize_row(const Row& row) {
  AttemptSummary summary = summarize(row.judged);
  summary.pinned = row.pinned;
  return summary;
}

Result<std::vector<JudgedAttempt>> MemoryStore::read(std::span<const AttemptId> ids) const {
  const std::lock_guard lock(data_mutex_);
  std::vector<JudgedAttempt> found;
  found.reserve(ids.size());
  for (AttemptId id : ids) {
    const auto row = attempts_.find(id);
    if (row == attempts_.end()) return {Errc::kNotFound, "attempt " + std::to_string(id) + " is not in the store"};
    found.push_back(row->second.judged);
  }
  return found;
}

Result<Problem> MemoryStore::problem(ProblemId id) const {
  const std::lock_guard lock(data_mutex_);
  const auto found = problems_.find(id);
  if (found == problems_.end()) return {Errc::kNotFound, "problem " + std::to_string(id) + " is not in the store"};
  return found->second;
}

Result<std::vector<AttemptScore>> MemoryStore::scores(std::span<const AttemptId> ids) const {
  const std::lock_guard lock(data_mutex_);
  std::vector<AttemptScore> found;
  for (const AttemptId id : std::set<AttemptId>(ids.begin(), ids.end())) {
    for (auto it = scores_.lower_bound({id, 0}); it != scores_.end() && it->first.first == id; ++it)
      found.push_back(it->second);
  }
  return found;
}

Result<AttemptPage> MemoryStore::find(const AttemptQuery& query) const {
  const std::lock_guard lock(data_mutex_);
  AttemptPage page;
  const auto visit = [&](const Row& row) {  // false: the page is full and there is more
    const AttemptSummary summary = summarize_row(row);
    if (!past_cursor(query, summary.id) || !matches(query, summary)) return true;
    if (page.rows.size() == query.limit) {
      page.next = page.rows.empty() ? 0 : page.rows.back().id;
      return false;
    }
    page.rows.push_back(summary);
    return true;
  };
  if (query.oldest_first) {
    for (auto it = attempts_.begin(); it != attempts_.end() && visit(it->second); ++it) continue;
  } else {
    for (auto it = attempts_.rbegin(); it != attempts_.rend() && visit(it->second); ++it) continue;
  }
  return page;
}

std::optional<AttemptSummary> MemoryStore::summary(AttemptId id) const {
  const std::lock_guard lock(data_mutex_);
  const auto row = attempts_.find(id);
  if (row == attempts_.end()) return std::nullopt;
  return summarize_row(row->second);
}

std::vector<AttemptId> MemoryStore::kept_ids_locked(const DrawRequest& request) const {
  std::vector<AttemptId> ids;
  for (const auto& [id, row] : attempts_) {
    if (matches(request, summarize_row(row))) ids.push_back(id);
  }
  return ids;
}

std::vector<AttemptId> MemoryStore::kept_ids(const DrawRequest& request) const {
  const std::lock_guard lock(data_mutex_);
  return kept_ids_locked(request);
}

std::vector<AttemptId> MemoryStore::draw(const DrawRequest& request) const {
  const std::lock_guard lock(data_mutex_);
  const auto selector = make_selector(selector_options(request));
  if (!selector) return {};
  for (AttemptId id : kept_ids_locked(request)) selector->insert(id, attempts_.at(id).judged.selection.weight);
  AttemptId last_consumed = 0;
  if (!consumption_.empty() && !consumption_.rbegin()->second.empty()) {
    last_consumed = consumption_.rbegin()->second.back().attempt;
  }
  return selector->sample(request.count, request.seed, last_consumed);
}

Result<LoopState> MemoryStore::loop_state() const {
  const std::lock_guard lock(data_mutex_);
  return loop_;
}

Result<TrainerState> MemoryStore::trainer_state() const {
  const std::lock_guard lock(data_mutex_);
  return trainer_;
}

Result<std::vector<ItemState>> MemoryStore::items_of_round(std::uint32_t round) const {
  const std::lock_guard lock(data_mutex_);
  std::vector<ItemState> found;
  for (auto it = items_.lower_bound(make_item_id(round, 0, false)); it != items_.end() && item_round(it->first) == round;
       ++it) {
    found.push_back(it->second);
  }
  return found;
}

Result<std::vector<VersionRecord>> MemoryStore::versions() const {
  const std::lock_guard lock(data_mutex_);
  std::vector<VersionRecord> all;
  for (const auto& [id, version] : versions_) all.push_back(version);
  return all;
}

Result<std::vector<Event>> MemoryStore::events(std::uint64_t after_seq, std::size_t limit) const {
  const std::lock_guard lock(data_mutex_);
  std::vector<Event> found;
  for (std::uint64_t i = after_seq; i < events_.size() && found.size() < limit; ++i) found.push_back(events_[i]);
  return found;
}

Result<std::vector<Consumption>> MemoryStore::consumption(std::uint64_t first_step, std::uint64_t last_step) const {
  const std::lock_guard lock(data_mutex_);
  std::vector<Consumption> found;
  for (auto it = consumption_.lower_bound(first_step); it != consumption_.end() && it->first <= last_step; ++it) {
    found.insert(found.end(), it->second.begin(), it->second.end());
  }
  return found;
}

StoreCounts MemoryStore::counts() const {
  const std::lock_guard lock(data_mutex_);
  StoreCounts counts;
  for (const auto& [id, row] : attempts_) {
    counts.attempts += 1;
    counts.seeds += row.judged.attempt.seed_example ? 1 : 0;
    counts.kept += row.judged.selection.kept ? 1 : 0;
    counts.correct += row.judged.verdict.outcome == Outcome::kCorrect ? 1 : 0;
    counts.wrong += row.judged.verdict.outcome == Outcome::kWrong ? 1 : 0;
    counts.cannot_judge += row.judged.verdict.outcome == Outcome::kCannotJudge ? 1 : 0;
  }
  counts.problems = problems_.size();
  counts.items = items_.size();
  for (const auto& [id, item] : items_) counts.quarantined += item.quarantined ? 1 : 0;
  for (const auto& [step, uses] : consumption_) counts.consumed += uses.size();
  counts.events = events_.size();
  counts.versions = versions_.size();
  counts.scores = scores_.size();
  return counts;
}

StoreHealth MemoryStore::health() const {
  const std::lock_guard lock(data_mutex_);
  StoreHealth health;
  health.free_bytes = std::numeric_limits<std::uint64_t>::max();
  health.committed_groups = committed_;
  return health;
}

Status MemoryStore::pin(std::span<const AttemptId> ids, bool pinned) {
  const std::lock_guard lock(data_mutex_);
  for (AttemptId id : ids) {
    if (attempts_.count(id) == 0) return {Errc::kNotFound, "attempt " + std::to_string(id) + " is not in the store"};
  }
  for (AttemptId id : ids) attempts_.at(id).pinned = pinned;
  return {};
}

Result<std::uint64_t> MemoryStore::collect(std::uint64_t keep, bool dry_run) {
  const std::lock_guard lock(data_mutex_);
  std::set<AttemptId> consumed;
  for (const auto& [step, uses] : consumption_) {
    for (const Consumption& use : uses) consumed.insert(use.attempt);
  }
  std::uint64_t older = attempts_.size() > keep ? attempts_.size() - keep : 0;
  std::uint64_t deleted = 0;
  for (auto it = attempts_.begin(); older > 0; --older) {
    const Row& row = it->second;
    const bool stays = row.pinned || row.judged.selection.kept || consumed.count(it->first) > 0;
    deleted += stays ? 0 : 1;
    if (!stays && !dry_run) scores_.erase(scores_.lower_bound({it->first, 0}), scores_.lower_bound({it->first + 1, 0}));
    it = stays || dry_run ? std::next(it) : attempts_.erase(it);
  }
  return deleted;
}

}  // namespace

std::unique_ptr<ReplayStore> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace autodidact
