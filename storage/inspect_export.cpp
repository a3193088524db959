// export: rows for another trainer, so that the same store and filter give the same bytes.
//   attempts  everything known, one flat object each (adds token ids and log-probabilities with "tokens")
//   sft       {"messages":[user, assistant]}, kept attempts unless the filter says otherwise
//   pairs, orm, prm: what verifiers learn from; see inspect_export.hpp

#include "storage/inspect_export.hpp"

#include <algorithm>

#include "storage/inspect_json.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kReadAtOnce = 256;

Json message(const char* role, const std::string& content) { return {{"role", role}, {"content", content}}; }

Json sft_row(const AttemptSummary& row, const JudgedAttempt& judged, const Problem& problem) {
  return {{"messages", {message("user", problem.prompt), message("assistant", judged.attempt.text)}},
          {"id", row.id},
          {"problem", problem_hex(row.problem)},
          {"version", row.version},
          {"round", row.round},
          {"weight", shortest(row.weight)}};
}

Status export_rows(const InspectCall& call, AttemptQuery query, bool sft, bool tokens) {
  query.oldest_first = true;
  const VisitAttempt visit = [&](const AttemptSummary& row, const JudgedAttempt& judged,
                                 const Problem& problem) -> Result<bool> {
    Json json = sft ? sft_row(row, judged, problem) : to_json(judged, problem, row.pinned, tokens);
    if (!sft) json.erase("type");
    return emit(call.sink, json);
  };
  return for_each_page(call.store, query, call.sink,
                       [&](std::span<const AttemptSummary> rows) { return read_rows(call, rows, visit); });
}

}  // namespace

Result<bool> read_rows(const InspectCall& call, std::span<const AttemptSummary> rows, const VisitAttempt& visit) {
  for (std::size_t at = 0; at < rows.size(); at += kReadAtOnce) {
    const auto part = rows.subspan(at, std::min(kReadAtOnce, rows.size() - at));
    std::vector<AttemptId> ids;
    for (const AttemptSummary& row : part) ids.push_back(row.id);
    AD_ASSIGN_OR_RETURN(const auto attempts, call.store.read(ids));
    for (std::size_t i = 0; i < part.size(); ++i) {
      AD_ASSIGN_OR_RETURN(const Problem problem, call.store.problem(part[i].problem));
      AD_ASSIGN_OR_RETURN(const bool more, visit(part[i], attempts[i], problem));
      if (!more) return false;
    }
    if (!call.sink({})) return false;
  }
  return true;
}

Status inspect_export(const InspectCall& call) {
  AttemptQuery query = call.request.filter();
  const std::string format = call.request.text("format").value_or("attempts");
  const bool tokens = call.request.flag("tokens").value_or(false);
  const std::uint64_t per_problem = call.request.number("per_problem", 1000).value_or(8);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (format == "attempts") return export_rows(call, query, /*sft=*/false, tokens);
  if (format == "sft") {
    if (!query.kept) query.kept = true;
    return export_rows(call, query, /*sft=*/true, tokens);
  }
  if (format != "pairs" && format != "orm" && format != "prm")
    return Status(Errc::kUsage, "replay export: format must be attempts | sft | pairs | orm | prm");
  if (query.hinted == true)
    return Status(Errc::kUsage, "replay export: " + format + " leaves out hinted attempts, which answer another prompt");
  query.hinted = false;
  if (format == "prm") return export_steps(call, query);
  return export_graded(call, query, format == "pairs" ? Graded::kPairs : Graded::kSingles, per_problem);
}

}  // namespace autodidact
