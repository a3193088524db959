#include "actors/trainer_engine.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/generator_engine.hpp"
#include "actors/staleness.hpp"
#include "config/log.hpp"
#include "methods/stratified_order.hpp"
#include "model/lora_files.hpp"

namespace autodidact {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPatience{20};  // for a step's write, before the device is left to others

// Around each call of the learner: no cost of the loop's own.
template <class Call>
auto model_call(const Context& context, const Call& call) {
  const ModelClock::Scope scope(*context.model_clock);
  struct Timer {
    const Context& context;
    const std::int64_t begin = system_clock().mono_ns();
    ~Timer() {
      context.metrics->add("autodidact_model_seconds_total", "trainer", double(system_clock().mono_ns() - begin) * 1e-9);
    }
  } const timer{context};
  return call();
}

}  // namespace

Result<WeightsPtr> start_weights(const Context& context, const Options& options, VersionId version) {
  if (version != 0) return context.weights->get(version);
  if (const auto& source = context.start.source) {
    AD_ASSIGN_OR_RETURN(auto data, source->tensors());
    return make_weights(context.model_config, 0, std::move(data), compute_dtype(options.model));
  }
  return init_weights(context.model_config, options.model.init_std, static_cast<std::uint64_t>(options.seed),
                      compute_dtype(options.model));
}

Status give_base(const Context& context, const Options& options, const TrainerState& state, Learner& learner) {
  if (options.train.lora_rank == 0) return {};
  AD_ASSIGN_OR_RETURN(const WeightsPtr start, start_weights(context, options, state.plan_start));
  return learner.begin(*start, {});
}

TrainerEngine::TrainerEngine(ContextPtr context, std::shared_ptr<const Options> options, Listener listener)
    : context_(std::move(context)),
      listener_(std::move(listener)),
      thread_(context_->threads->start(
          {"trainer", 4, [failed = listener_.failed](const std::string& what) { failed(Status(Errc::kInternal, what)); }})),
      io_thread_(context_->threads->start({"trainer-io", 2})),  // its errors are in the futures
      options_(std::move(options)),
      turn_(*context_->gate, DeviceGate::Use::kTrain, "trainer"),
      saver_(context_, io_thread_, [this] { return stopping_.load(); }),
      examples_(context_->store, io_thread_) {}

// What comes next may be asked for while the thread is still on its way out of what it has just reported, so it is kept; the
// same again comes from a restarted curriculum and is under way.
void TrainerEngine::run(TrainCommand command) {
  std::lock_guard lock(mutex_);
  if (busy_) {
    if (!running_.open_ended && command.produce != running_.produce) next_ = std::move(command);
    return;
  }
  begin(std::move(command));
}

void TrainerEngine::begin(TrainCommand command) {
  finishing_ = false;
  running_ = std::move(command);
  busy_ = thread_->post([self = shared_from_this(), command = running_] {
    self->execute(command);
    std::lock_guard lock(self->mutex_);
    self->busy_ = false;
    if (auto next = std::exchange(self->next_, std::nullopt)) self->begin(std::move(*next));
  });
}

void TrainerEngine::execute(const TrainCommand& command) {
  // A killed trainer's thread may still be finishing a step: two learners must not write one record.
  std::unique_lock turn(*context_->trainer_turn, std::defer_lock);
  while (!turn.try_lock_for(milliseconds(200))) {
    wait_on("the previous trainer's thread to end");
    if (ending()) return;
  }
  wait_on("");
  struct Settle {  // also when the learner throws: nothing is being written when the next trainer gets its turn
    StepSaver& saver;
    ~Settle() { (void)saver.settle(); }
  } settle{saver_};
  Status status = prepare(command);
  if (status.ok() && command.line == VersionLine::kVerifier) {
    status = run_verifier_plan(command);
    lesson_.reset();
  } else if (status.ok()) {
    status = command.open_ended ? run_open_ended(command) : run_plan(command);
  }
  if (const Status saved = settle_save(); status.ok()) status = saved;
  turn_.leave();
  wait_on("");
  if (!status.ok() && !ending()) listener_.failed(status);
}

