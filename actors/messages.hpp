#pragma once
// Every message of the system, in one file: reading it once gives you the protocol. All are plain values that never leave the
// process. Who sends what to whom:
//
//   supervisor ──Wire, Configure, Pause, Drain, Stop, StatusRequest──▶ everyone      everyone ──StatusReport, Drained──▶
//   supervisor curriculum ──Offer──▶ generate pool ──Offer──▶ verify pool ──Offer──▶ filter pool      (Grant flows the other
//   way) pool ──Work──▶ worker (generator, verifier, filter)      worker ──Hello, Demand, Finished, Failed──▶ pool filter
//   ──Commit──▶ replay ──Committed──▶ filter, ItemsCommitted──▶ curriculum         (after the synced write, never before)
//   curriculum ──Train──▶ trainer ──Trained──▶ curriculum ──Evaluate──▶ evaluator ──Evaluated──▶ curriculum
//   gateway ──AnswerAsked──▶ supervisor ──▶ answerer      gateway ──Grade──▶ supervisor ──▶ filter
//   trainer ──AskDraw──▶ replay ──DrawGranted──▶ trainer                                  (the ratio limiter)

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/asker.hpp"
#include "actors/caf_compat.hpp"
#include "actors/loop_core.hpp"
#include "actors/pool_core.hpp"
#include "config/options.hpp"
#include "config/types.hpp"
#include "model/train_example.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

// ---- what moves through the pipeline: an item and what is known of it so far. Immutable; stages make new ones.
struct Job {
  WorkItem work;
  std::uint64_t generation = 0;  // of the pipeline; jobs of an older one are dropped, their items were issued again
  std::uint64_t sequence = 0;    // order of issue within the generation, from 0
  std::shared_ptr<const std::vector<Attempt>> attempts;
  std::shared_ptr<const std::vector<Verdict>> verdicts;
};
using JobPtr = std::shared_ptr<const Job>;
using JobPool = PoolCore<JobPtr>;

// ---- status
struct ActorStatus {
  std::string role;       // "generator.1"
  std::string state;      // "working", "idle", "waiting", "draining"
  std::string waits_for;  // empty when working
  std::vector<std::pair<std::string, double>> numbers;
  std::uint64_t progress = 0;  // grows whenever something got done: the stall watch looks at it
};

// ---- from the supervisor
struct Peers {
  caf::actor supervisor, curriculum, generate_pool, verify_pool, filter_pool, replay, trainer, evaluator;
};
struct Wire {  // sent to all after every (re)start
  Peers peers;
  std::vector<std::string> restarted;  // roles that are new since the last Wire
};
struct Configure {
  std::shared_ptr<const Options> options;
  std::shared_ptr<const Method> method;
};
struct Pause {
  bool on = false;
};
struct Drain {};
struct Drained {
  std::string role;
};
struct Stop {};
struct StatusRequest {
  std::uint64_t child = 0;
};
struct StatusReport {
  std::uint64_t child = 0;
  ActorStatus status;
};
struct ChildDown {
  std::uint64_t tag = 0;
  std::string reason;
};
struct Tick {};

// ---- stage boundaries
struct Hello {
  WorkerId worker = 0;
  Epoch epoch = 0;
  std::size_t window = 0;
  caf::actor handle;
};
struct Demand {
  WorkerId worker = 0;
  Epoch epoch = 0;
  std::size_t n = 0;
};
struct Leased {
  LeaseId lease = 0;
  JobPtr job;
};
struct Work {
  std::vector<Leased> jobs;
};
struct Finished {
  WorkerId worker = 0;
  Epoch epoch = 0;
  std::vector<Leased> jobs;
};
struct Failed {
  WorkerId worker = 0;
  Epoch epoch = 0;
  LeaseId lease = 0;
  bool retryable = true;
  std::string reason;
};
struct Renew {
  WorkerId worker = 0;
  Epoch epoch = 0;
  std::vector<LeaseId> leases;
};
struct WorkerDown {
  WorkerId worker = 0;
  Epoch epoch = 0;
  std::string reason;
};
struct Grant {
  std::uint64_t generation = 0;
  std::size_t n = 0;
};  // room for n more items
struct Offer {
  std::uint64_t generation = 0;
  std::vector<JobPtr> jobs;
};
struct ResetPipeline {
  std::uint64_t generation = 0;
};  // forget all; the curriculum issues again what is not committed

