#pragma once
// The outer loop as a state machine without CAF, threads or clocks: which problems are sampled, when training and evaluation
// happen, which weights serve. The curriculum actor owns one and carries its effects out.
//
//   seed ─▶ base ─▶ evaluate ─▶ ┌ iterations: sample(n) ─▶ train(n) ─▶ evaluate ─▶ sample(n+1) … ─▶ done
//                                 (with a verifier: train(n) ─▶ verifier(n) ─▶ evaluate)
//                               └ continuous: sampling and training overlap; each published version is evaluated
//
// Durable: LoopState (written by whoever carries out Effects.persist, in submission order) and what the store knows of items
// and versions. restore() rebuilds everything else, so a crash at any instant skips and repeats no problem.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/round_cursor.hpp"
#include "config/options.hpp"
#include "config/status.hpp"
#include "methods/method.hpp"

namespace autodidact {

// Train until plan.steps are done and write version `produce`; open_ended: go on until stopped, a version every
// train.publish_every_steps.
struct TrainCommand {
  std::uint32_t round = 0;
  TrainPlan plan;
  VersionId start = 0;    // weights to begin from; 0 = fresh random weights (the base phase)
  VersionId produce = 0;  // the (first) version to write
  bool open_ended = false;
  VersionLine line = VersionLine::kGenerator;
};

// What the owner must carry out, in this order: write, then command. Every field may be empty.
struct Effects {
  bool write_seeds = false;  // commit the seed examples together with `persist`
  std::optional<LoopState> persist;
  std::vector<VersionRecord> versions;                      // state or metrics changed
  std::vector<std::pair<std::string, std::string>> events;  // kind, detail (a JSON object)
  std::optional<VersionId> serve;                           // publish these weights to the samplers
  std::optional<VersionId> serve_verifier;                  // … and these to whoever scores
  std::optional<TrainCommand> train;
  bool stop_training = false;
  std::optional<VersionId> evaluate;
  bool finished = false;  // the last round is done
};

struct EvaluationResult {
  VersionId version = 0;
  double accuracy = 0;
  std::string metrics_json;
};

class LoopCore {
 public:
  LoopCore(std::shared_ptr<const Task> task, std::shared_ptr<const Method> method, const Options& options);

  using ItemsOfRound = std::function<Result<std::vector<ItemState>>(std::uint32_t)>;
  // Continues from what is durable. Returns what to do first.
  Result<Effects> restore(const LoopState& state, std::vector<VersionRecord> versions, const ItemsOfRound& items_of_round);

  // What a round asks ahead of its own problems, asked when a round begins or is restored. Before restore().
  using AskAgain = std::function<std::vector<AskedAgain>()>;
  void set_ask_again(AskAgain ask_again) { ask_again_ = std::move(ask_again); }

  // Up to `room` items to sample now. Empty while paused, out of phase, or when all are out.
  std::vector<WorkItem> issue(std::size_t room);
  // Everything outstanding will be issued again.
  void give_back();

  Effects seeds_written();
  // Continuous: every round is sampled, the trainer is to write its last version.
  bool training_ends() const { return state_.phase == "continuous" && rounds_.empty(); }
  Effects committed(const ItemState& item);
  Effects trained(const VersionRecord& candidate);  // durable, as a candidate
  Effects training_stopped();                       // open-ended training ended after stop_training
  Effects nothing_to_train();                       // no kept attempts: the round ends without a new version
  Effects evaluated(const EvaluationResult& result);
  Effects promote(VersionId version, Status& status);  // by hand; status says why not
  Effects rollback(VersionId version, Status& status);

  // Takes live and next-round keys. The method is made from the same options.
  void configure(std::shared_ptr<const Method> method, const Options& options);
  void pause(bool paused) { paused_ = paused; }
  bool paused() const { return paused_; }

  const LoopState& state() const { return state_; }
  std::size_t outstanding() const;
  std::uint64_t round_done() const { return rounds_.empty() ? 0 : rounds_.front().done(); }
  std::string waits_for() const;  // one phrase for `status`
  const std::vector<VersionRecord>& versions() const { return versions_; }

 private:
  Effects enter_round(std::uint32_t round);
  Effects enter_train();
  Effects enter_verifier();
  Effects verifier_trained(const VersionRecord& candidate);
  void close_rounds(Effects& effects);
  Effects next_round_or_done();
  Effects resume_training();
  void open_round(std::uint32_t round, std::uint64_t size);
  bool last_round(std::uint32_t round) const;
  bool accurate_enough() const;
  VersionRecord* find(VersionId version);
  VersionRecord* newest(VersionLine line);
  VersionId next_version() const;
  TrainCommand base_command() const;

  std::shared_ptr<const Task> task_;
  std::shared_ptr<const Method> method_;
  Options options_;
  LoopState state_;
  std::deque<RoundCursor> rounds_;  // iterations: at most one; continuous: those not complete yet
  std::vector<VersionRecord> versions_;
  VersionId measuring_ = 0, measured_ = 0;  // the newest version the evaluator was given, and the newest it gave back
  bool trainer_stopped_ = false;            // continuous: after the last round
  AskAgain ask_again_;                      // null: nothing
  double last_accuracy_ = 0;
  bool paused_ = false;
};

// Promote when accuracy has not fallen by more than max_regression below the best so far. Empty = promote, else the reason.
std::string gate_refusal(const EvalOptions& options, double accuracy, double best);

}  // namespace autodidact
