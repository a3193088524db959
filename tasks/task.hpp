#pragma once
// Where problems come from and how an answer is judged. One implementation per task; a Task is immutable after construction
// and every method may be called from any thread. Text in, text out: a task knows neither tokens nor models.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

// A worked example: hand-written or generated rationale, ending in the answer.
struct WorkedExample {
  Problem problem;
  std::string completion;  // without the stop token
  bool hinted = false;     // to be shown under hinted_prompt(), teaches the model to rationalize
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;

  // The index-th problem of a split: the same index gives the same problem in every run with the same seed. Training
  // problems never equal a held-out one. held_out_size() problems are held out; training problems are unlimited: a finite set
  // starts again, in another order.
  virtual Problem training_problem(std::uint64_t index) const = 0;
  virtual Problem held_out_problem(std::uint64_t index) const = 0;
  virtual std::uint64_t held_out_size() const = 0;
  // Groups for reports, e.g. "3 digits"; index into group_names().
  virtual std::size_t group_of(const Problem& problem) const = 0;
  virtual std::vector<std::string> group_names() const = 0;

  // The problem's prompt with the answer shown, as STaR's rationalization asks for it. Never stored.
  virtual std::string hinted_prompt(const Problem& problem) const = 0;
  // True when a completion gives away that it saw a hint.
  virtual bool leaks_hint(const Problem& problem, std::string_view completion) const = 0;

  // Judges a completion (stop token removed). process: the whole rationale must be right, not only the answer.
  // Never throws; bounded in time and memory for any input. Outcome kCannotJudge when there is no reference.
  virtual Verdict judge(const Problem& problem, std::string_view completion, bool process) const = 0;

  // The final answer that a completion states, as votes count it: alike for what is the same answer; "" when there is none.
  // Bounded like judge(); needs no reference.
  virtual std::string answer_of(std::string_view completion) const = 0;
  // What stands between the steps of a rationale.
  virtual std::string step_separator() const { return "\n"; }

  // Worked examples to show before the question when sampling; never stored with a problem, never trained on. hinted: before
  // a hinted_prompt(). Their problem.prompt is shown as it stands, with its hint where it has one.
  virtual std::vector<WorkedExample> few_shot(bool hinted) const { return {}; }
  // For a model without a chat template: how what is asked (a prompt, hinted or not) and what answers it are written as plain
  // text, and the text with which the model begins the next question when it should have stopped ("" = none).
  // See plain_text.hpp.
  virtual std::string plain_question(std::string_view asked) const { return std::string(asked); }
  virtual std::string plain_completion(std::string_view completion) const { return std::string(completion); }
  virtual std::string plain_stop() const { return {}; }

  // The seed set, deterministic.
  virtual std::vector<WorkedExample> seeds() const = 0;
  // A problem from a user's own words ("47+85"), or what is expected. For `autodidact ask`.
  virtual Result<Problem> parse_question(std::string_view question) const = 0;
  // Every character prompts and completions may contain; builds the character tokenizer.
  virtual std::string alphabet() const = 0;
};

// kConfig when the options name no known task or do not fit it.
Result<std::shared_ptr<const Task>> make_task(const TaskOptions& options, std::uint64_t seed);

}  // namespace autodidact
