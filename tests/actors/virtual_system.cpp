#include "tests/actors/virtual_system.hpp"

#include "tests/fakes/addition_oracle.hpp"

namespace autodidact {
namespace {

struct ProbeState {
  static constexpr const char* name = "probe";
};

template <class M>
auto into(const std::shared_ptr<Seen>& seen, std::vector<M> Seen::*list) {
  return [seen, list](const M& message) { ((*seen).*list).push_back(message); };
}

caf::behavior probe_actor(caf::stateful_actor<ProbeState>* self, std::shared_ptr<Seen> s) {
  return make_behavior(
      self, [](const std::string& what) { die("a probe got " + what); }, into(s, &Seen::work), into(s, &Seen::finished),
      into(s, &Seen::demand), into(s, &Seen::hello), into(s, &Seen::failed), into(s, &Seen::grants), into(s, &Seen::offers),
      into(s, &Seen::resets), into(s, &Seen::commits), into(s, &Seen::committed), into(s, &Seen::items), into(s, &Seen::flow),
      into(s, &Seen::train), into(s, &Seen::evaluate), into(s, &Seen::status), into(s, &Seen::drained), [](const Renew&) {},
      [](const LoopNews&) {});
}

}  // namespace

std::size_t Seen::granted() const {
  std::size_t sum = 0;
  for (const auto& grant : grants) sum += grant.n;
  return sum;
}

std::vector<ItemId> Seen::worked() const {
  std::vector<ItemId> items;
  for (const auto& message : work) {
    for (const auto& leased : message.jobs) items.push_back(leased.job->work.id);
  }
  return items;
}

std::vector<ItemId> Seen::offered() const {
  std::vector<ItemId> items;
  for (const auto& message : offers) {
    for (const auto& job : message.jobs) items.push_back(job->work.id);
  }
  return items;
}

VirtualSystem::VirtualSystem(const Options& options) {
  context_ = std::make_shared<Context>();
  context_->data_dir = ".";
  context_->options = std::make_shared<const Options>(options);
  context_->task = make_task(options.task, 1).value();
  context_->begin_with(open_start_model(options, context_->task).value());
  context_->store = &store_;
  context_->metrics = &metrics_;
  context_->threads = &threads_;
  context_->model_clock = &model_clock_;
  context_->weights = &weights_;
  context_->trainer_step = &trainer_step_;
  context_->clock = &system_clock();
  method_ = make_method(options, context_->task).value();
  caf_compat::init_types<caf::id_block::autodidact_messages>();
  config_ = std::make_unique<caf::actor_system_config>();
  caf_compat::use_virtual_scheduler(*config_);
  system_ = std::make_unique<caf::actor_system>(*config_);
}

VirtualSystem::~VirtualSystem() {
  for (auto& actor : owned_) caf_compat::kill(actor);
  owned_.clear();
  run();
  system_->await_actors_before_shutdown(false);  // ticks under way hold their actors until the clock goes
  system_.reset();
}

caf::scheduler::test_coordinator& VirtualSystem::coordinator() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
}

void VirtualSystem::advance(std::chrono::milliseconds time) {
  coordinator().advance_time(time);
  run();
}

caf::actor VirtualSystem::own(caf::actor actor) {
  owned_.push_back(actor);
  run();
  return actor;
}

caf::actor VirtualSystem::probe(const std::shared_ptr<Seen>& seen) { return own(system_->spawn(probe_actor, seen)); }

JobPtr VirtualSystem::job(std::uint64_t position, std::uint64_t generation, bool with_attempts, bool with_verdicts) const {
  auto job = std::make_shared<Job>();
  job->work = method_->plan(context_->task->training_problem(position), 1, position);
  job->generation = generation;
  job->sequence = position;
  if (!with_attempts) return job;
  Attempt attempt;
  attempt.item = job->work.id;
  attempt.problem = job->work.problem.id;
  attempt.round = 1;
  attempt.text = addition_oracle("compact", [](VersionId, bool) { return 1.0; })(job->work.problem.prompt, 0, 1);
  attempt.prompt_tokens = context_->tokenizer->encode(job->work.problem.prompt).value();
  attempt.tokens = context_->tokenizer->encode(attempt.text).value();
  attempt.tokens.push_back(context_->tokenizer->eos());
  attempt.logprobs.assign(attempt.tokens.size(), -0.5f);
  attempt.versions.assign(attempt.tokens.size(), 1);
  job->attempts = std::make_shared<const std::vector<Attempt>>(std::vector<Attempt>{attempt});
  if (!with_verdicts) return job;
  job->verdicts = std::make_shared<const std::vector<Verdict>>(
      std::vector<Verdict>{context_->task->judge(job->work.problem, attempt.text, true)});
  return job;
}

}  // namespace autodidact