Status TrainerEngine::prepare(const TrainCommand& command) {
  // An empty set behind all others: what an earlier trainer submitted is in the store now, or never will be.
  AD_RETURN_IF_ERROR(patiently([&] { return context_->store->commit({}).status(); }));
  AD_ASSIGN_OR_RETURN(plan_, context_->store->trainer_state());
  saver_.restore(plan_);
  round_ = command.round;
  consumed_.clear();
  const bool generator = command.line == VersionLine::kGenerator;
  examples_.revise({generator ? options()->method.revisions : 0, static_cast<std::uint64_t>(options()->seed),
                    context_->model_config.max_position_embeddings});
  if (!learner_) {
    AD_ASSIGN_OR_RETURN(learner_, context_->runtime->make_learner(options()->train, compute_dtype(options()->model),
                                                                  static_cast<std::uint64_t>(options()->seed)));
  }
  const bool same_plan = !plan_.slot.empty() && plan_.plan_line == command.line &&
                         (command.open_ended ? plan_.plan_steps == 0 && plan_.plan_round > 0
                                             : plan_.plan_steps > 0 && plan_.plan_round == command.round);
  if (same_plan) return resume(plan_);
  AD_ASSIGN_OR_RETURN(const WeightsPtr start, start_weights(*context_, *options(), command.start));
  plan_.plan_round = command.round;
  plan_.plan_first_step = plan_.step;
  plan_.plan_steps = command.open_ended ? 0 : command.plan.steps;
  plan_.plan_start = command.start;
  plan_.plan_line = command.line;
  LearnerCursor cursor;
  cursor.step = plan_.step;
  cursor.plan_steps = plan_.plan_steps;
  cursor.peak_lr = command.plan.lr;
  const bool values = command.plan.objective == Objective::kOutcome || command.plan.objective == Objective::kProcess;
  return learner_->begin(values ? *with_value_head(start) : *start, cursor);
}

Status TrainerEngine::resume(const TrainerState& state) {
  AD_RETURN_IF_ERROR(give_base(*context_, *options(), state, *learner_));
  AD_RETURN_IF_ERROR(learner_->load_state(context_->data_dir + "/" + state.slot));
  const LearnerCursor cursor = learner_->cursor();
  if (cursor.step != state.step) {
    return Status(Errc::kBadInput, state.slot + " holds step " + std::to_string(cursor.step) + ", the store says " +
                                       std::to_string(state.step) + "; refusing to train from a state that does not match");
  }
  *context_->trainer_step = state.step;
  log_info("trainer", "resumed", {{"step", state.step}, {"plan_step", cursor.plan_step}, {"round", state.plan_round}});
  return {};
}

Status TrainerEngine::run_plan(const TrainCommand& command) {
  DrawRequest request;
  request.min_round = command.plan.min_round;
  request.include_seeds = command.plan.include_seeds;
  const auto ids = context_->store->kept_ids(request);
  if (ids.empty() || plan_.plan_steps == 0) {
    // The base model needs no training when it is a checkpoint.
    if (command.round == 0 && context_->start.source) return write_version(command, command.produce);
    listener_.nothing(command.round);
    return {};
  }
  AD_ASSIGN_OR_RETURN(const auto groups, groups_of(ids, command.plan.balance_groups));
  StratifiedOrder order(groups, attempt_seed(static_cast<std::uint64_t>(options()->seed), command.round));
  const auto batch_size = static_cast<std::size_t>(options()->train.batch_sequences);
  const char* phase = command.round == 0 ? "base" : "round";
  const auto batch_of = [&](std::uint64_t step) {
    std::vector<AttemptId> batch;
    if (step >= plan_.plan_steps) return batch;
    for (std::size_t i = 0; i < batch_size; ++i) batch.push_back(ids[order.at(step * batch_size + i)]);
    return batch;
  };
  while (learner_->cursor().plan_step < plan_.plan_steps) {
    if (ending()) return {};
    const std::uint64_t step = learner_->cursor().plan_step;
    const auto batch = batch_of(step);
    AD_RETURN_IF_ERROR(step_once(batch, batch_of(step + 1), phase));
    if (const auto serving = context_->weights->serving())
      note_staleness(*context_->store, batch, serving->version, *context_->metrics);
  }
  return write_version(command, command.produce);
}

