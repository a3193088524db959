#include "tasks/countdown/countdown_task.hpp"

#include <algorithm>

#include "tasks/countdown/expression.hpp"
#include "tasks/hint.hpp"
#include "tasks/problem_id.hpp"
#include "tasks/prompt_format.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

constexpr const char* kName = "countdown";
constexpr std::size_t kMaxQuestionBytes = 256;
constexpr std::string_view kHint = " (The answer is ";

std::string joined(const std::vector<std::int64_t>& numbers, const char* separator) {
  std::string text;
  for (const std::int64_t number : numbers) text += (text.empty() ? "" : separator) + std::to_string(number);
  return text;
}

std::string compact_question(const Countdown& problem) {
  return joined(problem.numbers, " ") + " -> " + std::to_string(problem.target) + ":";
}

std::string paper_question(const Countdown& problem) {
  return "Using the numbers [" + joined(problem.numbers, ", ") + "], create an equation that equals " +
         std::to_string(problem.target) +
         ". You can use basic arithmetic operations (+, -, *, /) and each number can only be used once. Show your work in "
         "<think> </think> tags. And return the final answer in <answer> </answer> tags, for example <answer> (1 + 2) / 3 "
         "</answer>.";
}

class CountdownTask final : public Task {
 public:
  CountdownTask(const TaskOptions& options, CountdownProblems problems, PromptFormat format)
      : problems_(std::move(problems)),
        format_(std::move(format)),
        compact_(options.format == "compact"),
        own_alphabet_(compact_ && options.instruction.empty() && options.few_shot_file.empty()),
        seed_examples_(static_cast<std::uint64_t>(options.seeds_from_train)) {}

  std::string name() const override { return kName; }
  std::string alphabet() const override { return own_alphabet_ ? "0123456789+-*/()=,>: Answer" : printable_ascii(); }

  Problem training_problem(std::uint64_t index) const override {
    return to_problem(problems_.training(index), "generated", Split::kTrain);
  }
  Problem held_out_problem(std::uint64_t index) const override {
    AD_REQUIRE(index < held_out_size(), "held-out problem " + std::to_string(index) + " of " + std::to_string(held_out_size()));
    return to_problem(problems_.held_out()[index], "generated", Split::kHeldOut);
  }
  std::uint64_t held_out_size() const override { return problems_.held_out().size(); }

  std::size_t group_of(const Problem& problem) const override {
    const auto parsed = parse_countdown(problem.prompt);
    const std::size_t count = parsed ? parsed->numbers.size() : problems_.max_numbers();
    return std::clamp(count, problems_.min_numbers(), problems_.max_numbers()) - problems_.min_numbers();
  }
  std::vector<std::string> group_names() const override {
    std::vector<std::string> names;
    for (std::size_t n = problems_.min_numbers(); n <= problems_.max_numbers(); ++n)
      names.push_back(std::to_string(n) + " numbers");
    return names;
  }

  std::string hinted_prompt(const Problem& problem) const override {
    if (!problem.has_reference) return problem.prompt;
    const std::string question(format_.question_of(problem.prompt));
    if (compact_) return format_.asked(question + "(" + problem.reference + "):");
    return format_.asked(question + std::string(kHint) + problem.reference + ".)");
  }
  // A step towards the target is an equation.
  bool leaks_hint(const Problem&, std::string_view completion) const override {
    const std::size_t answer = std::min({completion.rfind("<answer>"), completion.rfind("Answer:"), completion.size()});
    return completion.find(kHint.substr(1)) != std::string_view::npos || speaks_of_hint(completion) ||
           completion.substr(0, answer).find('=') == std::string_view::npos;
  }
  Verdict judge(const Problem& problem, std::string_view completion, bool process) const override;
  // As written: another expression of the same value is another answer, since which one is right is what is asked.
  std::string answer_of(std::string_view completion) const override {
    const auto answer = countdown_answer(completion);
    return answer ? readable(*answer) : "";
  }
  std::string step_separator() const override { return compact_ ? "," : "\n"; }

  std::vector<WorkedExample> few_shot(bool hinted) const override { return format_.few_shot(hinted); }
  std::string plain_question(std::string_view asked) const override {
    return compact_ ? std::string(asked) : format_.plain_question(asked);
  }
  std::string plain_completion(std::string_view text) const override {
    return compact_ ? std::string(text) : format_.plain_completion(text);
  }
  std::string plain_stop() const override { return compact_ ? "\n" : format_.plain_stop(); }

  std::vector<WorkedExample> seeds() const override;
  Result<Problem> parse_question(std::string_view question) const override;

 private:
  Problem to_problem(const Countdown& drawn, const char* source, Split split) const;

  const CountdownProblems problems_;
  const PromptFormat format_;
  const bool compact_, own_alphabet_;
  const std::uint64_t seed_examples_;
};

