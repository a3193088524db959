#pragma once
// The curriculum role: owns the loop core, issues problems as demand allows, has training and evaluation done at the right
// time, and writes the loop's cursor. Rebuilt from the store after a restart.

#include "actors/actor_base.hpp"

namespace autodidact {

struct CurriculumState {
  static constexpr const char* name = "curriculum";
  Peers peers;
  std::unique_ptr<LoopCore> core;
  std::uint64_t generation = 0;  // of the pipeline
  std::uint64_t sequence = 0;    // of the next issued item within it
  std::size_t room = 0;          // items the generate pool will take
  bool flow_open = true;
  std::string flow_reason;
  bool draining = false;
  bool finished = false;
  bool started = false;
  Effects first;                         // what restore() asked for; carried out once wired
  std::optional<TrainCommand> training;  // given and not answered
  std::optional<VersionId> evaluating;   // the same
  std::uint64_t committed = 0;
};

caf::behavior curriculum(caf::stateful_actor<CurriculumState>* self, ContextPtr context, Place place,
                         std::shared_ptr<const Method> method, std::shared_ptr<const Options> options);

// The seed set as the store keeps it. kBadInput when the tokenizer cannot write an example.
Result<std::vector<JudgedAttempt>> seed_attempts(const Task& task, const Prompts& prompts, std::vector<Problem>* problems);

}  // namespace autodidact
