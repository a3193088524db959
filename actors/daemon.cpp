#include "actors/daemon.hpp"

#include <nlohmann/json.hpp>

#include "actors/admin_verbs.hpp"
#include "actors/answers.hpp"
#include "actors/context.hpp"
#include "actors/data_dir.hpp"
#include "actors/supervisor.hpp"
#include "actors/tensorboard_log.hpp"
#include "actors/trainer_engine.hpp"
#include "config/log.hpp"
#include "model/lora.hpp"

namespace autodidact {
namespace {

constexpr int kAliveMs = 10000;  // the supervisor posts every 200 ms

std::unique_ptr<caf::actor_system_config> system_config() {
  caf_compat::init_types<caf::id_block::autodidact_messages>();
  auto config = std::make_unique<caf::actor_system_config>();
  caf_compat::SystemOptions system;
  system.threads = 2;  // actors only translate and judge; model code has threads of its own
  caf_compat::configure(*config, system);
  return config;
}

// What the durable state names must be there, or the run is refused before anything starts.
Status check_resumable(const Context& context) {
  AD_ASSIGN_OR_RETURN(const LoopState loop, context.store->loop_state());
  AD_ASSIGN_OR_RETURN(const TrainerState trainer, context.store->trainer_state());
  for (const VersionId version : {loop.base, loop.serving, loop.verifier}) {
    if (version != 0)
      AD_RETURN_IF_ERROR(context.weights->get(version).status().with_context("cannot resume, the weights are not usable"));
  }
  const bool training = loop.phase == "base" || loop.phase == "train" || loop.phase == "verifier" || loop.phase == "continuous";
  if (!training || trainer.slot.empty()) return {};
  AD_ASSIGN_OR_RETURN(const auto learner,
                      context.runtime->make_learner(context.options->train, compute_dtype(context.options->model), 0));
  AD_RETURN_IF_ERROR(give_base(context, *context.options, trainer, *learner));
  return learner->load_state(context.data_dir + "/" + trainer.slot)
      .with_context("cannot resume, the optimizer state is not usable");
}

}  // namespace

struct Daemon::Impl {
  explicit Impl(DataDir dir) : dir(std::move(dir)) {}

  DataDir dir;
  DaemonSettings settings;
  std::unique_ptr<ModelRuntime> runtime;
  std::unique_ptr<ReplayStore> store;
  std::unique_ptr<WeightBoard> weights;
  std::unique_ptr<DeviceGate> gate;
  ModelClock model_clock;
  Metrics metrics;
  std::timed_mutex trainer_turn;
  std::atomic<std::uint64_t> trainer_step{0};
  StatusBoard board;
  ThreadKeeper threads;
  std::shared_ptr<Context> context;
  std::unique_ptr<RunningConfig> config;
  std::unique_ptr<caf::actor_system_config> system_config;
  std::unique_ptr<caf::actor_system> system;
  caf::actor supervisor;
  std::unique_ptr<ServedAnswers> served;
  std::unique_ptr<Answers> answers;
  std::unique_ptr<AdminVerbs> verbs;
  std::shared_ptr<ComputeThread> curves;  // the TensorBoard log's

