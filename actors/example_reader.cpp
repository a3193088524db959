#include "actors/example_reader.hpp"

#include <algorithm>

#include "methods/revision_data.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kKept = 1 << 18;
constexpr std::size_t kWrongKnown = 512, kWrongCompared = 64;  // of a problem: looked up, and read to choose among

// Whole wrong attempts at the problem of `right`, of its round or earlier; some at random where there are many.
Result<std::vector<JudgedAttempt>> wrong_before(const ReplayStore& store, const Attempt& right, std::uint64_t seed) {
  AttemptQuery query;
  query.problem = right.problem;
  query.outcome = Outcome::kWrong;
  query.hinted = query.seed_example = false;
  query.oldest_first = true;
  query.limit = kWrongKnown;
  AD_ASSIGN_OR_RETURN(const AttemptPage page, store.find(query));
  std::vector<AttemptId> ids;
  for (const AttemptSummary& row : page.rows)
    if (row.round <= right.round) ids.push_back(row.id);
  const auto key = [&](AttemptId id) { return counter_hash({seed, right.id, id}); };
  std::sort(ids.begin(), ids.end(), [&](AttemptId a, AttemptId b) { return key(a) < key(b); });
  ids.resize(std::min(ids.size(), kWrongCompared));
  auto read = store.read(ids);
  if (read.status().code() == Errc::kNotFound) return std::vector<JudgedAttempt>();  // retention was quicker
  AD_ASSIGN_OR_RETURN(auto wrong, std::move(read));
  std::erase_if(wrong, [](const JudgedAttempt& judged) { return judged.attempt.finish != Finish::kStop; });
  return wrong;
}

Result<TrainExample> revised(const ReplayStore& store, const RevisionSettings& revisions, const JudgedAttempt& right) {
  AD_ASSIGN_OR_RETURN(const auto wrong, wrong_before(store, right.attempt, revisions.seed));
  std::vector<std::string> texts;
  for (const JudgedAttempt& judged : wrong) texts.push_back(judged.attempt.text);
  std::vector<std::span<const TokenId>> shown;
  for (const std::size_t i : draw_shown(right.attempt.id, right.attempt.text, texts, revisions.seed))
    shown.emplace_back(wrong[i].attempt.tokens);
  return revision_example(right, shown, revisions.max_positions);
}

Result<TrainExample> example_of(const ReplayStore& store, const RevisionSettings& revisions, const JudgedAttempt& judged) {
  const Attempt& attempt = judged.attempt;
  const bool right = judged.verdict.outcome == Outcome::kCorrect && !attempt.seed_example;
  if (right && is_revised(attempt.id, revisions.share, revisions.seed)) return revised(store, revisions, judged);
  return make_example(judged);
}

Result<std::vector<std::pair<AttemptId, TrainExample>>> read_examples(const ReplayStore& store,
                                                                      const RevisionSettings& revisions,
                                                                      const std::vector<AttemptId>& ids) {
  AD_ASSIGN_OR_RETURN(const auto attempts, store.read(ids));
  std::vector<std::pair<AttemptId, TrainExample>> examples;
  for (const JudgedAttempt& judged : attempts) {
    AD_ASSIGN_OR_RETURN(auto example, example_of(store, revisions, judged));
    examples.emplace_back(judged.attempt.id, std::move(example));
  }
  return examples;
}

}  // namespace

// Ascending, each once.
std::vector<AttemptId> ExampleReader::missing(const std::vector<AttemptId>& ids) const {
  std::vector<AttemptId> missing;
  for (const AttemptId id : ids) {
    if (!examples_.contains(id)) missing.push_back(id);
  }
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  return missing;
}

void ExampleReader::revise(const RevisionSettings& revisions) {
  if (revisions == revisions_) return;
  if (ahead_.valid()) (void)ahead_.get();
  examples_.clear();
  revisions_ = revisions;
}

void ExampleReader::keep(Examples examples) {
  if (!examples.ok()) return;
  for (auto& [id, example] : *examples) examples_.emplace(id, std::move(example));
}

void ExampleReader::read_ahead(const std::vector<AttemptId>& ids) {
  auto wanted = missing(ids);
  if (wanted.empty()) return;
  ahead_ = post_future(*thread_, [store = store_, revisions = revisions_, wanted = std::move(wanted)] {
    return read_examples(*store, revisions, wanted);
  });
}

Result<std::vector<TrainExample>> ExampleReader::load(const std::vector<AttemptId>& ids) {
  if (examples_.size() > kKept) examples_.clear();
  if (ahead_.valid()) keep(ahead_.get());
  if (const auto wanted = missing(ids); !wanted.empty()) {
    auto examples = read_examples(*store_, revisions_, wanted);
    if (!examples.ok()) return examples.status();
    keep(std::move(examples));
  }
  std::vector<TrainExample> batch;
  batch.reserve(ids.size());
  for (const AttemptId id : ids) batch.push_back(examples_.at(id));
  return batch;
}

}  // namespace autodidact
