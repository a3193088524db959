#include "tests/actors/test_loop.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "config/files.hpp"

namespace autodidact {
namespace {

std::string fresh_directory() {
  std::string path = (std::filesystem::current_path() / "data-XXXXXX").string();
  AD_REQUIRE(::mkdtemp(path.data()) != nullptr, "mkdtemp " + path);
  return path;
}

template <class T>
T must(Result<T> result) {
  AD_REQUIRE(result.ok(), result.status().message());
  return std::move(result).value();
}

}  // namespace

Options small_options() {
  Options o;
  o.task.min_digits = 1;
  o.task.max_digits = 3;
  o.task.seed_examples = {6, 6, 6};
  o.task.hinted_seed_examples = {0, 0, 2};
  o.task.held_out_per_digit = 10;
  o.model.d_model = 16;
  o.model.layers = 1;
  o.model.heads = o.model.kv_heads = 2;
  o.model.ffn = 16;
  o.model.max_positions = 64;
  o.loop.rounds = 2;
  o.loop.problems_per_round = 120;
  o.loop.max_in_flight = 64;
  o.sample.generators = 2;
  o.sample.batch = 8;
  o.sample.max_tokens = 40;
  o.verify.verifiers = 2;
  o.verify.window = 16;
  o.train.threads = 1;
  o.train.batch_sequences = 8;
  o.train.seed_steps = 5;
  o.train.steps_first_round = 10;
  o.train.steps_growth = 1;
  o.train.publish_every_steps = 5;
  o.eval.batch = 16;
  o.eval.gate = false;
  o.replay.min_size = 16;
  o.supervise.restart_backoff_ms = 5;
  o.supervise.max_restarts_per_minute = 1000;
  o.supervise.lease_ms = 2000;
  o.supervise.stall_ms = 1000;
  return o;
}

TestLoop::TestLoop(Settings settings) {
  if (settings.data_dir.empty()) settings.data_dir = fresh_directory();
  assemble(settings);
  caf_compat::init_types<caf::id_block::autodidact_messages>();
  config_ = std::make_unique<caf::actor_system_config>();
  caf_compat::configure(*config_, {});
  system_ = std::make_unique<caf::actor_system>(*config_);
  const auto method = must(make_method(settings.options, context_->task));
  // The supervisor asks for this text at every tick, in its own handler: the one place where its state may be read.
  auto* state = new std::atomic<const SupervisorState*>(nullptr);
  const std::shared_ptr<std::atomic<const SupervisorState*>> seen(state);
  supervisor_ = system_->spawn(autodidact::supervisor, ContextPtr(context_), &board_, method, [this, seen] {
    if (const auto* at = seen->load()) look_at(*at);
    return std::string("{}");
  });
  answers_ = std::make_unique<Answers>(context_, supervisor_, [this] { return context_->options; });
  auto* self = caf::actor_cast<caf::stateful_actor<SupervisorState>*>(supervisor_);
  seen->store(&caf_compat::st(self));
  wait_until([this] { return !roles().empty(); }, std::chrono::seconds(20));
}

void TestLoop::assemble(const Settings& settings) {
  const Options& options = settings.options;
  for (const char* part : {"", "/versions", "/learner"}) {
    AD_REQUIRE(make_directories(settings.data_dir + part).ok(), "cannot make " + settings.data_dir);
  }
  context_ = std::make_shared<Context>();
  context_->data_dir = settings.data_dir;
  context_->options = std::make_shared<const Options>(options);
  context_->task = must(make_task(options.task, static_cast<std::uint64_t>(options.seed)));
  context_->begin_with(must(open_start_model(options, context_->task)));
  own_store_ = settings.store == nullptr ? make_memory_store() : nullptr;
  store_ = settings.store == nullptr ? own_store_.get() : settings.store;
  runtime_ = std::make_unique<FakeRuntime>(FakeOptions{.tokenizer = context_->tokenizer,
                                                       .oracle = settings.oracle,
                                                       .tokens_per_step = settings.tokens_per_step,
                                                       .decode_step = settings.decode_step,
                                                       .train_step = settings.train_step,
                                                       .scorer_gap = settings.scorer_gap});
  weights_ = std::make_unique<WeightBoard>(settings.data_dir);
  gate_ =
      std::make_unique<DeviceGate>(options.placement.mode == "split" ? DeviceGate::Mode::kSplit : DeviceGate::Mode::kShared);
  trainer_step_ = must(store_->trainer_state()).step;
  context_->runtime = runtime_.get();
  context_->store = store_;
  context_->weights = weights_.get();
  context_->gate = gate_.get();
  context_->model_clock = &model_clock_;
  context_->metrics = &metrics_;
  context_->threads = &threads_;
  context_->trainer_turn = &trainer_turn_;
  context_->clock = &system_clock();
  context_->trainer_step = &trainer_step_;
  served_ = std::make_unique<ServedAnswers>(context_);
  context_->served = served_.get();
}

TestLoop::~TestLoop() {
  model().block_decoding(false);
  model().block_training(false);
  caf_compat::anon_tell(supervisor_, Stop{});
  supervisor_ = {};
  answers_.reset();
  members_.clear();
  const auto busy = threads_.stop_all(std::chrono::steady_clock::now() + std::chrono::seconds(20));
  AD_REQUIRE(busy.empty(), "a compute thread does not end: " + busy.front());
  system_->await_all_actors_done();
  system_.reset();
}

void TestLoop::look_at(const SupervisorState& state) {
  std::lock_guard lock(mutex_);
  for (const auto& child : state.children) members_[child.role] = {child.handle, child.epoch};
}

std::vector<std::string> TestLoop::roles() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [role, member] : members_) names.push_back(role);
  return names;
}

bool TestLoop::kill(const std::string& role) {
  std::lock_guard lock(mutex_);
  const auto found = members_.find(role);
  AD_REQUIRE(found != members_.end(), "no role " + role);
  if (!found->second.handle) return false;
  caf_compat::kill(found->second.handle);
  found->second.handle = {};
  return true;
}

Epoch TestLoop::epoch_of(const std::string& role) const {
  std::lock_guard lock(mutex_);
  return members_.at(role).epoch;
}

nlohmann::json TestLoop::status_of(const std::string& role) const {
  const auto document = status();
  for (const auto& row : document.value("actors", nlohmann::json::array())) {
    if (row.at("role") == role) return row;
  }
  return {};
}

bool TestLoop::wait_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

bool TestLoop::wait_finished(std::chrono::milliseconds timeout) {
  return wait_until([this] { return board_.progress().finished; }, timeout);
}

bool TestLoop::drain(int timeout_ms) {
  caf_compat::anon_tell(supervisor_, Drain{});
  return board_.wait_drained(timeout_ms);
}

}  // namespace autodidact
