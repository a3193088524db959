// stats and report: counts over the whole store, from the summaries alone.

#include <algorithm>
#include <array>
#include <map>

#include "storage/inspect_json.hpp"
#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

struct Tally {
  std::uint64_t attempts = 0, correct = 0, wrong = 0, cannot_judge = 0, answer_correct = 0, kept = 0, hinted = 0, seeds = 0,
                duplicates = 0, tokens = 0;
  std::vector<std::uint32_t> lengths;

  void add(const AttemptSummary& row) {
    ++attempts;
    correct += row.outcome == Outcome::kCorrect ? 1 : 0;
    wrong += row.outcome == Outcome::kWrong ? 1 : 0;
    cannot_judge += row.outcome == Outcome::kCannotJudge ? 1 : 0;
    answer_correct += row.answer_correct ? 1 : 0;
    kept += row.kept ? 1 : 0;
    hinted += row.hinted ? 1 : 0;
    seeds += row.seed_example ? 1 : 0;
    duplicates += row.reason == Reject::kDuplicate ? 1 : 0;
    tokens += row.length;
    lengths.push_back(row.length);
  }
};

void add_tally(Json& json, Tally& tally) {
  std::sort(tally.lengths.begin(), tally.lengths.end());
  json["attempts"] = tally.attempts;
  json["correct"] = tally.correct;
  json["wrong"] = tally.wrong;
  json["cannot_judge"] = tally.cannot_judge;
  // Of what could be judged: "cannot judge" is not wrong.
  add_share(json, "pass_rate", tally.correct, tally.correct + tally.wrong);
  json["answer_correct"] = tally.answer_correct;
  json["kept_attempts"] = tally.kept;  // "kept" and "hinted" may be what was grouped by
  add_share(json, "kept_rate", tally.kept, tally.attempts);
  json["hinted_attempts"] = tally.hinted;
  json["seed_examples"] = tally.seeds;
  json["duplicates"] = tally.duplicates;
  add_share(json, "duplicate_rate", tally.duplicates, tally.attempts);
  json["tokens"] = tally.tokens;
  json["length_p10"] = quantile(tally.lengths, 0.10);
  json["length_p50"] = quantile(tally.lengths, 0.50);
  json["length_p90"] = quantile(tally.lengths, 0.90);
  json["length_p99"] = quantile(tally.lengths, 0.99);
  json["length_max"] = quantile(tally.lengths, 1.0);
}

// A member to group by: its value in a row as a number (a million rows: no allocation each), and that number as JSON.
struct Field {
  const char* name;
  std::uint64_t (*key)(const AttemptSummary&);
  Json (*show)(std::uint64_t);
};

Json as_number(std::uint64_t key) { return key; }
Json as_flag(std::uint64_t key) { return key != 0; }

constexpr std::array kFields = {
    Field{"version", [](const AttemptSummary& row) -> std::uint64_t { return row.version; }, as_number},
    Field{"round", [](const AttemptSummary& row) -> std::uint64_t { return row.round; }, as_number},
    Field{"outcome", [](const AttemptSummary& row) { return static_cast<std::uint64_t>(row.outcome); },
          [](std::uint64_t key) { return Json(name(static_cast<Outcome>(key))); }},
    Field{"reason", [](const AttemptSummary& row) { return static_cast<std::uint64_t>(row.reason); },
          [](std::uint64_t key) { return Json(name(static_cast<Reject>(key))); }},
    Field{"kept", [](const AttemptSummary& row) -> std::uint64_t { return row.kept; }, as_flag},
    Field{"hinted", [](const AttemptSummary& row) -> std::uint64_t { return row.hinted; }, as_flag},
    Field{"seed", [](const AttemptSummary& row) -> std::uint64_t { return row.seed_example; }, as_flag},
    Field{"pinned", [](const AttemptSummary& row) -> std::uint64_t { return row.pinned; }, as_flag},
};
using GroupKey = std::array<std::uint64_t, kFields.size()>;

