#pragma once
// A self-improvement method in the papers' own terms: what to sample, which attempts to keep, what the learner minimises.
// One implementation per paper. Immutable after construction; any thread may call it. Logic only: no actors, no store, no
// torch.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "config/types.hpp"
#include "model/train_example.hpp"
#include "tasks/task.hpp"

namespace autodidact {

// What a plan minimises; see objective.hpp.
enum class Objective : std::uint8_t {
  kNll,      // of kept attempts: a generator
  kDpo,      // preferences between right and wrong attempts: V-STaR's verifier
  kOutcome,  // BCE of the outcome at a completion's end: an outcome reward model
  kProcess,  // BCE of rollout values at the ends of steps: a process reward model
};

// What the learner of one round does.
struct TrainPlan {
  bool from_base = true;    // start weights: the base model, or the previous version
  std::uint64_t steps = 0;  // optimizer steps
  double lr = 0;
  std::uint32_t min_round = 0;  // data: kept attempts of rounds >= this …
  bool include_seeds = false;   // … and the seed examples
  bool balance_groups = false;  // every group of problems (Task::group_of) is drawn alike, however many examples it has
  Objective objective = Objective::kNll;
};

// What a sampled work item came to, as far as the method needs it to decide what is asked next.
struct ItemOutcome {
  WorkItem item;
  std::uint32_t attempts = 0, correct = 0, kept = 0;
};

class Method {
 public:
  virtual ~Method() = default;
  virtual std::string name() const = 0;

  // The work for one problem at the start of round `round` (1-based), at `position` in that round.
  virtual WorkItem plan(const Problem& problem, std::uint32_t round, std::uint64_t position) const = 0;
  // A further item for the same problem once `done` is in the store, e.g. STaR's rationalization of a failure.
  virtual std::optional<WorkItem> follow_up(const ItemOutcome& done) const = 0;
  // Which attempts of one item to keep; `kept_before` counts kept attempts of this problem and `kept_hashes` are
  // token hashes (see token_hash) of these. Returns one Selection per attempt, in order. Reads attempts' verdicts.
  virtual std::vector<Selection> select(const WorkItem& item, std::span<const JudgedAttempt> attempts,
                                        std::uint64_t kept_before, std::span<const std::uint64_t> kept_hashes) const = 0;
  // Whether the verdict must cover the whole rationale.
  virtual bool check_process() const = 0;

  virtual TrainPlan base_plan() const = 0;  // phase 0: the base model, on the seeds
  virtual TrainPlan train_plan(std::uint32_t round) const = 0;
  // The verifier trained behind the generator of `round`, from the base model; nothing when the method has none.
  virtual std::optional<TrainPlan> verifier_plan(std::uint32_t round) const {
    (void)round;
    return std::nullopt;
  }
};

// FNV-1a over the completion's token ids.
std::uint64_t token_hash(std::span<const TokenId> tokens);
// How a stored attempt is learnt: the prompt without hint, then the completion.
TrainExample make_example(const JudgedAttempt& attempt);

// kConfig names the known methods when `options.method.name` is none of them. `task` must outlive the method (shared).
Result<std::shared_ptr<const Method>> make_method(const Options& options, std::shared_ptr<const Task> task);

}  // namespace autodidact
