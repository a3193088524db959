#pragma once
// CAF without threads and without time but what the test spends: messages run when the test says run(), ticks when it says
// advance(). For actors that keep to their own turn; those with compute threads are tested in a whole loop. Single-threaded.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "actors/actor_base.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "tests/actors/gate_store.hpp"

// 0.17.6 has a scheduler for tests; 1.x has none that a program outside CAF may use.
#include <caf/scheduler/test_coordinator.hpp>

namespace autodidact {

// Everything that was sent to one probe, by kind, in order.
struct Seen {
  std::vector<Work> work;
  std::vector<Finished> finished;
  std::vector<Demand> demand;
  std::vector<Hello> hello;
  std::vector<Failed> failed;
  std::vector<Grant> grants;
  std::vector<Offer> offers;
  std::vector<ResetPipeline> resets;
  std::vector<Commit> commits;
  std::vector<Committed> committed;
  std::vector<ItemsCommitted> items;
  std::vector<Flow> flow;
  std::vector<Train> train;
  std::vector<Evaluate> evaluate;
  std::vector<StatusReport> status;
  std::vector<Drained> drained;

  std::size_t granted() const;
  std::vector<ItemId> worked() const;   // items of `work`
  std::vector<ItemId> offered() const;  // items of `offers`
};

class VirtualSystem {
 public:
  explicit VirtualSystem(const Options& options);
  ~VirtualSystem();

  caf::actor_system& system() { return *system_; }
  ContextPtr context() const { return context_; }
  GateStore& store() { return store_; }
  std::shared_ptr<const Method> method() const { return method_; }
  // An actor that only writes down.
  caf::actor probe(const std::shared_ptr<Seen>& seen);
  template <class M>
  void send(const caf::actor& to, M message) {
    caf_compat::anon_tell(to, std::move(message));
    run();
  }
  void run() { coordinator().run(); }
  void advance(std::chrono::milliseconds time);
  // Of the actor under test, ended in ~VirtualSystem.
  caf::actor own(caf::actor actor);

  // An item of round 1 as the curriculum issues it, with `attempts` right completions when asked for.
  JobPtr job(std::uint64_t position, std::uint64_t generation = 1, bool with_attempts = false,
             bool with_verdicts = false) const;

 private:
  caf::scheduler::test_coordinator& coordinator();

  GateStore store_;
  Metrics metrics_;
  ThreadKeeper threads_;
  ModelClock model_clock_;
  WeightBoard weights_{"."};
  std::atomic<std::uint64_t> trainer_step_{0};
  std::shared_ptr<Context> context_;
  std::shared_ptr<const Method> method_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> owned_;
};

}  // namespace autodidact
