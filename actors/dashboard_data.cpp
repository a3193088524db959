#include "actors/dashboard_data.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

using nlohmann::json;

// `text`, at most `most` bytes of it, under `key`; and whether it is cut.
void put_text(json& object, const std::string& key, const std::string& text, std::size_t most) {
  std::size_t end = std::min(most, text.size());
  const auto continues = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  while (end < text.size() && end > 0 && continues(end)) --end;
  object[key] = text.substr(0, end);
  object[key + "_cut"] = end < text.size();
}

void put_number(json& object, const std::string& key, double value) {
  if (std::isfinite(value)) object[key] = value;
}

void put(json& object, const std::string& key, const Measured& measured) {
  put_number(object, key, measured.value);
  put_number(object, key + "_low", measured.low);
  put_number(object, key + "_high", measured.high);
}

json loop_json(const json& status) {
  json loop = json::object();
  for (const char* key : {"phase", "round", "round_done", "round_size", "serving", "newest", "verifier", "best_accuracy",
                          "step", "plan_steps", "paused", "finished", "draining", "uptime_s", "device"}) {
    if (status.contains(key)) loop[key] = status[key];
  }
  return loop;
}

json rates_json(const json& status) {
  json rates = json::object();
  for (const char* key : {"attempts_per_s", "tokens_per_s", "train_tokens_per_s", "steps_per_s"}) {
    if (status.contains(key)) rates[key] = status[key];
  }
  return rates;
}

json store_json(const StoreCounts& counts, const StoreHealth& health) {
  return {{"attempts", counts.attempts}, {"kept", counts.kept},
          {"problems", counts.problems}, {"correct", counts.correct},
          {"wrong", counts.wrong},       {"cannot_judge", counts.cannot_judge},
          {"consumed", counts.consumed}, {"free_bytes", health.free_bytes},
          {"problem", health.problem}};
}

json accepted_json(const json& status, const StoreCounts& counts) {
  json accepted = json::object();
  if (status.contains("accepted_share")) accepted["since_start"] = status["accepted_share"];
  const auto sampled = counts.attempts - counts.seeds;
  if (sampled > 0) accepted["stored"] = double(counts.kept - std::min(counts.kept, counts.seeds)) / double(sampled);
  return accepted;
}

json staleness_json(const Metrics& metrics) {
  const auto mean = metrics.seen("autodidact_staleness_versions", "mean");
  if (!mean) return nullptr;
  return {{"mean", *mean}, {"max", metrics.value("autodidact_staleness_versions", "max")}};
}

// Who waits for what since when, and the credits of the pools among them.
void put_roles(json& out, const json& status) {
  out["roles"] = out["stages"] = json::array();
  for (const json& actor : status.value("actors", json::array())) {
    json row = json::object();
    for (const char* key : {"role", "state", "waits_for", "waiting_ms", "restarts"}) {
      if (actor.contains(key)) row[key] = actor[key];
    }
    out["roles"].push_back(std::move(row));
    if (actor.contains("limiter_cursor")) out["limiter_cursor"] = actor["limiter_cursor"];
    if (!actor.contains("credits")) continue;
    json stage{{"stage", actor["role"]}};
    for (const char* key : {"pending", "held", "credits", "done"}) stage[key] = actor.value(key, 0.0);
    out["stages"].push_back(std::move(stage));
  }
}

json version_json(const VersionPoint& point) {
  json row{{"id", point.id}, {"round", point.round}, {"step", point.step}, {"state", name(point.state)}};
  put(row, "accuracy", point.accuracy);
  put_number(row, "best_of_k", point.best_of_k);
  put_number(row, "pass_at_1", point.pass_at_1);
  if (point.k > 0) row["k"] = point.k;
  if (point.candidates.empty()) return row;
  const ChoicePoint& widest = point.candidates.back();
  row["k"] = widest.k;
  put(row, "pass", widest.pass);
  put(row, "best", widest.best);
  put(row, "majority", widest.majority);
  return row;
}

