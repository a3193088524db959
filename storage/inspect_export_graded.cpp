// export of right and wrong attempts: pairs of them, or each with its label.

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "storage/draw_random.hpp"
#include "storage/inspect_export.hpp"
#include "storage/inspect_json.hpp"
#include "storage/query.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kReadAtOnce = 256;
constexpr std::uint64_t kPairSeed = 0x7061'6972, kRightSeed = 1, kWrongSeed = 2;

struct GradedId {
  ProblemId problem = 0;
  AttemptId id = 0;
  bool right = false;
};

struct Sides {
  std::vector<AttemptId> right, wrong;  // each text once, ascending
};

// By problem, then by id: what is drawn does not depend on when an attempt came.
Result<std::vector<GradedId>> graded_ids(const InspectCall& call, AttemptQuery query) {
  std::vector<GradedId> graded;
  query.oldest_first = true;
  AD_RETURN_IF_ERROR(for_each_page(call.store, query, call.sink, [&](std::span<const AttemptSummary> rows) -> Result<bool> {
    for (const AttemptSummary& row : rows) {
      if (row.outcome == Outcome::kCannotJudge || row.length == 0) continue;
      graded.push_back({row.problem, row.id, row.outcome == Outcome::kCorrect});
    }
    return true;
  }));
  std::stable_sort(graded.begin(), graded.end(), [](const auto& a, const auto& b) { return a.problem < b.problem; });
  return graded;
}

// The first attempt with each text: one that was cut off is judged apart from the same text brought to its end, and a pair of
// the two would teach nothing.
Result<Sides> distinct_sides(const InspectCall& call, std::span<const GradedId> attempts) {
  Sides sides;
  std::unordered_set<std::size_t> seen;
  for (std::size_t first = 0; first < attempts.size(); first += kReadAtOnce) {
    const auto part = attempts.subspan(first, std::min(kReadAtOnce, attempts.size() - first));
    std::vector<AttemptId> ids;
    for (const GradedId& one : part) ids.push_back(one.id);
    AD_ASSIGN_OR_RETURN(const auto judged, call.store.read(ids));
    for (std::size_t i = 0; i < part.size(); ++i) {
      const std::string& text = judged[i].attempt.text;
      if (text.empty() || !seen.insert(std::hash<std::string>()(text)).second) continue;
      (part[i].right ? sides.right : sides.wrong).push_back(part[i].id);
    }
  }
  return sides;
}

Json facts(const Problem& problem) { return {{"problem", problem_hex(problem.id)}, {"difficulty", problem.difficulty}}; }

Result<bool> emit_pairs(const InspectCall& call, const Problem& problem, const Sides& sides, std::uint64_t per_problem) {
  const std::uint64_t product = sides.right.size() * sides.wrong.size();
  DrawRandom random(kPairSeed ^ problem.id);
  for (const std::size_t drawn : distinct_positions(product, std::min(per_problem, product), random)) {
    const AttemptId ids[] = {sides.right[drawn / sides.wrong.size()], sides.wrong[drawn % sides.wrong.size()]};
    AD_ASSIGN_OR_RETURN(const auto judged, call.store.read(ids));
    const AttemptSummary right = summarize(judged[0]), wrong = summarize(judged[1]);
    Json json = {{"prompt", problem.prompt},
                 {"chosen", judged[0].attempt.text},
                 {"rejected", judged[1].attempt.text},
                 {"score_chosen", shortest(right.score)},
                 {"score_rejected", shortest(wrong.score)},
                 {"id_chosen", ids[0]},
                 {"id_rejected", ids[1]},
                 {"version_chosen", right.version},
                 {"version_rejected", wrong.version}};
    json.update(facts(problem));
    if (!emit(call.sink, json)) return false;
  }
  return true;
}

Result<bool> emit_singles(const InspectCall& call, const Problem& problem, const std::vector<AttemptId>& side, bool right,
                          std::uint64_t most) {
  DrawRandom random((right ? kRightSeed : kWrongSeed) ^ problem.id);
  std::vector<AttemptId> ids;
  for (const std::size_t at : distinct_positions(side.size(), std::min<std::size_t>(most, side.size()), random))
    ids.push_back(side[at]);
  std::sort(ids.begin(), ids.end());
  for (const AttemptId id : ids) {
    AD_ASSIGN_OR_RETURN(const auto judged, call.store.read(std::span(&id, 1)));
    const AttemptSummary row = summarize(judged[0]);
    Json json = {{"prompt", problem.prompt},
                 {"completion", judged[0].attempt.text},
                 {"label", right},
                 {"score", shortest(row.score)},
                 {"id", id},
                 {"version", row.version},
                 {"round", row.round}};
    json.update(facts(problem));
    if (!emit(call.sink, json)) return false;
  }
  return true;
}

Result<bool> emit_problem(const InspectCall& call, std::span<const GradedId> attempts, Graded kind, std::uint64_t per_problem) {
  const auto right = [](const GradedId& one) { return one.right; };
  const bool both =
      std::any_of(attempts.begin(), attempts.end(), right) && !std::all_of(attempts.begin(), attempts.end(), right);
  if (kind == Graded::kPairs && !both) return true;  // no text need be read
  AD_ASSIGN_OR_RETURN(const Sides sides, distinct_sides(call, attempts));
  AD_ASSIGN_OR_RETURN(const Problem problem, call.store.problem(attempts.front().problem));
  if (kind == Graded::kPairs) return emit_pairs(call, problem, sides, per_problem);
  AD_ASSIGN_OR_RETURN(const bool more, emit_singles(call, problem, sides.right, true, per_problem));
  if (!more) return false;
  return emit_singles(call, problem, sides.wrong, false, per_problem);
}

}  // namespace

Status export_graded(const InspectCall& call, AttemptQuery query, Graded kind, std::uint64_t per_problem) {
  AD_ASSIGN_OR_RETURN(const auto graded, graded_ids(call, std::move(query)));
  for (std::size_t first = 0, end = 0; first < graded.size(); first = end) {
    while (end < graded.size() && graded[end].problem == graded[first].problem) ++end;
    AD_ASSIGN_OR_RETURN(const bool more, emit_problem(call, std::span(graded).subspan(first, end - first), kind, per_problem));
    if (!more || !call.sink({})) break;
  }
  return Status();
}

}  // namespace autodidact
