// export: rows for another trainer, in ascending id, so that the same store and filter give the same bytes.
//   attempts  everything known, one flat object each (adds token ids and log-probabilities with "tokens")
//   sft       {"messages":[user, assistant]}, kept attempts unless the filter says otherwise
//   pairs     {"prompt","chosen","rejected"}: per problem, kept (else correct) attempts against wrong ones

#include <algorithm>
#include <map>
#include <set>

#include "storage/inspect_json.hpp"
#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kReadAtOnce = 256;

using Visit = std::function<Result<bool>(const AttemptSummary&, const JudgedAttempt&, const Problem&)>;

Result<bool> read_rows(const InspectCall& call, std::span<const AttemptSummary> rows, const Visit& visit) {
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
  const Visit visit = [&](const AttemptSummary& row, const JudgedAttempt& judged, const Problem& problem) -> Result<bool> {
    Json json = sft ? sft_row(row, judged, problem) : to_json(judged, problem, row.pinned, tokens);
    if (!sft) json.erase("type");
    return emit(call.sink, json);
  };
  return for_each_page(call.store, query, call.sink,
                       [&](std::span<const AttemptSummary> rows) { return read_rows(call, rows, visit); });
}

struct Sides {
  std::vector<AttemptSummary> chosen, rejected;
};

// Problems with both sides, in the order of their first attempt.
Result<std::vector<Sides>> collect_sides(const InspectCall& call, AttemptQuery query, std::uint64_t per_problem) {
  std::map<ProblemId, std::size_t> place;
  std::vector<Sides> all;
  query.oldest_first = true;
  AD_RETURN_IF_ERROR(for_each_page(call.store, query, call.sink, [&](std::span<const AttemptSummary> rows) -> Result<bool> {
    for (const AttemptSummary& row : rows) {
      const bool good = row.outcome == Outcome::kCorrect && (row.kept || !row.hinted);
      const bool bad = row.outcome == Outcome::kWrong && !row.hinted;  // a hinted failure answers another prompt
      if (!good && !bad) continue;
      const auto [at, fresh] = place.emplace(row.problem, all.size());
      if (fresh) all.emplace_back();
      auto& side = good ? all[at->second].chosen : all[at->second].rejected;
      if (side.size() < per_problem) side.push_back(row);
    }
    return true;
  }));
  std::erase_if(all, [](const Sides& sides) { return sides.chosen.empty() || sides.rejected.empty(); });
  return all;
}

// The attempts of one side with distinct texts.
Result<std::vector<std::pair<AttemptSummary, std::string>>> texts_of(const InspectCall& call,
                                                                     const std::vector<AttemptSummary>& rows) {
  std::vector<std::pair<AttemptSummary, std::string>> texts;
  std::set<std::string> seen;
  for (const AttemptSummary& row : rows) {
    AD_ASSIGN_OR_RETURN(const auto attempts, call.store.read(std::span(&row.id, 1)));
    const std::string& text = attempts.front().attempt.text;
    if (seen.insert(text).second) texts.emplace_back(row, text);
  }
  return texts;
}

Status export_pairs(const InspectCall& call, const AttemptQuery& query, std::uint64_t per_problem) {
  AD_ASSIGN_OR_RETURN(const auto all, collect_sides(call, query, per_problem));
  for (const Sides& sides : all) {
    AD_ASSIGN_OR_RETURN(const auto chosen, texts_of(call, sides.chosen));
    AD_ASSIGN_OR_RETURN(const auto rejected, texts_of(call, sides.rejected));
    AD_ASSIGN_OR_RETURN(const Problem problem, call.store.problem(sides.chosen.front().problem));
    for (std::size_t i = 0; i < std::min(chosen.size(), rejected.size()); ++i) {
      const auto& [good, good_text] = chosen[i];
      const auto& [bad, bad_text] = rejected[i];
      const Json json = {{"prompt", problem.prompt},
                         {"chosen", good_text},
                         {"rejected", bad_text},
                         {"score_chosen", shortest(good.score)},
                         {"score_rejected", shortest(bad.score)},
                         {"id_chosen", good.id},
                         {"id_rejected", bad.id},
                         {"problem", problem_hex(problem.id)}};
      if (!emit(call.sink, json)) return Status();
    }
    if (!call.sink({})) break;
  }
  return Status();
}

}  // namespace

Status inspect_export(const InspectCall& call) {
  AttemptQuery query = call.request.filter();
  const std::string format = call.request.text("format").value_or("attempts");
  const bool tokens = call.request.flag("tokens").value_or(false);
  const std::uint64_t per_problem = call.request.number("per_problem", 1000).value_or(1);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (format == "attempts") return export_rows(call, query, /*sft=*/false, tokens);
  if (format == "pairs") return export_pairs(call, query, per_problem);
  if (format != "sft") return Status(Errc::kUsage, "replay export: format must be attempts | sft | pairs");
  if (!query.kept) query.kept = true;
  return export_rows(call, query, /*sft=*/true, tokens);
}

}  // namespace autodidact