// The problem group of each attempt; all zero when groups do not matter.
Result<std::vector<std::uint32_t>> TrainerEngine::groups_of(const std::vector<AttemptId>& ids, bool balance) {
  std::vector<std::uint32_t> groups(ids.size(), 0);
  if (!balance) return groups;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto summary = context_->store->summary(ids[i]);
    if (!summary) return Status(Errc::kNotFound, "attempt " + std::to_string(ids[i]) + " is not in the store");
    auto known = group_of_problem_.find(summary->problem);
    if (known == group_of_problem_.end()) {
      AD_ASSIGN_OR_RETURN(const Problem problem, context_->store->problem(summary->problem));
      known = group_of_problem_.emplace(problem.id, static_cast<std::uint32_t>(context_->task->group_of(problem))).first;
    }
    groups[i] = known->second;
  }
  return groups;
}

Status TrainerEngine::run_open_ended(const TrainCommand& command) {
  VersionId next = command.produce;
  AD_ASSIGN_OR_RETURN(const auto versions, context_->store->versions());
  std::uint64_t since_version = versions.empty() ? 0 : plan_.step - versions.back().step;  // a crash was in between
  while (!ending()) {
    const auto now = options();
    const auto count = static_cast<std::size_t>(now->train.batch_sequences);
    if (!wait_for_grant(count)) break;
    DrawRequest request;
    request.count = count;
    request.selector = now->replay.selector;
    request.seed = attempt_seed(static_cast<std::uint64_t>(now->seed), learner_->cursor().step);
    request.min_round = 1;
    request.include_seeds = command.plan.include_seeds;
    const auto newest = static_cast<std::int64_t>(next) - 1;
    request.min_version = static_cast<VersionId>(std::max<std::int64_t>(0, newest - now->loop.max_staleness));
    if (request.selector == "fifo") AD_RETURN_IF_ERROR(settle_save());  // it goes on behind what was consumed last
    const auto batch = context_->store->draw(request);
    if (batch.empty()) {
      if (finishing_) break;  // nothing fresh will come any more
      wait_on("attempts fresh enough to train on");
      std::this_thread::sleep_for(milliseconds(20));
      grant(count);
      continue;
    }
    AD_RETURN_IF_ERROR(step_once(batch, {}, "continuous"));
    note_staleness(*context_->store, batch, next - 1, *context_->metrics);
    if (++since_version < static_cast<std::uint64_t>(now->train.publish_every_steps)) continue;
    AD_RETURN_IF_ERROR(write_version(command, next++));
    since_version = 0;
  }
  if (ending()) return {};
  if (since_version > 0) AD_RETURN_IF_ERROR(write_version(command, next));
  listener_.stopped();
  return {};
}

bool TrainerEngine::wait_for_grant(std::size_t count) {
  turn_.leave();
  listener_.ask_draw(count);
  wait_on("the ratio limiter");
  std::unique_lock lock(mutex_);
  // Asked again every second: a restarted replay actor knows of no earlier request.
  // When sampling is over, what the ratio still allows is trained on, and the first refusal ends it.
  while (granted_ < count && !ending()) {
    if (changed_.wait_for(lock, milliseconds(1000)) != std::cv_status::timeout) continue;
    if (finishing_) break;
    listener_.ask_draw(count);
  }
  if (granted_ < count) return false;
  granted_ -= count;
  return true;
}

// The step before this one becomes durable beside this one's gradient, and before its update.
Status TrainerEngine::step_once(const std::vector<AttemptId>& ids, const std::vector<AttemptId>& next, const char* phase) {
  const auto begin = system_clock().mono_ns();
  AD_ASSIGN_OR_RETURN(auto batch, examples_.load(ids));
  hold_while_paused();
  if (!hold_device()) return {};
  examples_.read_ahead(next);
  std::optional<double> denominator;
  if (lesson_) {
    AD_ASSIGN_OR_RETURN(denominator, model_call(*context_, [&] { return lesson_->prepare(ids, batch, *learner_); }));
  }
  AD_ASSIGN_OR_RETURN(const StepStats stats, model_call(*context_, [&] { return learner_->gradient(batch, denominator); }));
  AD_RETURN_IF_ERROR(settle_save());
  if (!hold_device()) return {};
  model_call(*context_, [&] { learner_->update(); });
  save(ids);
  auto& m = *context_->metrics;
  m.add("autodidact_trained_tokens_total", "all", double(stats.tokens));
  m.set("autodidact_loss_nats", phase, stats.loss);
  m.set("autodidact_learning_rate", phase, stats.lr);
  m.set("autodidact_gradient_norm", phase, stats.grad_norm);
  m.add("autodidact_train_steps_total", phase, 1);
  m.observe("autodidact_step_seconds", phase, double(system_clock().mono_ns() - begin) * 1e-9);
  ++progress_;
  return {};
}

