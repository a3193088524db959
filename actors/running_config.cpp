#include "actors/running_config.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "config/loader.hpp"
#include "config/log.hpp"
#include "config/report.hpp"

namespace autodidact {

using nlohmann::json;

RunningConfig::RunningConfig(std::string path, std::vector<std::string> overrides, std::shared_ptr<Context> context)
    : path_(std::move(path)), overrides_(std::move(overrides)), context_(std::move(context)), running_(context_->options) {
  context_->metrics->set("autodidact_config_generation", "running", 1);
  context_->metrics->set("autodidact_config_last_reload_successful", "reload", 1);
}

std::shared_ptr<const Options> RunningConfig::options() const {
  std::lock_guard lock(mutex_);
  return running_;
}

std::string RunningConfig::config_json() const { return options_to_json(*options()); }

std::string RunningConfig::status_json() const {
  std::lock_guard lock(mutex_);
  json doc{{"file", path_}, {"generation", generation_}};
  doc["pending_restart"] = json::array();
  for (const auto& change : pending_) doc["pending_restart"].push_back(change.key);
  return doc.dump();
}

Result<std::string> RunningConfig::reload(bool dry_run, const caf::actor& supervisor) {
  std::lock_guard one_at_a_time(reloading_);
  auto result = reload_locked(dry_run, supervisor);
  if (!dry_run) {
    context_->metrics->add("autodidact_config_reloads_total", result.ok() ? "applied" : "refused");
    context_->metrics->set("autodidact_config_last_reload_successful", "reload", result.ok() ? 1 : 0);
    if (!result.ok()) log_error("config", "the new file is refused, the old configuration stays: " + result.status().message());
  }
  return result;
}

Result<std::string> RunningConfig::reload_locked(bool dry_run, const caf::actor& supervisor) {
  if (path_.empty()) return Status(Errc::kUsage, "this daemon was started without a configuration file");
  const LoadedConfig loaded = load_config(path_, overrides_);
  if (!loaded.ok()) return loaded.status();
  const auto before = options();
  AD_ASSIGN_OR_RETURN(ReloadPlan plan, apply_live(*before, loaded.options));
  auto merged = std::make_shared<const Options>(plan.merged);
  AD_ASSIGN_OR_RETURN(const auto method, make_method(*merged, context_->task));
  json reply{{"dry_run", dry_run},
             {"applied", json::parse(changes_to_json(plan.applied))},
             {"pending_restart", json::parse(changes_to_json(plan.pending))},
             {"step", context_->trainer_step->load()}};
  if (dry_run) return reply.dump();

  if (plan.merged.log.level != before->log.level) AD_RETURN_IF_ERROR(set_log_level(plan.merged.log.level));
  {
    std::lock_guard lock(mutex_);
    running_ = merged;
    pending_ = plan.pending;
    reply["generation"] = ++generation_;
    context_->metrics->set("autodidact_config_generation", "running", double(generation_));
    context_->metrics->set("autodidact_config_pending_restart", "keys", double(pending_.size()));
  }
  anon_tell(supervisor, Configure{merged, method});
  WriteSet set;
  Event event;
  event.created_us = context_->clock->now_us();
  event.step = context_->trainer_step->load();
  event.kind = "config";
  event.detail_json = reply.dump();
  set.events.push_back(event);
  anon_tell(supervisor, Commit{0, std::move(set), {}});
  for (const auto& change : plan.applied) log_info("config", "applied", {{"change", to_string(change)}});
  for (const auto& change : plan.pending) log_warn("config", "waits for a restart", {{"change", to_string(change)}});
  return reply.dump();
}

}  // namespace autodidact
