#include "actors/version_history.hpp"

#include <nlohmann/json.hpp>

#include "config/interval.hpp"
#include "config/json_depth.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMostGroups = 256, kMostPoints = 64;
constexpr std::int64_t kPatience = 20;  // times as long as reading took, until it is read again

const json* member(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? nullptr : &*found;
}

double number(const json& object, const char* key) {
  const json* value = member(object, key);
  return value != nullptr && value->is_number() ? value->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::uint64_t whole(const json& object, const char* key) {
  const json* value = member(object, key);
  return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

Measured estimate(const json& object, const char* key) {
  const json* value = member(object, key);
  return value == nullptr ? Measured() : Measured{number(*value, "value"), number(*value, "low"), number(*value, "high")};
}

Measured accuracy_of(const json& metrics) {
  const auto n = whole(metrics, "n");
  if (n == 0) return {};
  const Interval interval = wilson(whole(metrics, "correct"), n);
  return {number(metrics, "accuracy"), interval.low, interval.high};
}

void read_groups(const json& metrics, VersionPoint& point) {
  const json* groups = member(metrics, "groups");
  if (groups == nullptr || !groups->is_array()) return;
  for (const json& group : *groups) {
    const json* name = member(group, "name");
    if (name == nullptr || !name->is_string() || whole(group, "n") == 0 || point.groups.size() == kMostGroups) continue;
    point.groups.emplace_back(name->get<std::string>(), number(group, "accuracy"));
  }
}

void read_candidates(const json& metrics, VersionPoint& point) {
  const json* candidates = member(metrics, "candidates");
  const json* curve = candidates == nullptr ? nullptr : member(*candidates, "curve");
  if (curve == nullptr || !curve->is_array()) return;
  point.scorer = static_cast<VersionId>(whole(*candidates, "verifier"));
  for (const json& row : *curve) {
    if (point.candidates.size() == kMostPoints) break;
    point.candidates.push_back(
        {whole(row, "k"), estimate(row, "pass"), estimate(row, "best"), estimate(row, "majority"), estimate(row, "weighted")});
  }
}

}  // namespace

VersionPoint version_point(const VersionRecord& record) {
  VersionPoint point;
  point.id = record.id;
  point.round = record.round;
  point.step = record.step;
  point.line = record.line;
  point.state = record.state;
  const bool shallow = json_depth_within(record.metrics_json, kMaxDepth);
  const json metrics = shallow ? json::parse(record.metrics_json, nullptr, /*allow_exceptions=*/false) : json();
  if (record.line == VersionLine::kVerifier) {
    point.best_of_k = number(metrics, "best_of_k");
    point.pass_at_1 = number(metrics, "pass_at_1");
    point.k = whole(metrics, "k");
  } else {
    point.accuracy = accuracy_of(metrics);
    read_groups(metrics, point);
    read_candidates(metrics, point);
  }
  return point;
}

void show_last_evaluation(const std::vector<VersionRecord>& versions, Metrics& metrics) {
  for (auto record = versions.rbegin(); record != versions.rend(); ++record) {
    const VersionPoint point = version_point(*record);
    if (point.line != VersionLine::kGenerator || !point.measured()) continue;
    metrics.set("autodidact_accuracy_ratio", "held_out", point.accuracy.value);
    metrics.set("autodidact_version", "evaluated", point.id);
    return;
  }
}

bool VersionHistory::refresh() {
  const StoreCounts counts = store_.counts();  // a version's evaluation is written with its gate event
  const std::int64_t begin = clock_.mono_ns();
  if ((counts.versions == versions_ && counts.events == events_) || begin < not_before_ns_) return false;
  const auto records = store_.versions();
  if (!records.ok()) return false;  // the store is closed for a while: what was read last stays
  points_.clear();
  for (const VersionRecord& record : *records) points_.push_back(version_point(record));
  versions_ = counts.versions;
  events_ = counts.events;
  const std::int64_t end = clock_.mono_ns();
  not_before_ns_ = end + kPatience * (end - begin);
  return true;
}

}  // namespace autodidact
