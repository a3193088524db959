// The part of TrainerEngine that trains verifiers: as many checkpoints as the settings say are measured by Best-of-k, since a
// verifier's loss says little about how it ranks, and the best one becomes the version. The best so far lies in the version's
// directory, with what it scored, until the plan is done and a record names it: a crash costs nothing but steps.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "actors/trainer_engine.hpp"
#include "config/files.hpp"
#include "config/log.hpp"
#include "config/sha256.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
constexpr const char* kMeasured = "validation.json";
constexpr std::size_t kScoresAtOnce = 512;

// What lies in the directory of a version under way; null when nothing (usable) does.
json measured_in(const std::string& directory) {
  const auto text = read_file(directory + "/" + kMeasured, 1 << 16);
  json measured = text.ok() ? json::parse(*text, nullptr, /*allow_exceptions=*/false) : json();
  const bool usable = measured.is_object() && measured.contains("best_of_k") && measured["best_of_k"].is_number() &&
                      measured.contains("step") && measured["step"].is_number_unsigned();
  return usable ? measured : json();
}

}  // namespace

Status TrainerEngine::run_verifier_plan(const TrainCommand& command) {
  AD_ASSIGN_OR_RETURN(const WeightsPtr start, start_weights(*context_, *options(), command.start));
  VerifierLesson::Hooks hooks;
  hooks.before_step = [this] { return hold_device(); };
  hooks.commit = [this](WriteSet set) { return patiently([&] { return context_->store->commit(set).status(); }); };
  lesson_ = std::make_unique<VerifierLesson>(context_, options(), command, start, std::move(hooks));
  AD_RETURN_IF_ERROR(lesson_->gather());
  if (lesson_->empty()) {
    listener_.nothing(command.round);
    return {};
  }
  const auto checkpoints = static_cast<std::uint64_t>(options()->verifier.checkpoints);
  const std::uint64_t every = std::max<std::uint64_t>(1, plan_.plan_steps / checkpoints);
  const auto is_due = [&](std::uint64_t done) {
    return done == plan_.plan_steps || (done > 0 && done % every == 0 && done + every <= plan_.plan_steps);
  };
  // A step may have become durable without its measurement: the run ended in between.
  if (is_due(learner_->cursor().plan_step)) AD_RETURN_IF_ERROR(take_checkpoint(command));
  while (learner_->cursor().plan_step < plan_.plan_steps) {
    if (ending()) return {};
    const std::uint64_t step = learner_->cursor().plan_step;
    const bool more = step + 1 < plan_.plan_steps;
    AD_RETURN_IF_ERROR(
        step_once(lesson_->batch_of(step), more ? lesson_->batch_of(step + 1) : std::vector<AttemptId>(), "verifier"));
    const std::uint64_t done = learner_->cursor().plan_step;
    if (done > step && is_due(done)) AD_RETURN_IF_ERROR(take_checkpoint(command));
  }
  return ending() ? Status() : write_verifier(command);
}

// Measures the verifier as it is, and keeps it when none before it ranked better.
Status TrainerEngine::take_checkpoint(const TrainCommand& command) {
  AD_RETURN_IF_ERROR(settle_save());
  const WeightsPtr weights = learner_->snapshot(command.produce);
  AD_ASSIGN_OR_RETURN(const auto measured, lesson_->validate(weights));
  const std::string directory = context_->weights->path_of(command.produce);
  const json before = measured_in(directory);
  log_info("trainer", "verifier checkpoint",
           {{"step", learner_->cursor().plan_step},
            {"best_of_k", measured.best_of_k},
            {"pass_at_1", measured.pass_at_1},
            {"step_auc", measured.step_auc.value_or(0)}});
  if (!before.is_null() && before["best_of_k"].get<double>() > measured.best_of_k) return {};
  turn_.leave();
  CheckpointFiles files = context_->start.files;
  json now{{"best_of_k", measured.best_of_k},
           {"pass_at_1", measured.pass_at_1},
           {"k", measured.k},
           {"problems", measured.problems},
           {"step", learner_->cursor().plan_step}};
  if (measured.step_auc) now["step_auc"] = *measured.step_auc;
  files[kMeasured] = now.dump() + "\n";
  return patiently([&] { return save_checkpoint(*weights, files, directory).status(); });
}

// What it makes of the attempts that chose it, for people to read.
Status TrainerEngine::store_scores(const TrainCommand& command) {
  AD_ASSIGN_OR_RETURN(const WeightsPtr weights, context_->weights->get(command.produce));
  AD_ASSIGN_OR_RETURN(const auto scores, lesson_->score_validation(weights));
  turn_.leave();
  for (std::size_t first = 0; first < scores.size(); first += kScoresAtOnce) {
    const auto part = std::span(scores).subspan(first, std::min(kScoresAtOnce, scores.size() - first));
    WriteSet set;
    set.scores.assign(part.begin(), part.end());
    const Status status = patiently([&] { return context_->store->commit(set).status(); });
    if (!status.ok() && status.code() != Errc::kNotFound) return status;  // not found: retention took one of them
  }
  return {};
}

Status TrainerEngine::write_verifier(const TrainCommand& command) {
  AD_RETURN_IF_ERROR(settle_save());
  AD_RETURN_IF_ERROR(store_scores(command));
  const std::string directory = context_->weights->path_of(command.produce);
  const json measured = measured_in(directory);
  if (measured.is_null()) return {Errc::kIo, directory + "/" + kMeasured + ": the verifier's checkpoint cannot be read back"};
  AD_ASSIGN_OR_RETURN(const std::string digest, sha256_file_hex(directory + "/model.safetensors"));
  VersionRecord record;
  record.id = command.produce;
  record.parent = command.start;
  record.round = command.round;
  record.step = plan_.plan_first_step + measured["step"].get<std::uint64_t>();
  record.path = WeightBoard::directory_of(command.produce);
  record.digest = digest;
  record.method = options()->method.name + "/" + options()->verifier.kind;
  record.metrics_json = measured.dump();
  record.line = VersionLine::kVerifier;
  record.created_us = options()->deterministic ? static_cast<std::int64_t>(record.id) : context_->clock->now_us();
  WriteSet set;
  set.versions.push_back(record);
  AD_RETURN_IF_ERROR(patiently([&] { return context_->store->commit(set).status(); }));
  ++progress_;
  listener_.trained(std::move(record));
  return {};
}

}  // namespace autodidact