Result<std::vector<Field>> fields_named(const std::vector<std::string>& names) {
  std::vector<Field> fields;
  for (const std::string& wanted : names) {
    const auto field = std::find_if(kFields.begin(), kFields.end(), [&](const Field& known) { return wanted == known.name; });
    if (field == kFields.end()) {
      std::string why = "replay stats cannot group by \"" + wanted + "\"; it can by";
      for (const Field& known : kFields) why.append(" ").append(known.name);
      return Status(Errc::kUsage, why);
    }
    fields.push_back(*field);
  }
  return fields;
}

Json store_line(const ReplayStore& store) {
  const StoreCounts counts = store.counts();
  return {{"type", "store"},
          {"attempts", counts.attempts},
          {"seed_examples", counts.seeds},
          {"problems", counts.problems},
          {"items", counts.items},
          {"quarantined", counts.quarantined},
          {"kept", counts.kept},
          {"consumed", counts.consumed},
          {"scores", counts.scores},
          {"versions", counts.versions},
          {"events", counts.events}};
}

struct RoundTally {
  std::uint64_t attempts = 0, correct = 0, kept = 0, rationalized = 0;
};

Result<std::map<std::uint32_t, RoundTally>> tally_rounds(const InspectCall& call) {
  std::map<std::uint32_t, RoundTally> rounds;
  AttemptQuery query;
  query.seed_example = false;
  AD_RETURN_IF_ERROR(for_each_page(call.store, query, call.sink, [&](std::span<const AttemptSummary> rows) -> Result<bool> {
    for (const AttemptSummary& row : rows) {
      RoundTally& tally = rounds[row.round];
      tally.attempts += row.hinted ? 0 : 1;
      tally.correct += !row.hinted && row.outcome == Outcome::kCorrect ? 1 : 0;
      tally.kept += row.kept ? 1 : 0;
      tally.rationalized += row.kept && row.hinted ? 1 : 0;
    }
    return true;
  }));
  return rounds;
}

}  // namespace

Status inspect_stats(const InspectCall& call) {
  const AttemptQuery query = call.request.filter();
  const auto names = call.request.texts("by", kFields.size());
  AD_RETURN_IF_ERROR(call.request.finish());
  AD_ASSIGN_OR_RETURN(const auto fields, fields_named(names));
  std::map<GroupKey, Tally> groups;
  AD_RETURN_IF_ERROR(for_each_page(call.store, query, call.sink, [&](std::span<const AttemptSummary> rows) -> Result<bool> {
    for (const AttemptSummary& row : rows) {
      GroupKey key = {};
      for (std::size_t i = 0; i < fields.size(); ++i) key[i] = fields[i].key(row);
      groups[key].add(row);
    }
    return true;
  }));
  if (!emit(call.sink, store_line(call.store))) return Status();
  for (auto& [key, tally] : groups) {
    Json line = {{"type", "group"}};
    for (std::size_t i = 0; i < fields.size(); ++i) line[fields[i].name] = fields[i].show(key[i]);
    add_tally(line, tally);
    if (!emit(call.sink, line)) return Status();
  }
  return Status();
}

// One line per version: how its round sampled, and what the held-out problems say of it, whole and per group.
Status inspect_report(const InspectCall& call) {
  AD_RETURN_IF_ERROR(call.request.finish());
  AD_ASSIGN_OR_RETURN(const auto versions, call.store.versions());
  AD_ASSIGN_OR_RETURN(const auto rounds, tally_rounds(call));
  for (const VersionRecord& version : versions) {
    const Json metrics = parse_object(version.metrics_json);
    const auto round = rounds.find(version.round);
    const RoundTally tally = round == rounds.end() ? RoundTally() : round->second;
    Json line = {{"type", "report"},
                 {"version", version.id},
                 {"round", version.round},
                 {"step", version.step},
                 {"state", name(version.state)},
                 {"accuracy", metrics.value("accuracy", Json())},
                 {"n", metrics.value("n", Json())},
                 {"groups", metrics.value("groups", Json::array())},
                 {"sampled", tally.attempts},
                 {"solved", tally.correct},
                 {"rationalized", tally.rationalized},
                 {"kept", tally.kept},
                 {"created_us", version.created_us}};
    if (!emit(call.sink, line)) return Status();
  }
  return Status();
}

}  // namespace autodidact
