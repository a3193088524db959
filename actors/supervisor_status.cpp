#include "actors/supervisor_status.hpp"

#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

using nlohmann::json;

double total(const Metrics& metrics, const char* family, std::initializer_list<const char*> labels) {
  double sum = 0;
  for (const char* label : labels) sum += metrics.value(family, label);
  return sum;
}

double accepted_share(const Metrics& m) {
  const double all = total(m, "autodidact_attempts_total", {"correct", "wrong", "cannot_judge"});
  return all > 0 ? m.value("autodidact_selections_total", "kept") / all : 0;
}

}  // namespace

Progress make_progress(const SupervisorState& state, const Context& context) {
  Progress p;
  const LoopState& loop = state.loop.state;
  p.phase = loop.phase;
  p.round = loop.round;
  p.round_done = state.loop.round_done;
  p.round_size = loop.round_size;
  p.step = context.trainer_step->load();
  if (const auto trainer = context.store->trainer_state(); trainer.ok()) {
    p.plan_first_step = trainer->plan_first_step;
    p.plan_steps = trainer->plan_steps;
  }
  p.serving = loop.serving;
  p.attempts_per_s = state.attempts_per_s;
  p.tokens_per_s = state.tokens_per_s;
  p.train_tokens_per_s = state.trained_per_s;
  p.steps_per_s = state.steps_per_s;
  p.accepted = accepted_share(*context.metrics);
  if (loop.serving > 0) p.accuracy = context.metrics->value("autodidact_accuracy_ratio", "held_out");
  p.finished = state.loop.finished;
  for (const auto& child : state.children) {
    if (child.role.ends_with("pool") || child.status.waits_for.empty() || child.status.state == "idle") continue;
    p.waits += (p.waits.empty() ? "" : " · ") + child.role + ": " + child.status.waits_for;
  }
  for (const auto& text : state.trouble) p.trouble += (p.trouble.empty() ? "" : "; ") + text;
  return p;
}

std::string status_json(const SupervisorState& state, const Context& context, const std::string& config_json, TimeMs now) {
  const LoopState& loop = state.loop.state;
  const StoreHealth health = context.store->health();
  const StoreCounts counts = context.store->counts();
  json doc{{"phase", loop.phase},
           {"round", loop.round},
           {"round_done", state.loop.round_done},
           {"round_size", loop.round_size},
           {"serving", loop.serving},
           {"newest", loop.current},
           {"base", loop.base},
           {"verifier", loop.verifier},
           {"best_accuracy", loop.best_accuracy},
           {"step", context.trainer_step->load()},
           {"outstanding", state.loop.outstanding},
           {"paused", state.loop.paused},
           {"finished", state.loop.finished},
           {"uptime_s", double(now - state.born) * 1e-3},
           {"attempts_per_s", state.attempts_per_s},
           {"tokens_per_s", state.tokens_per_s},
           {"train_tokens_per_s", state.trained_per_s},
           {"steps_per_s", state.steps_per_s},
           {"accepted_share", accepted_share(*context.metrics)},
           {"overhead_share", state.overhead_share},
           {"device", context.gate->describe()},
           {"draining", !state.drain_stage.empty()},
           {"trouble", state.trouble}};
  if (loop.serving > 0) doc["accuracy"] = context.metrics->value("autodidact_accuracy_ratio", "held_out");
  doc["store"] = {{"attempts", counts.attempts},
                  {"kept", counts.kept},
                  {"items", counts.items},
                  {"consumed", counts.consumed},
                  {"quarantined", counts.quarantined},
                  {"writable", health.writable},
                  {"problem", health.problem},
                  {"free_bytes", health.free_bytes},
                  {"queued_groups", health.queued_groups}};
  doc["config"] = json::parse(config_json, nullptr, false);
  doc["actors"] = json::array();
  const auto roles = state.stalls->roles();
  for (const auto& child : state.children) {
    json row{{"role", child.role},
             {"epoch", child.epoch},
             {"state", child.handle ? child.status.state : "restarting"},
             {"waits_for", child.status.waits_for},
             {"restarts", child.epoch - 1}};
    if (child.handle) row["answered_ms_ago"] = now - child.answered_at;
    for (const auto& r : roles) {
      if (r.role == child.role && (r.idle || !r.waits_for.empty())) row["waiting_ms"] = now - r.waiting_since;
    }
    for (const auto& [key, value] : child.status.numbers) row[key] = value;
    doc["actors"].push_back(std::move(row));
  }
  return doc.dump(-1, ' ', false, json::error_handler_t::replace);  // paths and problems may be any bytes
}

std::string readiness(const SupervisorState& state, const Context& context, bool* ready) {
  const StoreHealth health = context.store->health();
  json checks = json::object();
  checks["store"] = health.writable ? "ok" : health.problem;
  checks["draining"] = state.drain_stage.empty() ? "ok" : "draining";
  checks["stages"] = "ok";
  for (const auto& child : state.children) {
    if (child.given_up)
      checks["stages"] = child.role + " is restarted over and over";
    else if (!child.handle)
      checks["stages"] = child.role + " is being restarted";
  }
  checks["stalls"] = state.trouble.empty() ? "ok" : state.trouble.front();
  *ready = true;
  for (const auto& [name, text] : checks.items()) *ready = *ready && text == "ok";
  return json{{"ready", *ready}, {"checks", checks}}.dump();
}

}  // namespace autodidact