  Status assemble();
  void draw_curves();
  void stop();
};

Status Daemon::Impl::assemble() {
  const Options& options = settings.options;
  AD_ASSIGN_OR_RETURN(const auto task, make_task(options.task, static_cast<std::uint64_t>(options.seed)));
  AD_ASSIGN_OR_RETURN(StartModel start, open_start_model(options, task));
  if (options.train.lora_rank > 0) {
    AD_ASSIGN_OR_RETURN(const LoraConfig lora, lora_config(options.train));
    AD_RETURN_IF_ERROR(plan_adapter(lora, start.config).status().with_context("train.lora_*"));
  }
  AD_ASSIGN_OR_RETURN(const auto method, make_method(options, task));
  runtime = settings.runtime(start.tokenizer);
  AD_ASSIGN_OR_RETURN(store, open_store(dir.store(), options.store));
  weights = std::make_unique<WeightBoard>(dir.path(), compute_dtype(options.model));
  gate = std::make_unique<DeviceGate>(options.placement.mode == "split" ? DeviceGate::Mode::kSplit : DeviceGate::Mode::kShared);
  AD_ASSIGN_OR_RETURN(const auto trainer, store->trainer_state());
  trainer_step = trainer.step;

  context = std::make_shared<Context>();
  context->data_dir = dir.path();
  context->options = std::make_shared<const Options>(options);
  context->task = task;
  context->begin_with(std::move(start));
  context->runtime = runtime.get();
  context->store = store.get();
  context->weights = weights.get();
  context->gate = gate.get();
  context->model_clock = &model_clock;
  context->metrics = &metrics;
  context->threads = &threads;
  context->trainer_turn = &trainer_turn;
  context->clock = &system_clock();
  context->trainer_step = &trainer_step;
  served = std::make_unique<ServedAnswers>(context);
  context->served = served.get();
  AD_RETURN_IF_ERROR(check_resumable(*context));

  config = std::make_unique<RunningConfig>(settings.config_path, settings.overrides, context);
  system_config = autodidact::system_config();
  system = std::make_unique<caf::actor_system>(*system_config);
  supervisor =
      system->spawn(autodidact::supervisor, ContextPtr(context), &board, method, [this] { return config->status_json(); });
  answers = std::make_unique<Answers>(context, supervisor, [this] { return config->options(); });
  verbs = std::make_unique<AdminVerbs>(context, &board, supervisor, config.get(), system.get(), answers.get());
  draw_curves();
  return {};
}

void Daemon::Impl::draw_curves() {
  if (!settings.options.log.tensorboard) return;
  curves = threads.start({"tensorboard", 1, [](const std::string& what) { log_warn("tensorboard", what); }});
  const TensorboardLog::Sources sources{*store, metrics, board, trainer_step, system_clock()};
  auto log = std::make_shared<TensorboardLog>(dir.path() + "/tensorboard", sources);
  if (!curves->post([log, stop = curves->stop_token()] { log->run(stop); }))
    log_warn("tensorboard", "its thread did not start");
}

void Daemon::Impl::stop() {
  if (system) {
    anon_tell(supervisor, Stop{});
    supervisor = {};
    verbs.reset();
    answers.reset();
    const auto busy = threads.stop_all(std::chrono::steady_clock::now() + std::chrono::seconds(20));
    for (const auto& what : busy) log_error("daemon", "a compute thread does not end: " + what);
    if (!busy.empty()) _exit(exit_code(Errc::kInternal));  // joining it would wait for ever; everything durable is durable
    system->await_all_actors_done();
    system.reset();
  }
  store.reset();
}

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Daemon::~Daemon() { impl_->stop(); }

Result<std::unique_ptr<Daemon>> Daemon::start(DaemonSettings settings) {
  AD_ASSIGN_OR_RETURN(auto dir, DataDir::open(settings.options.data_dir));
  auto impl = std::make_unique<Impl>(std::move(dir));
  impl->settings = std::move(settings);
  AD_RETURN_IF_ERROR(impl->assemble());
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

void Daemon::call(const std::string& verb, const std::string& params_json, int deadline_ms, Done done) {
  impl_->verbs->call(verb, params_json, deadline_ms, std::move(done));
}

bool Daemon::live() const { return steady_ms() - impl_->board.last_post_ms() < kAliveMs; }

Readiness Daemon::readiness() const { return {impl_->board.ready() && live(), impl_->board.readiness_json()}; }

std::string Daemon::metrics_text() const { return impl_->metrics.text(); }

ReplayStore& Daemon::store() { return *impl_->store; }

bool Daemon::drain(int timeout_ms) {
  anon_tell(impl_->supervisor, Drain{});
  return impl_->board.wait_drained(timeout_ms);
}

Result<std::string> Daemon::reload(bool dry_run) { return impl_->config->reload(dry_run, impl_->supervisor); }

AnswerBackend& Daemon::answers() { return *impl_->answers; }

StatusBoard& Daemon::board() { return impl_->board; }

std::shared_ptr<const Options> Daemon::options() const { return impl_->config->options(); }

}  // namespace autodidact
