#include "storage/inspect_json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "config/interval.hpp"
#include "config/json_depth.hpp"
#include "storage/query.hpp"

namespace autodidact {

std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

bool emit(const LineSink& sink, const Json& json) { return sink(to_line(json)); }

std::string problem_hex(ProblemId id) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(id));
  return digits;
}

Json to_json(const AttemptSummary& row) {
  return {{"type", "attempt"},
          {"id", row.id},
          {"problem", problem_hex(row.problem)},
          {"round", row.round},
          {"version", row.version},
          {"outcome", name(row.outcome)},
          {"answer_correct", row.answer_correct},
          {"score", shortest(row.score)},
          {"kept", row.kept},
          {"reason", name(row.reason)},
          {"weight", shortest(row.weight)},
          {"length", row.length},
          {"hinted", row.hinted},
          {"seed_example", row.seed_example},
          {"pinned", row.pinned},
          {"created_us", row.created_us}};
}

namespace {

Json to_list(std::span<const float> values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(shortest(value));
  return list;
}

void add_problem(Json& json, const Problem& problem) {
  json["task"] = problem.task;
  json["prompt"] = problem.prompt;
  json["reference"] = problem.has_reference ? Json(problem.reference) : Json();
  json["difficulty"] = problem.difficulty;
  json["source"] = problem.source;
  json["split"] = problem.split == Split::kTrain ? "train" : "held_out";
}

void add_origin(Json& json, const Attempt& attempt) {
  json["method"] = attempt.method;
  json["position"] = item_position(attempt.item);
  json["turn"] = attempt.turn;
  json["parent"] = attempt.parent;
  json["version_first"] = attempt.versions.empty() ? 0 : attempt.versions.front();
  json["version_last"] = attempt.versions.empty() ? 0 : attempt.versions.back();
  json["temperature"] = shortest(attempt.sampler.temperature);
  json["top_p"] = shortest(attempt.sampler.top_p);
  json["top_k"] = attempt.sampler.top_k;
  json["min_p"] = shortest(attempt.sampler.min_p);
  json["repetition_penalty"] = shortest(attempt.sampler.repetition_penalty);
  json["max_tokens"] = attempt.sampler.max_tokens;
  json["seed"] = std::to_string(attempt.seed);  // 64 bits do not fit a JSON reader's signed integer
  json["finish"] = name(attempt.finish);
  json["sample_us"] = attempt.sample_us;
}

void add_verdict(Json& json, const Verdict& verdict) {
  json["checker"] = verdict.checker;
  json["checker_version"] = verdict.checker_version;
  json["extracted"] = verdict.extracted;
  json["step_scores"] = to_list(verdict.step_scores);
  json["judge_us"] = verdict.judge_us;
}

}  // namespace

double shortest(float value) {
  char digits[32];
  const auto written = std::to_chars(digits, digits + sizeof digits, value);
  double result = value;
  std::from_chars(digits, written.ptr, result);
  return result;
}

Json to_json(const JudgedAttempt& judged, const Problem& problem, bool pinned, bool with_tokens) {
  const Attempt& attempt = judged.attempt;
  AttemptSummary row = summarize(judged);
  row.pinned = pinned;
  Json json = to_json(row);
  add_problem(json, problem);
  json["completion"] = attempt.text;
  add_verdict(json, judged.verdict);
  add_origin(json, attempt);
  if (with_tokens) {
    json["prompt_tokens"] = attempt.prompt_tokens;
    json["tokens"] = attempt.tokens;
    json["logprobs"] = to_list(attempt.logprobs);
    json["versions"] = attempt.versions;
  }
  return json;
}

Json to_json(const AttemptScore& score) {
  return {{"scorer", score.scorer},
          {"kind", score.kind},
          {"score", shortest(score.score)},
          {"step_ends", score.step_ends},
          {"steps", to_list(score.steps)}};
}

Json to_json(const VersionRecord& version) {
  return {{"type", "version"},
          {"id", version.id},
          {"parent", version.parent},
          {"round", version.round},
          {"step", version.step},
          {"line", name(version.line)},
          {"state", name(version.state)},
          {"reason", version.reason},
          {"method", version.method},
          {"path", version.path},
          {"digest", version.digest},
          {"metrics", parse_object(version.metrics_json)},
          {"created_us", version.created_us}};
}

Json to_json(const Event& event) {
  return {{"type", "event"},
          {"seq", event.seq},
          {"kind", event.kind},
          {"step", event.step},
          {"detail", parse_object(event.detail_json)},
          {"created_us", event.created_us}};
}

Json parse_object(const std::string& text) {
  constexpr std::size_t kMaxDepth = 16;
  if (!json_depth_within(text, kMaxDepth)) return Json::object();
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

void add_share(Json& json, const std::string& prefix, std::uint64_t hits, std::uint64_t n) {
  const Interval interval = wilson(hits, n);
  json[prefix] = n == 0 ? Json() : Json(static_cast<double>(hits) / static_cast<double>(n));
  json[prefix + "_low"] = n == 0 ? Json() : Json(interval.low);
  json[prefix + "_high"] = n == 0 ? Json() : Json(interval.high);
}

std::uint32_t quantile(std::span<const std::uint32_t> sorted, double q) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace autodidact
