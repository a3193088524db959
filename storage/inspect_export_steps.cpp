// export of attempts whose steps rollouts have labelled. The store knows no tokenizer: rows have the tokens and where each step
// ends in them, and the tool that has one makes texts of them.

#include <algorithm>
#include <unordered_map>

#include "storage/inspect_export.hpp"
#include "storage/inspect_json.hpp"

namespace autodidact {

namespace {

constexpr VersionId kRollouts = 0;  // AttemptScore::scorer

Json values_of(const AttemptScore& score) {
  Json values = Json::array();
  for (const float value : score.steps) values.push_back(shortest(value));
  return values;
}

Json step_row(const AttemptSummary& row, const JudgedAttempt& judged, const Problem& problem, const AttemptScore& labels) {
  return {{"prompt", problem.prompt},
          {"completion", judged.attempt.text},
          {"tokens", judged.attempt.tokens},
          {"step_ends", labels.step_ends},
          {"values", values_of(labels)},
          {"correct", row.outcome == Outcome::kCorrect},
          {"id", row.id},
          {"version", row.version},
          {"round", row.round},
          {"problem", problem_hex(problem.id)},
          {"difficulty", problem.difficulty}};
}

Result<bool> emit_labelled(const InspectCall& call, std::span<const AttemptSummary> rows) {
  std::vector<AttemptId> ids;
  for (const AttemptSummary& row : rows) ids.push_back(row.id);
  AD_ASSIGN_OR_RETURN(auto scores, call.store.scores(ids));
  std::unordered_map<AttemptId, AttemptScore> labels;
  for (AttemptScore& score : scores)
    if (score.scorer == kRollouts && !score.steps.empty()) labels.emplace(score.attempt, std::move(score));
  std::vector<AttemptSummary> labelled;
  for (const AttemptSummary& row : rows)
    if (labels.contains(row.id)) labelled.push_back(row);
  return read_rows(call, labelled,
                   [&](const AttemptSummary& row, const JudgedAttempt& judged, const Problem& problem) -> Result<bool> {
                     return emit(call.sink, step_row(row, judged, problem, labels.at(row.id)));
                   });
}

}  // namespace

Status export_steps(const InspectCall& call, AttemptQuery query) {
  constexpr std::size_t kScoresAtOnce = 256;  // of at most 4096 steps each
  query.oldest_first = true;
  return for_each_page(call.store, query, call.sink, [&](std::span<const AttemptSummary> rows) -> Result<bool> {
    for (std::size_t first = 0; first < rows.size(); first += kScoresAtOnce) {
      const auto part = rows.subspan(first, std::min(kScoresAtOnce, rows.size() - first));
      AD_ASSIGN_OR_RETURN(const bool more, emit_labelled(call, part));
      if (!more) return false;
    }
    return true;
  });
}

}  // namespace autodidact
