// lineage: what trained a version. Its steps are those between the version before it and itself: the trainer's global step
// counts over the life of the store, and every version is written at the end of its own steps.

#include <algorithm>
#include <map>

#include "storage/inspect_json.hpp"
#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

constexpr std::uint64_t kStepsAtOnce = 1024;

struct Plan {
  VersionRecord version;
  std::uint64_t first_step = 0, last_step = 0;  // empty when first > last
};

Result<Plan> plan_of(const std::vector<VersionRecord>& versions, VersionId id) {
  const auto found = std::find_if(versions.begin(), versions.end(), [&](const VersionRecord& v) { return v.id == id; });
  if (found == versions.end()) {
    return Status(Errc::kNotFound, "the store knows no version " + std::to_string(id) + "; see replay versions");
  }
  Plan plan{*found, 1, found->step};
  for (const VersionRecord& other : versions) {
    if (other.id < id) plan.first_step = std::max(plan.first_step, other.step + 1);
  }
  return plan;
}

// How often the plan's steps drew each attempt.
Result<std::map<AttemptId, std::uint64_t>> draws_of(const InspectCall& call, const Plan& plan) {
  std::map<AttemptId, std::uint64_t> draws;
  for (std::uint64_t step = plan.first_step; step <= plan.last_step; step += kStepsAtOnce) {
    AD_ASSIGN_OR_RETURN(const auto part, call.store.consumption(step, std::min(plan.last_step, step + kStepsAtOnce - 1)));
    for (const Consumption& one : part) ++draws[one.attempt];
    if (!call.sink({})) break;
  }
  return draws;
}

Json parents_of(const std::vector<VersionRecord>& versions, VersionId id) {
  std::map<VersionId, VersionId> parent;
  for (const VersionRecord& version : versions) parent[version.id] = version.parent;
  Json chain = Json::array();
  // A parent is older than its child; a record that says otherwise ends the chain rather than looping.
  for (auto at = parent.find(id); at != parent.end() && at->second != 0 && at->second < at->first;
       at = parent.find(at->second)) {
    chain.push_back(at->second);
  }
  return chain;
}

struct Source {
  std::uint64_t attempts = 0, draws = 0;
};

struct Summary {
  std::uint64_t draws = 0, gone = 0, seeds = 0, hinted = 0;
  std::map<VersionId, Source> by_version;
  std::map<std::uint32_t, Source> by_round;
};

Summary summarize_draws(const InspectCall& call, const std::map<AttemptId, std::uint64_t>& draws) {
  Summary sum;
  for (const auto& [id, count] : draws) {
    sum.draws += count;
    const auto row = call.store.summary(id);
    if (!row) {
      ++sum.gone;
      continue;
    }
    sum.seeds += row->seed_example ? 1 : 0;
    sum.hinted += row->hinted ? 1 : 0;
    for (Source* source : {&sum.by_version[row->version], &sum.by_round[row->round]}) {
      ++source->attempts;
      source->draws += count;
    }
  }
  return sum;
}

template <class Key>
Json to_json(const char* key_name, const std::map<Key, Source>& sources) {
  Json list = Json::array();
  for (const auto& [key, source] : sources) {
    list.push_back({{key_name, key}, {"attempts", source.attempts}, {"draws", source.draws}});
  }
  return list;
}

}  // namespace

Status inspect_lineage(const InspectCall& call) {
  const auto version = call.request.number("version", UINT32_MAX);
  const AttemptId after = call.request.number("after").value_or(0);
  const std::uint64_t limit = call.request.number("limit", InspectRequest::kMaxLimit).value_or(20);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (!version) return Status(Errc::kUsage, "replay lineage needs a version");
  AD_ASSIGN_OR_RETURN(const auto versions, call.store.versions());
  AD_ASSIGN_OR_RETURN(const Plan plan, plan_of(versions, static_cast<VersionId>(*version)));
  AD_ASSIGN_OR_RETURN(const auto draws, draws_of(call, plan));
  const Summary sum = summarize_draws(call, draws);
  Json line = {{"type", "lineage"},
               {"version", to_json(plan.version)},
               {"parents", parents_of(versions, plan.version.id)},
               {"first_step", plan.first_step},
               {"last_step", plan.last_step},
               {"attempts", draws.size()},
               {"draws", sum.draws},
               {"seed_examples", sum.seeds},
               {"hinted", sum.hinted},
               {"deleted_since", sum.gone},
               {"by_version", to_json("version", sum.by_version)},
               {"by_round", to_json("round", sum.by_round)}};
  if (!emit(call.sink, line)) return Status();
  std::uint64_t given = 0;
  for (auto at = draws.upper_bound(after); at != draws.end() && given < limit; ++at) {
    const auto row = call.store.summary(at->first);
    if (!row) continue;
    Json json = to_json(*row);
    json["draws"] = at->second;
    ++given;
    if (!emit(call.sink, json)) return Status();
  }
  return Status();
}

}  // namespace autodidact