// The measured versions of a line, the newest always among them.
json line_json(const std::vector<VersionPoint>& points, VersionLine line) {
  std::vector<const VersionPoint*> measured;
  for (const VersionPoint& point : points) {
    if (point.line == line && point.measured()) measured.push_back(&point);
  }
  json rows = json::array();
  const std::size_t every = (measured.size() + DashboardData::kVersions - 1) / DashboardData::kVersions;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    if ((measured.size() - 1 - i) % every == 0) rows.push_back(version_json(*measured[i]));
  }
  return rows;
}

json estimate_object(const Measured& measured) {
  json object{{"value", measured.value}};
  put_number(object, "low", measured.low);
  put_number(object, "high", measured.high);
  return object;
}

// The curve of the newest version that has one.
json candidates_json(const std::vector<VersionPoint>& points) {
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (point->candidates.empty()) continue;
    json curve = json::array();
    for (const ChoicePoint& at : point->candidates) {
      json row{{"k", at.k}};
      const std::pair<const char*, const Measured&> lines[] = {
          {"pass", at.pass}, {"best", at.best}, {"majority", at.majority}, {"weighted", at.weighted}};
      for (const auto& [key, measured] : lines) {
        if (std::isfinite(measured.value)) row[key] = estimate_object(measured);
      }
      curve.push_back(std::move(row));
    }
    return {{"version", point->id}, {"verifier", point->scorer}, {"curve", std::move(curve)}};
  }
  return nullptr;
}

json attempt_json(const JudgedAttempt& judged, const ReplayStore& store) {
  const Attempt& attempt = judged.attempt;
  json row{{"id", attempt.id},
           {"round", attempt.round},
           {"version", attempt.versions.empty() ? 0 : attempt.versions.back()},
           {"hinted", attempt.hinted},
           {"created_ms", attempt.created_us / 1000},
           {"outcome", name(judged.verdict.outcome)},
           {"checker", judged.verdict.checker},
           {"score", judged.verdict.score},
           {"reason", name(judged.selection.reason)}};
  put_text(row, "rationale", attempt.text, DashboardData::kRationaleBytes);
  put_text(row, "answer", judged.verdict.extracted, DashboardData::kTextBytes);
  const auto problem = store.problem(attempt.problem);
  put_text(row, "problem", problem.ok() ? problem->prompt : "", DashboardData::kTextBytes);
  if (problem.ok() && problem->has_reference) put_text(row, "reference", problem->reference, DashboardData::kTextBytes);
  return row;
}

// Retention may take an attempt between the two reads: then there are fewer, until the next time.
json newest_json(const ReplayStore& store, bool kept) {
  AttemptQuery query;
  query.kept = kept;
  query.seed_example = false;
  query.limit = DashboardData::kAttempts;
  json rows = json::array();
  const auto page = store.find(query);
  if (!page.ok()) return rows;
  for (const AttemptSummary& summary : page->rows) {
    const AttemptId id = summary.id;
    const auto attempts = store.read({&id, 1});
    if (attempts.ok() && !attempts->empty()) rows.push_back(attempt_json(attempts->front(), store));
  }
  return rows;
}

}  // namespace

std::string DashboardData::json() {
  using nlohmann::json;
  json status = json::parse(sources_.board.json(), nullptr, /*allow_exceptions=*/false);
  if (!status.is_object()) status = json::object();
  const StoreCounts counts = sources_.store.counts();
  history_.refresh();
  json out{{"time_ms", sources_.clock.now_us() / 1000}, {"task", sources_.task}, {"method", sources_.method}};
  out["loop"] = loop_json(status);
  out["rates"] = rates_json(status);
  out["accuracy"] = status.value("accuracy", json());
  out["accepted"] = accepted_json(status, counts);
  out["staleness"] = staleness_json(sources_.metrics);
  out["trouble"] = status.value("trouble", json::array());
  out["store"] = store_json(counts, sources_.store.health());
  put_roles(out, status);
  out["versions"] = {{"generator", line_json(history_.points(), VersionLine::kGenerator)},
                     {"verifier", line_json(history_.points(), VersionLine::kVerifier)}};
  out["candidates"] = candidates_json(history_.points());
  out["kept"] = newest_json(sources_.store, true);
  out["rejected"] = newest_json(sources_.store, false);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace autodidact
