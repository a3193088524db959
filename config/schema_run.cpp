// Rows of schema(): what the run is about. Keys that name what is in the store (task, seed) need a restart with care; what
// is read when a round is planned waits for the next round.

#include "config/schema_tables.hpp"

namespace autodidact {
namespace {

void add_top(std::vector<Field>& f) {
  using O = Options;
  f.insert(
      f.end(),
      {
          {"config_version", at(&O::config_version), Reload::kRestart, "", between(1, 1),
           "Format of this file. Required, so that an empty file never means \"all defaults\"."},
          {"data_dir", at(&O::data_dir), Reload::kRestart, "path", any(),
           "Where the run lives: replay store, versions, lock, admin socket. One daemon per directory."},
          {"seed", at(&O::seed), Reload::kRestart, "", at_least(0), "Root of every random stream of the run."},
          {"deterministic", at(&O::deterministic), Reload::kRestart, "", any(),
           "Same seed, same store content and weights. Needs loop.schedule = \"iterations\"; record times are then logical."},
          {"watch_config", at(&O::watch_config), Reload::kRestart, "", any(),
           "Reload when this file changes, editors' renames and symlink swaps included."},
          {"exit_when_done", at(&O::exit_when_done), Reload::kLive, "", any(),
           "Leave when the last round is done, instead of staying up to serve."},
      });
}

void add_task(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::task, member); };
  using T = TaskOptions;
  f.insert(
      f.end(),
      {
          {"task.name", in(&T::name), Reload::kRestart, "", one_of({"addition", "countdown", "jsonl", "multiple_choice"}),
           "Where problems come from and how they are judged; see docs/tasks.md."},
          {"task.format", in(&T::format), Reload::kRestart, "", one_of({"compact", "paper"}),
           "addition: the STaR paper's scratchpad, or a shorter one a tiny model learns sooner. countdown: TinyZero's wording, "
           "or a shorter one."},
          {"task.min_digits", in(&T::min_digits), Reload::kRestart, "digits", between(1, 64), "Shortest operands."},
          {"task.max_digits", in(&T::max_digits), Reload::kRestart, "digits", between(1, 64), "Longest operands."},
          {"task.seed_examples", in(&T::seed_examples), Reload::kRestart, "examples", between(0, 1e7),
           "Worked examples per length, from min_digits up; lengths not named have none."},
          {"task.hinted_seed_examples", in(&T::hinted_seed_examples), Reload::kRestart, "examples", between(0, 1e7),
           "Of these, how many show the answer as a hint: they teach the model to rationalize."},
          {"task.digit_weights", in(&T::digit_weights), Reload::kRestart, "", between(0, 1e6),
           "Share of sampled problems per length, from min_digits up; empty = equal shares."},
          {"task.held_out_per_digit", in(&T::held_out_per_digit), Reload::kRestart, "problems", between(1, 1e6),
           "Evaluation problems per length; training never sees them."},
      });
}

void add_problem_set(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::task, member); };
  using T = TaskOptions;
  f.insert(f.end(),
           {
               {"task.train_file", in(&T::train_file), Reload::kRestart, "path", any(),
                "jsonl, multiple_choice: the training problems, one JSON object a line."},
               {"task.held_out_file", in(&T::held_out_file), Reload::kRestart, "path", any(),
                "Evaluation problems; those that also stand in train_file are not trained on. Empty = split off train_file."},
               {"task.held_out_size", in(&T::held_out_size), Reload::kRestart, "problems", between(0, 1e6),
                "Evaluation problems: the first so many of held_out_file, split off train_file, or generated. 0 = all of "
                "held_out_file, else 200."},
               {"task.limit", in(&T::limit), Reload::kRestart, "problems", between(0, 1e9),
                "At most the first so many training problems; 0 = all."},
               {"task.question_field", in(&T::question_field), Reload::kRestart, "", any(),
                "Field of a line that holds the question, \"a.b\" for one inside another; empty = recognised."},
               {"task.answer_field", in(&T::answer_field), Reload::kRestart, "", any(),
                "Field that holds the reference answer; empty = recognised."},
               {"task.answer", in(&T::answer), Reload::kRestart, "", one_of({"math", "exact", "choice"}),
                "jsonl, how an answer is compared with the reference: as mathematics, as text, or as the letter of a choice."},
           });
}

void add_prompts(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::task, member); };
  using T = TaskOptions;
  f.insert(f.end(),
           {
               {"task.prompt", in(&T::prompt), Reload::kRestart, "", any(),
                "How a question is asked as plain text, of a model without a chat template; {question} stands for it."},
               {"task.instruction", in(&T::instruction), Reload::kRestart, "", any(),
                "Shown below every question, and part of the stored prompt."},
               {"task.few_shot_file", in(&T::few_shot_file), Reload::kRestart, "path", any(),
                "Worked examples shown before each question when sampling, never trained on: Q:/A: blocks, or JSONL."},
               {"task.few_shot_hinted_file", in(&T::few_shot_hinted_file), Reload::kRestart, "path", any(),
                "The same with hints, shown before questions that carry one; empty = few_shot_file."},
               {"task.seed_file", in(&T::seed_file), Reload::kRestart, "path", any(),
                "Worked examples the base phase trains on: JSONL with question and completion."},
               {"task.seeds_from_train", in(&T::seeds_from_train), Reload::kRestart, "examples", between(0, 1e6),
                "Worked examples besides: rationales of the first so many training problems; countdown: generated."},
           });
}

