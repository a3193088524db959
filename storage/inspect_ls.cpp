// ls, tail, show: rows of attempts, and one attempt whole.

#include <algorithm>
#include <map>

#include "storage/inspect_json.hpp"
#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kRowsWithPrompt = 1000;  // a page for reading; beyond, rows are for machines and prompts cost reads
constexpr std::size_t kPromptBytes = 200;

// Prompts of problems, each read once.
class PromptCache {
 public:
  explicit PromptCache(ReplayStore& store) : store_(store) {}

  std::string of(ProblemId id) {
    const auto known = prompts_.find(id);
    if (known != prompts_.end()) return known->second;
    const auto problem = store_.problem(id);
    return prompts_.emplace(id, problem.ok() ? problem->prompt.substr(0, kPromptBytes) : "").first->second;
  }

 private:
  ReplayStore& store_;
  std::map<ProblemId, std::string> prompts_;
};

// How many scores verifiers and rollouts gave each attempt.
Result<std::map<AttemptId, std::uint64_t>> count_scores(const InspectCall& call, std::span<const AttemptSummary> rows) {
  std::map<AttemptId, std::uint64_t> counts;
  std::vector<AttemptId> ids;
  for (const AttemptSummary& row : rows) ids.push_back(row.id);
  AD_ASSIGN_OR_RETURN(const auto scores, call.store.scores(ids));
  for (const AttemptScore& score : scores) ++counts[score.attempt];
  return counts;
}

// `whole`: with what costs reads.
Result<bool> emit_rows(const InspectCall& call, std::span<const AttemptSummary> rows, bool whole) {
  PromptCache cache(call.store);
  std::map<AttemptId, std::uint64_t> scores;
  if (whole) {
    AD_ASSIGN_OR_RETURN(scores, count_scores(call, rows));
  }
  for (const AttemptSummary& row : rows) {
    Json json = to_json(row);
    if (whole) json["scores"] = scores[row.id];
    if (whole) json["prompt"] = cache.of(row.problem);
    if (!emit(call.sink, json)) return false;
  }
  return true;
}

}  // namespace

Status inspect_ls(const InspectCall& call) {
  const AttemptQuery query = call.request.page(50);
  const bool prompts = call.request.flag("prompts").value_or(query.limit <= kRowsWithPrompt);
  AD_RETURN_IF_ERROR(call.request.finish());
  AD_ASSIGN_OR_RETURN(const AttemptPage page, call.store.find(query));
  AD_ASSIGN_OR_RETURN(const bool more, emit_rows(call, page.rows, prompts));
  if (!more) return Status();
  emit(call.sink, {{"type", "page"}, {"rows", page.rows.size()}, {"next", page.next}});
  return Status();
}

// Without `after` the newest `limit` rows; with it what came behind. Always oldest first; "next" is the cursor to ask with.
Status inspect_tail(const InspectCall& call) {
  AttemptQuery query = call.request.page(10);
  AD_RETURN_IF_ERROR(call.request.finish());
  query.oldest_first = query.after != 0;
  AD_ASSIGN_OR_RETURN(AttemptPage page, call.store.find(query));
  if (!query.oldest_first) std::reverse(page.rows.begin(), page.rows.end());
  AD_ASSIGN_OR_RETURN(const bool more, emit_rows(call, page.rows, /*whole=*/true));
  if (!more) return Status();
  const AttemptId next = page.rows.empty() ? query.after : page.rows.back().id;
  emit(call.sink, {{"type", "page"}, {"rows", page.rows.size()}, {"next", next}});
  return Status();
}

Status inspect_show(const InspectCall& call) {
  const auto ids = call.request.numbers("ids", 1000);
  const bool tokens = call.request.flag("tokens").value_or(false);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (ids.empty()) return Status(Errc::kUsage, "replay show needs ids, a list of attempts");
  for (const AttemptId id : ids) {
    AD_ASSIGN_OR_RETURN(const auto attempts, call.store.read(std::span(&id, 1)));
    AD_ASSIGN_OR_RETURN(const Problem problem, call.store.problem(attempts.front().attempt.problem));
    AD_ASSIGN_OR_RETURN(const auto scores, call.store.scores(std::span(&id, 1)));
    const auto summary = call.store.summary(id);
    Json json = to_json(attempts.front(), problem, summary && summary->pinned, tokens);
    json["scores"] = Json::array();
    for (const AttemptScore& score : scores) json["scores"].push_back(to_json(score));
    if (!emit(call.sink, json)) break;
  }
  return Status();
}

}  // namespace autodidact