// ---- the store
struct Commit {
  std::uint64_t token = 0;
  WriteSet set;
  caf::actor reply_to;
};
struct Committed {
  std::uint64_t token = 0;
  WriteReceipt receipt;
};
struct Stored {
  std::uint64_t number = 0;
  Status status;
  WriteReceipt receipt;
};  // the store's writer to replay
struct ItemsCommitted {
  std::vector<ItemState> items;
};
struct Flow {
  bool open = true;
  std::string reason;
};  // replay to curriculum: may new work be granted
struct AskDraw {
  std::size_t count = 0;
};
struct DrawGranted {
  std::size_t count = 0;
};

// ---- training and evaluation
struct Train {
  TrainCommand command;
};
struct StopTraining {};
struct Trained {
  VersionRecord version;
};
struct TrainingStopped {};
struct NothingToTrain {
  std::uint32_t round = 0;
};
struct EngineFailed {
  std::string what;
};
struct Evaluate {
  VersionId version = 0;
};
struct Evaluated {
  EvaluationResult result;
};

// ---- answers. Whoever drops one of these unanswered has answered: with an error, by the destructor of what it holds.
struct AnswerAsked {
  std::string id;
  std::shared_ptr<const AnswerRequest> request;
  std::shared_ptr<Asker> asker;
};
// Answers that feedback was given on, to be judged, selected and committed like what the loop sampled.
struct Grade {
  WorkItem work;
  std::shared_ptr<const std::vector<Attempt>> attempts;
  std::shared_ptr<FeedbackReply> reply;
};

// ---- the admin surface; `done` may be called on any thread, exactly once
struct AskRequest {
  std::string question;
  bool hint = false;
  std::function<void(Result<std::string>)> done;
};
struct EvalRequest {
  VersionId version = 0;
  std::uint64_t limit = 0;
  std::vector<std::string> strategies;  // none: greedy, as each round is evaluated
  std::vector<std::uint64_t> budgets;
  std::function<void(Result<std::string>)> done;
  bool fit_auto = false;     // fit the table of strategy `auto`
  std::uint64_t probes = 0;  // … from so many probes a question; 0 = 1 with a verifier, else 4
};
struct ChooseVersion {
  VersionId version = 0;
  bool rollback = false;
  std::function<void(Status)> done;
};
struct LoopStatus {
  LoopState state;
  std::uint64_t round_done = 0, outstanding = 0;
  std::uint64_t generation = 0;
  bool finished = false;
  bool paused = false;
};
struct LoopNews {
  LoopStatus status;
};  // curriculum to supervisor, after every change
struct SystemStatus {
  std::function<void(std::string)> done;
};

}  // namespace autodidact

AD_CAF_MESSAGES(autodidact_messages, (autodidact::Wire), (autodidact::Configure), (autodidact::Pause), (autodidact::Drain),
                (autodidact::Drained), (autodidact::Stop), (autodidact::StatusRequest), (autodidact::StatusReport),
                (autodidact::ChildDown), (autodidact::Tick), (autodidact::Hello), (autodidact::Demand), (autodidact::Work),
                (autodidact::Finished), (autodidact::Failed), (autodidact::Renew), (autodidact::WorkerDown),
                (autodidact::Grant), (autodidact::Offer), (autodidact::ResetPipeline), (autodidact::Commit),
                (autodidact::Committed), (autodidact::Stored), (autodidact::ItemsCommitted), (autodidact::Flow),
                (autodidact::AskDraw), (autodidact::DrawGranted), (autodidact::Train), (autodidact::StopTraining),
                (autodidact::Trained), (autodidact::TrainingStopped), (autodidact::NothingToTrain), (autodidact::EngineFailed),
                (autodidact::Evaluate), (autodidact::Evaluated), (autodidact::AnswerAsked), (autodidact::Grade),
                (autodidact::AskRequest), (autodidact::EvalRequest), (autodidact::ChooseVersion), (autodidact::LoopNews),
                (autodidact::SystemStatus))