Problem CountdownTask::to_problem(const Countdown& drawn, const char* source, Split split) const {
  Problem problem;
  problem.task = kName;
  problem.prompt = format_.asked(compact_ ? compact_question(drawn) : paper_question(drawn));
  problem.id = make_problem_id(problem.task, problem.prompt);
  problem.reference = drawn.solution;
  problem.has_reference = !drawn.solution.empty();
  problem.difficulty = static_cast<double>(drawn.numbers.size());
  problem.source = source;
  problem.split = split;
  return problem;
}

// The target is in the question: a solution is judged without the one that is known. It is its own working, so that `process`
// asks for nothing more.
Verdict CountdownTask::judge(const Problem& problem, std::string_view completion, bool) const {
  Verdict verdict;
  verdict.checker = kName;
  const auto asked = parse_countdown(problem.prompt);
  if (!asked) return verdict;
  const auto answer = countdown_answer(completion);
  verdict.answer_correct = answer && solves(*asked, *answer);
  if (answer) verdict.extracted = readable(*answer);
  verdict.outcome = verdict.answer_correct ? Outcome::kCorrect : Outcome::kWrong;
  verdict.score = verdict.answer_correct ? 1.0f : 0.0f;
  return verdict;
}

std::vector<WorkedExample> CountdownTask::seeds() const {
  std::vector<WorkedExample> examples;
  for (std::uint64_t i = 0; i < seed_examples_; ++i) {
    const Countdown drawn = problems_.seed_example(i);
    std::string steps;
    for (const std::string& step : drawn.steps) steps += step + ",";
    std::string text = compact_ ? steps + "Answer: " + drawn.solution
                                : "<think> " + steps + " </think> <answer> " + drawn.solution + " </answer>";
    examples.push_back({to_problem(drawn, "seed", Split::kTrain), std::move(text), false});
  }
  return examples;
}

Result<Problem> CountdownTask::parse_question(std::string_view question) const {
  const auto asked = parse_countdown(question);
  if (!asked || question.size() > kMaxQuestionBytes) {
    return {Errc::kUsage, "not a Countdown problem; give two to six numbers and the target, e.g. \"8 3 5 -> 25\""};
  }
  return to_problem(*asked, "asked", Split::kTrain);
}

}  // namespace

std::optional<Countdown> parse_countdown(std::string_view text) {
  constexpr std::size_t kMaxHead = 512;  // the target stands there, whatever instruction follows
  text = text.substr(0, kMaxHead);
  // Where the numbers end and the target begins.
  std::size_t gap = text.find("->");
  if (gap == std::string_view::npos) gap = text.find(']');
  if (gap == std::string_view::npos) return std::nullopt;
  Countdown problem;
  std::size_t at = 0;
  while (problem.target == 0) {
    at = text.find_first_of("0123456789", at);
    if (at == std::string_view::npos) return std::nullopt;
    const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    if (end - at > 7) return std::nullopt;
    const std::int64_t number = std::stoll(std::string(text.substr(at, end - at)));
    if (at > gap) {
      if (number == 0) return std::nullopt;
      problem.target = number;
    } else {
      problem.numbers.push_back(number);
    }
    at = end;
  }
  if (problem.numbers.size() < 2 || problem.numbers.size() > 6) return std::nullopt;
  return problem;
}

std::optional<std::string> countdown_answer(std::string_view completion) {
  constexpr std::string_view kOpen = "<answer>", kClose = "</answer>", kWord = "Answer:";
  const std::size_t tag = completion.rfind(kOpen), word = completion.rfind(kWord);
  if (tag != std::string_view::npos && (word == std::string_view::npos || tag > word)) {
    const std::string_view rest = completion.substr(tag + kOpen.size());
    const std::size_t close = rest.find(kClose);
    if (close == std::string_view::npos) return std::nullopt;
    return std::string(trimmed(rest.substr(0, close)));
  }
  if (word == std::string_view::npos) return std::nullopt;
  const std::string_view rest = completion.substr(word + kWord.size());
  return std::string(trimmed(rest.substr(0, rest.find('\n'))));
}

bool solves(const Countdown& problem, std::string_view expression) {
  auto written = evaluate_expression(expression);
  if (!written || written->value != Fraction{problem.target, 1}) return false;
  return std::is_permutation(written->numbers.begin(), written->numbers.end(), problem.numbers.begin(), problem.numbers.end());
}

Result<std::shared_ptr<const Task>> make_countdown_task(const TaskOptions& options, std::uint64_t seed) {
  if (options.format != "compact" && options.format != "paper") {
    return Status(Errc::kConfig, "task.format: \"" + options.format + "\" is not known, use \"compact\" or \"paper\"");
  }
  AD_ASSIGN_OR_RETURN(auto format, PromptFormat::make(options));
  AD_ASSIGN_OR_RETURN(auto problems, CountdownProblems::make(options, seed));
  return std::shared_ptr<const Task>(std::make_shared<CountdownTask>(options, std::move(problems), std::move(format)));
}

}  // namespace autodidact
