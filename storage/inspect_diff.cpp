// diff: what one version solved and another did not, on the problems that both tried.

#include <cmath>
#include <map>

#include "storage/inspect_json.hpp"
#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

// What one version came to on one problem. Hinted attempts do not count: they were shown the answer.
struct Tries {
  std::uint64_t attempts = 0, correct = 0, judged = 0, tokens = 0;
  AttemptId example = 0;  // a correct one if there is one, else the newest
  bool solved() const { return correct > 0; }
};
using ByProblem = std::map<ProblemId, Tries>;

Result<ByProblem> tries_of(const InspectCall& call, VersionId version) {
  ByProblem tries;
  AttemptQuery query;
  query.version = version;
  query.hinted = false;
  AD_RETURN_IF_ERROR(for_each_page(call.store, query, call.sink, [&](std::span<const AttemptSummary> rows) -> Result<bool> {
    for (const AttemptSummary& row : rows) {
      Tries& of = tries[row.problem];
      const bool correct = row.outcome == Outcome::kCorrect;
      if (of.example == 0 || (correct && of.correct == 0)) of.example = row.id;
      ++of.attempts;
      of.correct += correct ? 1 : 0;
      of.judged += row.outcome == Outcome::kCannotJudge ? 0 : 1;
      of.tokens += row.length;
    }
    return true;
  }));
  return tries;
}

// Chance of a split at least so uneven among the problems that changed sides, were the versions equally good: the exact
// two-sided sign test (McNemar's, on paired problems).
double sign_test(std::uint64_t gained, std::uint64_t lost) {
  const std::uint64_t n = gained + lost;
  if (n == 0) return 1;
  double tail = 0;
  for (std::uint64_t k = 0; k <= std::min(gained, lost); ++k) {
    const double x = static_cast<double>(n);
    tail += std::exp(std::lgamma(x + 1) - std::lgamma(static_cast<double>(k) + 1) -
                     std::lgamma(static_cast<double>(n - k) + 1) - x * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

struct Totals {
  std::uint64_t both = 0, both_solved = 0, gained = 0, lost = 0, neither = 0;
};

Json side(VersionId version, const ByProblem& all, const ByProblem& other) {
  Tries sum;
  std::uint64_t problems = 0, solved = 0;
  for (const auto& [id, tries] : all) {
    if (other.count(id) == 0) continue;
    ++problems;
    solved += tries.solved() ? 1 : 0;
    sum.attempts += tries.attempts;
    sum.correct += tries.correct;
    sum.judged += tries.judged;
    sum.tokens += tries.tokens;
  }
  Json json = {{"version", version},
               {"problems_tried", all.size()},
               {"problems_shared", problems},
               {"solved", solved},
               {"attempts", sum.attempts}};
  add_share(json, "pass_rate", sum.correct, sum.judged);
  json["mean_length"] = sum.attempts == 0 ? Json() : Json(static_cast<double>(sum.tokens) / static_cast<double>(sum.attempts));
  return json;
}

const char* change_of(const Tries& before, const Tries& after) {
  if (before.solved() == after.solved()) return before.solved() ? "both" : "neither";
  return after.solved() ? "gained" : "lost";
}

Totals total(const ByProblem& before, const ByProblem& after) {
  Totals totals;
  for (const auto& [id, a] : before) {
    const auto b = after.find(id);
    if (b == after.end()) continue;
    ++totals.both;
    totals.both_solved += a.solved() && b->second.solved() ? 1 : 0;
    totals.neither += !a.solved() && !b->second.solved() ? 1 : 0;
    totals.gained += !a.solved() && b->second.solved() ? 1 : 0;
    totals.lost += a.solved() && !b->second.solved() ? 1 : 0;
  }
  return totals;
}

Status emit_problems(const InspectCall& call, const ByProblem& before, const ByProblem& after, const std::string& show,
                     std::uint64_t limit) {
  std::uint64_t given = 0;
  for (const auto& [id, a] : before) {
    const auto b = after.find(id);
    if (b == after.end()) continue;
    const std::string change = change_of(a, b->second);
    if (show == "changed" ? change != "gained" && change != "lost" : show != "all" && change != show) continue;
    if (given == limit) break;
    ++given;
    AD_ASSIGN_OR_RETURN(const Problem problem, call.store.problem(id));
    const Json line = {{"type", "problem"},
                       {"change", change},
                       {"problem", problem_hex(id)},
                       {"prompt", problem.prompt},
                       {"before_correct", a.correct},
                       {"before_attempts", a.attempts},
                       {"before_example", a.example},
                       {"after_correct", b->second.correct},
                       {"after_attempts", b->second.attempts},
                       {"after_example", b->second.example}};
    if (!emit(call.sink, line)) return Status();
  }
  return Status();
}

}  // namespace

Status inspect_diff(const InspectCall& call) {
  const auto from = call.request.number("from", UINT32_MAX);
  const auto to = call.request.number("to", UINT32_MAX);
  const std::string show = call.request.text("show").value_or("changed");
  const std::uint64_t limit = call.request.number("limit", InspectRequest::kMaxLimit).value_or(50);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (!from || !to) return Status(Errc::kUsage, "replay diff needs from and to, two versions");
  if (show != "changed" && show != "gained" && show != "lost" && show != "both" && show != "neither" && show != "all") {
    return Status(Errc::kUsage, "replay diff: show must be changed | gained | lost | both | neither | all");
  }
  AD_ASSIGN_OR_RETURN(const ByProblem before, tries_of(call, static_cast<VersionId>(*from)));
  AD_ASSIGN_OR_RETURN(const ByProblem after, tries_of(call, static_cast<VersionId>(*to)));
  for (const auto& [version, tries] : {std::pair(*from, &before), std::pair(*to, &after)}) {
    if (tries->empty()) return Status(Errc::kNotFound, "no attempts were sampled by version " + std::to_string(version));
  }
  const Totals totals = total(before, after);
  Json line = {{"type", "diff"},
               {"from", side(static_cast<VersionId>(*from), before, after)},
               {"to", side(static_cast<VersionId>(*to), after, before)},
               {"problems_shared", totals.both},
               {"solved_by_both", totals.both_solved},
               {"gained", totals.gained},
               {"lost", totals.lost},
               {"solved_by_neither", totals.neither},
               {"sign_test_p", sign_test(totals.gained, totals.lost)}};
  if (!emit(call.sink, line)) return Status();
  return emit_problems(call, before, after, show, limit);
}

}  // namespace autodidact