void add_countdown(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::task, member); };
  using T = TaskOptions;
  f.insert(
      f.end(),
      {
          {"task.min_numbers", in(&T::min_numbers), Reload::kRestart, "numbers", between(2, 6),
           "countdown: numbers of a problem, at least."},
          {"task.max_numbers", in(&T::max_numbers), Reload::kRestart, "numbers", between(2, 6), "countdown: … at most."},
          {"task.max_number", in(&T::max_number), Reload::kRestart, "", between(2, 1000), "countdown: numbers are 1 to this."},
          {"task.min_target", in(&T::min_target), Reload::kRestart, "", between(1, 1e6), "countdown: smallest target."},
          {"task.max_target", in(&T::max_target), Reload::kRestart, "", between(1, 1e6), "countdown: largest target."},
      });
}

void add_method(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::method, member); };
  using M = MethodOptions;
  f.insert(
      f.end(),
      {
          {"method.name", in(&M::name), Reload::kRestart, "", one_of({"star", "vstar"}), "What is sampled, kept and learnt."},
          {"method.rationalize", in(&M::rationalize), Reload::kNextRound, "", any(),
           "Ask failed problems again with the answer as a hint; the hint is not stored."},
          {"method.check", in(&M::check), Reload::kLive, "", one_of({"process", "answer"}),
           "What a verdict covers: the whole scratchpad (addition alone), or the final answer only (lets copied hints "
           "through)."},
          {"method.init", in(&M::init), Reload::kNextRound, "", one_of({"base", "previous"}),
           "Weights each round's training starts from: the base model, as in the paper, or the last version."},
          {"method.data", in(&M::data), Reload::kRestart, "", one_of({"accumulate", "latest_round"}),
           "Kept attempts a round trains on: of all rounds, or of the latest, as in the paper."},
          {"method.include_seeds", in(&M::include_seeds), Reload::kNextRound, "", any(),
           "Seed examples are part of every round's data."},
          {"method.max_kept_per_problem", in(&M::max_kept_per_problem), Reload::kLive, "attempts", between(0, 1e6),
           "Attempts kept per problem over the whole run; 0 = no cap."},
          {"method.deduplicate", in(&M::deduplicate), Reload::kLive, "", any(),
           "Reject an attempt whose tokens were kept before for the same problem."},
          {"method.random_reward", in(&M::random_reward), Reload::kLive, "probability", between(-1, 1),
           "Control experiment: keep at random with this probability, whatever the verdict; below 0 = off."},
          {"method.revisions", in(&M::revisions), Reload::kNextRound, "share", between(0, 1),
           "Of the right attempts a round trains on, this share is learnt behind up to four wrong ones at the same problem: "
           "what the strategy \"revise\" asks of a model."},
      });
}

void add_loop(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::loop, member); };
  using L = LoopOptions;
  f.insert(f.end(), {
                        {"loop.schedule", in(&L::schedule), Reload::kRestart, "", one_of({"iterations", "continuous"}),
                         "iterations: sample a round, then train on it. continuous: both overlap, bounded by max_staleness."},
                        {"loop.rounds", in(&L::rounds), Reload::kNextRound, "rounds", between(0, 1e6),
                         "Rounds to run (continuous: gate intervals); 0 = until stopped."},
                        {"loop.problems_per_round", in(&L::problems_per_round), Reload::kNextRound, "problems", between(1, 1e9),
                         "Problems sampled per round."},
                        {"loop.stop_at_accuracy", in(&L::stop_at_accuracy), Reload::kNextRound, "share", above(0, 2),
                         "Done when the held-out accuracy of a promoted version reaches this; above 1 = never."},
                        {"loop.max_in_flight", in(&L::max_in_flight), Reload::kRestart, "items", between(1, 1e6),
                         "Work items issued and not yet committed to the store."},
                        {"loop.max_staleness", in(&L::max_staleness), Reload::kLive, "versions", between(0, 1e6),
                         "continuous: versions the weights may move on between sampling an attempt and training on it."},
                        {"loop.staleness_policy", in(&L::staleness_policy), Reload::kLive, "", one_of({"wait", "drop"}),
                         "continuous: hold sampling back at the bound, or sample on and do not train on what is too old."},
                    });
}

}  // namespace

void add_run_fields(std::vector<Field>& fields) {
  add_top(fields);
  add_task(fields);
  add_problem_set(fields);
  add_prompts(fields);
  add_countdown(fields);
  add_method(fields);
  add_loop(fields);
}

}  // namespace autodidact