// False: the engine is ending.
bool TrainerEngine::hold_device() {
  wait_on("the device");
  while (!turn_.hold(thread_->stop_token()).ok() && !ending()) {
  }
  wait_on("");
  return !ending();
}

// Begins to make the step durable with what it consumed; every train.snapshot_every_steps, and at the end of a plan.
void TrainerEngine::save(const std::vector<AttemptId>& ids) {
  const auto cursor = learner_->cursor();
  for (AttemptId id : ids) consumed_.push_back({cursor.step, id, round_});
  const auto every = static_cast<std::uint64_t>(std::max<std::int64_t>(1, options()->train.snapshot_every_steps));
  const bool last = cursor.plan_steps > 0 && cursor.plan_step == cursor.plan_steps;
  if (cursor.step % every == 0 || last) saver_.begin(learner_, plan_, std::exchange(consumed_, {}));
}

// While that takes long (a full disk), others may have the device.
Status TrainerEngine::settle_save() {
  if (!saver_.wait_for(kPatience)) {
    turn_.leave();
    while (!saver_.wait_for(kPatience)) wait_on(saver_.waits_for());
  }
  return saver_.settle();
}

Status TrainerEngine::patiently(const std::function<Status()>& write) {
  return while_disk_full(
      write, [this] { return stopping_.load(); }, [this](const std::string& why) { wait_on(why); });
}

Status TrainerEngine::write_version(const TrainCommand& command, VersionId version) {
  AD_RETURN_IF_ERROR(settle_save());
  turn_.leave();
  const WeightsPtr weights = learner_->snapshot(version);
  VersionRecord record;
  record.id = version;
  record.parent = command.start;
  record.round = command.round;
  record.step = saver_.state().step;
  record.path = WeightBoard::directory_of(version);
  record.method = options()->method.name;
  record.created_us = options()->deterministic ? static_cast<std::int64_t>(version) : context_->clock->now_us();
  AD_RETURN_IF_ERROR(patiently([&] {
    auto digest = save_checkpoint(*weights, context_->start.files, context_->data_dir + "/" + record.path);
    if (digest.ok()) record.digest = digest.value();
    return digest.status();
  }));
  if (const auto adapter = learner_->adapter()) {
    const std::string base = plan_.plan_start == 0 ? "" : context_->weights->path_of(plan_.plan_start);
    AD_RETURN_IF_ERROR(
        patiently([&] { return save_adapter(*adapter, base, context_->data_dir + "/" + record.path + "/adapter"); }));
  }
  WriteSet set;
  set.versions.push_back(record);
  AD_RETURN_IF_ERROR(patiently([&] { return context_->store->commit(set).status(); }));
  context_->weights->post(weights);
  ++progress_;
  listener_.trained(std::move(record));
  return {};
}

void TrainerEngine::configure(std::shared_ptr<const Options> options) {
  std::lock_guard lock(mutex_);
  options_ = std::move(options);
}

std::shared_ptr<const Options> TrainerEngine::options() const {
  std::lock_guard lock(mutex_);
  return options_;
}

void TrainerEngine::grant(std::size_t count) {
  std::lock_guard lock(mutex_);
  granted_ += count;
  changed_.notify_all();
}

void TrainerEngine::pause(bool paused) {
  std::lock_guard lock(mutex_);
  paused_ = paused;
  changed_.notify_all();
}

void TrainerEngine::finish() {
  finishing_ = true;
  changed_.notify_all();
}

void TrainerEngine::stop() {
  stopping_ = true;
  changed_.notify_all();
}

bool TrainerEngine::ending() const { return stopping_ || thread_->stop_token().stop_requested(); }

std::string TrainerEngine::waits_for() const {
  std::lock_guard lock(mutex_);
  return busy_ ? waits_for_ : "a training plan";
}

void TrainerEngine::wait_on(const std::string& what) {
  std::lock_guard lock(mutex_);
  waits_for_ = what;
}

void TrainerEngine::hold_while_paused() {
  std::unique_lock lock(mutex_);
  if (!paused_) return;
  waits_for_ = "resume (paused by hand)";
  lock.unlock();
  turn_.leave();
  lock.lock();
  while (paused_ && !ending()) changed_.wait_for(lock, milliseconds(200));
}

}  // namespace autodidact
