#include "actors/loop_core.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

namespace autodidact {
namespace {

using nlohmann::json;

// Rounds under way at once in the continuous schedule: enough that the tail of one never idles a generator.
constexpr std::size_t kOpenRounds = 3;

}  // namespace

std::string gate_refusal(const EvalOptions& options, double accuracy, double best) {
  if (!options.gate || accuracy >= best - options.max_regression) return {};
  char text[128];
  std::snprintf(text, sizeof text, "held-out accuracy %.4f is more than %.4f below the best so far, %.4f", accuracy,
                options.max_regression, best);
  return text;
}

LoopCore::LoopCore(std::shared_ptr<const Task> task, std::shared_ptr<const Method> method, const Options& options)
    : task_(std::move(task)), method_(std::move(method)), options_(options) {}

Result<Effects> LoopCore::restore(const LoopState& state, std::vector<VersionRecord> versions,
                                  const ItemsOfRound& items_of_round) {
  state_ = state;
  versions_ = std::move(versions);
  rounds_.clear();
  Effects effects;
  if (state_.serving != 0) effects.serve = state_.serving;
  if (state_.verifier != 0) effects.serve_verifier = state_.verifier;
  const bool sampling = state_.phase == "sample" || state_.phase == "continuous";
  if (sampling) {
    for (std::uint32_t round = state_.round; rounds_.size() < kOpenRounds && !last_round(round - 1); ++round) {
      AD_ASSIGN_OR_RETURN(const auto done, items_of_round(round));
      if (round > state_.round && done.empty()) break;  // never begun
      open_round(round, state_.round_size);
      rounds_.back().restore(done);
    }
  }
  // A version that became durable just before the crash, ahead of the loop's own cursor: take it, do not train it again.
  const bool verifying = state_.phase == "verifier";
  const bool training = state_.phase == "base" || state_.phase == "train" || state_.phase == "continuous";
  const VersionRecord* written = newest(verifying ? VersionLine::kVerifier : VersionLine::kGenerator);
  if (written != nullptr && (training || verifying) && written->id > (verifying ? state_.verifier : state_.current)) {
    Effects taken = trained(VersionRecord(*written));
    if (!taken.serve) taken.serve = effects.serve;
    if (!taken.serve_verifier) taken.serve_verifier = effects.serve_verifier;
    if (state_.phase == "continuous") taken.train = resume_training().train;
    return taken;
  }
  if (state_.phase == "seed") {
    effects.write_seeds = true;
    effects.persist = state_;
    effects.persist->phase = "base";  // in the same batch as the seeds: a crash must not write them twice
  }
  if (state_.phase == "base") effects.train = base_command();
  if (state_.phase == "train") effects.train = enter_train().train;
  if (verifying) effects.train = enter_verifier().train;
  if (state_.phase == "evaluate") effects.evaluate = state_.current;
  if (state_.phase == "continuous") effects.train = resume_training().train;
  if (state_.phase == "done") {
    // The configuration may ask for more rounds than last time.
    if (options_.loop.rounds == 0 || state_.round <= static_cast<std::uint64_t>(options_.loop.rounds)) {
      Effects more = next_round_or_done();
      more.serve = effects.serve;
      more.serve_verifier = effects.serve_verifier;
      return more;
    }
    effects.finished = true;
  }
  if (state_.phase == "continuous") close_rounds(effects);
  if (state_.phase == "sample" && !rounds_.empty() && rounds_.front().complete()) {
    Effects more = enter_train();
    more.serve = effects.serve;
    more.serve_verifier = effects.serve_verifier;
    return more;
  }
  return effects;
}

void LoopCore::open_round(std::uint32_t round, std::uint64_t size) {
  rounds_.emplace_back(task_, method_, round, size, options_.deterministic);
  if (!ask_again_) return;
  auto problems = ask_again_();
  std::erase_if(problems, [this](const AskedAgain& one) {
    return std::any_of(rounds_.begin(), rounds_.end(), [&](const RoundCursor& open) { return open.asks(one.position); });
  });
  rounds_.back().ask_again(std::move(problems));
}

bool LoopCore::last_round(std::uint32_t round) const {
  return options_.loop.rounds != 0 && round >= static_cast<std::uint64_t>(options_.loop.rounds);
}

std::vector<WorkItem> LoopCore::issue(std::size_t room) {
  std::vector<WorkItem> items;
  const auto limit = static_cast<std::size_t>(options_.loop.max_in_flight);
  const std::size_t out = outstanding();
  if (paused_ || out >= limit) return items;
  room = std::min(room, limit - out);
  for (std::size_t i = 0; i < rounds_.size() && items.size() < room; ++i) {
    while (items.size() < room) {
      auto item = rounds_[i].next();
      if (!item) break;
      items.push_back(std::move(*item));
    }
    const bool may_open = state_.phase == "continuous" && i + 1 == rounds_.size() && rounds_.size() < kOpenRounds;
    if (items.size() < room && may_open && !last_round(rounds_[i].round()))
      open_round(rounds_[i].round() + 1, state_.round_size);
  }
  return items;
}

void LoopCore::give_back() {
  for (auto& round : rounds_) round.give_back();
}

std::size_t LoopCore::outstanding() const {
  std::size_t sum = 0;
  for (const auto& round : rounds_) sum += round.outstanding();
  return sum;
}

TrainCommand LoopCore::base_command() const { return {0, method_->base_plan(), 0, 1, false}; }

Effects LoopCore::seeds_written() {
  Effects effects;
  state_.phase = "base";
  effects.train = base_command();
  return effects;
}

Effects LoopCore::enter_round(std::uint32_t round) {
  Effects effects;
  const bool continuous = options_.loop.schedule == "continuous";
  state_.phase = continuous ? "continuous" : "sample";
  state_.round = round;
  state_.round_size = static_cast<std::uint64_t>(options_.loop.problems_per_round);
  rounds_.clear();
  open_round(round, state_.round_size);
  effects.persist = state_;
  effects.events.emplace_back("round",
                              json{{"round", round}, {"problems", state_.round_size}, {"version", state_.serving}}.dump());
  if (continuous) effects.train = resume_training().train;
  return effects;
}

Effects LoopCore::resume_training() {
  Effects effects;
  TrainCommand command{state_.round, method_->train_plan(state_.round), state_.current, next_version(), true};
  command.plan.steps = 0;
  effects.train = command;
  return effects;
}

Effects LoopCore::committed(const ItemState& item) {
  for (auto& round : rounds_) {
    const bool again = item_round(item.item) == kAskedRound && round.asks(item_position(item.item));
    if (again || round.round() == item_round(item.item)) round.committed(item);
  }
  if (rounds_.empty() || !rounds_.front().complete()) return {};
  if (state_.phase == "sample") return enter_train();
  if (state_.phase != "continuous") return {};  // a duplicate of a round that is being trained on
  Effects effects;
  close_rounds(effects);
  return effects;
}

// Continuous: the oldest rounds that are complete, several when a younger one was done first; the loop goes on with the next.
void LoopCore::close_rounds(Effects& effects) {
  while (!rounds_.empty() && rounds_.front().complete()) {
    const std::uint32_t finished = rounds_.front().round();
    if (rounds_.size() == 1 && last_round(finished)) {
      rounds_.clear();
      effects.stop_training = true;  // the trainer's last version ends the loop, see training_stopped()
      return;
    }
    if (rounds_.size() == 1) open_round(finished + 1, state_.round_size);
    rounds_.pop_front();
    state_.round = rounds_.front().round();
    effects.persist = state_;
  }
}

Effects LoopCore::enter_train() {
  Effects effects;
  state_.phase = "train";
  effects.persist = state_;
  const TrainPlan plan = method_->train_plan(state_.round);
  effects.train = TrainCommand{state_.round, plan, plan.from_base ? state_.base : state_.serving, next_version(), false};
  return effects;
}

// From the base model, whatever the generator of this round came to: old mistakes teach the verifier too.
Effects LoopCore::enter_verifier() {
  Effects effects;
  const auto plan = method_->verifier_plan(state_.round);
  AD_REQUIRE(plan.has_value(), "the phase is \"verifier\", the method has none");
  state_.phase = "verifier";
  effects.persist = state_;
  effects.train = TrainCommand{state_.round, *plan, state_.base, next_version(), false, VersionLine::kVerifier};
  return effects;
}

Effects LoopCore::verifier_trained(const VersionRecord& candidate) {
  Effects effects;
  VersionRecord* record = find(candidate.id);
  record->state = VersionState::kPromoted;
  effects.versions.push_back(*record);
  effects.serve_verifier = state_.verifier = candidate.id;
  state_.phase = "evaluate";
  effects.persist = state_;
  effects.evaluate = measuring_ = state_.current;
  return effects;
}

Effects LoopCore::trained(const VersionRecord& candidate) {
  Effects effects;
  if (find(candidate.id) == nullptr) versions_.push_back(candidate);
  if (candidate.line == VersionLine::kVerifier) return verifier_trained(candidate);
  state_.current = candidate.id;
  if (state_.phase == "train" && method_->verifier_plan(state_.round)) return enter_verifier();
  if (state_.phase == "base" || state_.phase == "train") state_.phase = "evaluate";
  if (state_.phase == "continuous") {
    const auto every = static_cast<VersionId>(std::max<std::int64_t>(options_.eval.every_versions, 1));
    if (candidate.id % every != 0 && !rounds_.empty()) {
      // Not measured, so not gated: it serves at once.
      VersionRecord* record = find(candidate.id);
      record->state = VersionState::kPromoted;
      effects.versions.push_back(*record);
      state_.serving = candidate.id;
      effects.serve = candidate.id;
      effects.persist = state_;
      return effects;
    }
  }
  effects.persist = state_;
  effects.evaluate = measuring_ = candidate.id;
  return effects;
}

Effects LoopCore::training_stopped() {
  Effects effects;
  if (!training_ends()) return effects;
  trainer_stopped_ = true;
  if (measured_ == state_.current) return next_round_or_done();
  if (measuring_ != state_.current) effects.evaluate = measuring_ = state_.current;
  return effects;
}

Effects LoopCore::nothing_to_train() {
  if (state_.phase == "verifier") {  // no problem has both right and wrong attempts: the verifier stays as it is
    Effects effects;
    state_.phase = "evaluate";
    effects.persist = state_;
    effects.evaluate = measuring_ = state_.current;
    return effects;
  }
  Effects effects = next_round_or_done();
  effects.events.emplace_back("round", json{{"round", state_.round}, {"note", "no kept attempts, nothing was trained"}}.dump());
  return effects;
}

Effects LoopCore::evaluated(const EvaluationResult& result) {
  Effects effects;
  VersionRecord* record = find(result.version);
  if (record == nullptr) return effects;
  measured_ = result.version;
  record->metrics_json = result.metrics_json;
  last_accuracy_ = result.accuracy;
  const bool first = state_.base == 0;
  const std::string refusal = first ? std::string() : gate_refusal(options_.eval, result.accuracy, state_.best_accuracy);
  record->state = refusal.empty() ? VersionState::kPromoted : VersionState::kRefused;
  record->reason = refusal;
  if (refusal.empty()) {
    state_.serving = result.version;
    state_.best_accuracy = std::max(state_.best_accuracy, result.accuracy);
    effects.serve = result.version;
  }
  if (first) state_.base = result.version;
  json detail{{"version", result.version}, {"accuracy", result.accuracy}, {"promoted", refusal.empty()}};
  if (!refusal.empty()) detail["reason"] = refusal;
  const VersionRecord written = *record;
  if (state_.phase == "evaluate" || (training_ends() && trainer_stopped_ && result.version == state_.current)) {
    const auto serve = effects.serve;
    effects = next_round_or_done();
    effects.serve = serve;
  } else {
    effects.persist = state_;
  }
  effects.versions.push_back(written);
  effects.events.emplace(effects.events.begin(), "gate", detail.dump());
  return effects;
}

bool LoopCore::accurate_enough() const { return last_accuracy_ >= options_.loop.stop_at_accuracy; }

Effects LoopCore::next_round_or_done() {
  const std::uint32_t finished = state_.round;
  const bool ended = state_.phase == "continuous" || last_round(finished) || (finished > 0 && accurate_enough());
  if (!ended) return enter_round(finished + 1);
  Effects effects;
  state_.phase = "done";
  rounds_.clear();
  effects.persist = state_;
  effects.finished = true;
  return effects;
}

Effects LoopCore::promote(VersionId version, Status& status) {
  Effects effects;
  VersionRecord* record = find(version);
  if (record == nullptr) {
    status = Status(Errc::kNotFound, "no version " + std::to_string(version) + "; `autodidact replay versions` lists them");
    return effects;
  }
  if (record->line == VersionLine::kVerifier) {
    status = Status(Errc::kUsage, "version " + std::to_string(version) + " is a verifier, which scores and does not sample");
    return effects;
  }
  record->state = VersionState::kPromoted;
  record->reason = "promoted by hand";
  effects.versions.push_back(*record);
  state_.serving = version;
  effects.serve = version;
  effects.persist = state_;
  effects.events.emplace_back("gate", json{{"version", version}, {"promoted", true}, {"by", "hand"}}.dump());
  return effects;
}

Effects LoopCore::rollback(VersionId version, Status& status) {
  const VersionId from = state_.serving;
  Effects effects = promote(version, status);
  if (!status.ok()) return effects;
  for (auto& record : versions_) {
    if (record.id <= version || record.line != VersionLine::kGenerator || record.state != VersionState::kPromoted) continue;
    record.state = VersionState::kRolledBack;
    record.reason = "rolled back to version " + std::to_string(version) + " by hand";
    effects.versions.push_back(record);
  }
  effects.events.back().second = json{{"version", version}, {"rolled_back_from", from}, {"by", "hand"}}.dump();
  return effects;
}

void LoopCore::configure(std::shared_ptr<const Method> method, const Options& options) {
  method_ = std::move(method);  // open rounds keep the method they began with
  options_ = options;
}

VersionRecord* LoopCore::find(VersionId version) {
  for (auto& record : versions_) {
    if (record.id == version) return &record;
  }
  return nullptr;
}

VersionRecord* LoopCore::newest(VersionLine line) {
  VersionRecord* found = nullptr;
  for (auto& record : versions_) {
    if (record.line == line && (found == nullptr || record.id > found->id)) found = &record;
  }
  return found;
}

VersionId LoopCore::next_version() const {
  VersionId highest = 0;
  for (const auto& record : versions_) highest = std::max(highest, record.id);
  return highest + 1;
}

std::string LoopCore::waits_for() const {
  if (paused_) return "resume (paused by hand)";
  if (state_.phase == "seed") return "the seed examples to be stored";
  if (state_.phase == "base" || state_.phase == "train" || state_.phase == "verifier") return "the trainer";
  if (state_.phase == "evaluate") return "the evaluator";
  if (state_.phase == "done") return "nothing: the last round is done";
  if (outstanding() >= static_cast<std::size_t>(options_.loop.max_in_flight))
    return "commits (loop.max_in_flight items are out)";
  return outstanding() > 0 ? "attempts to be committed" : "demand from generators";
}

}  // namespace autodidact
