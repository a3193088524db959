#include "tasks/addition_task.hpp"

#include <algorithm>

#include "tasks/addition_judge.hpp"
#include "tasks/problem_id.hpp"

namespace autodidact {
namespace {

constexpr const char* kName = "addition";
constexpr std::size_t kMaxQuestionBytes = 4 * kMaxDigits;
constexpr std::int64_t kMaxSeedsPerLength = 1'000'000;

struct SeedCounts {
  std::uint64_t all = 0, hinted = 0;
};

class AdditionTask final : public Task {
 public:
  AdditionTask(AdditionProblems problems, std::unique_ptr<const ScratchpadFormat> format, std::vector<SeedCounts> seed_counts)
      : problems_(std::move(problems)), format_(std::move(format)), seed_counts_(std::move(seed_counts)) {}

  std::string name() const override { return kName; }
  std::string alphabet() const override { return format_->alphabet(); }

  Problem training_problem(std::uint64_t index) const override {
    return to_problem(problems_.training(index), "generated", Split::kTrain);
  }
  Problem held_out_problem(std::uint64_t index) const override {
    AD_REQUIRE(index < held_out_size(), "held-out problem " + std::to_string(index) + " of " + std::to_string(held_out_size()));
    return to_problem(problems_.held_out()[index], "generated", Split::kHeldOut);
  }
  std::uint64_t held_out_size() const override { return problems_.held_out().size(); }

  std::size_t group_of(const Problem& problem) const override {
    const auto sum = format_->parse_prompt(problem.prompt);
    const std::size_t digits = sum ? sum->a.size() : problems_.max_digits();
    return std::clamp(digits, problems_.min_digits(), problems_.max_digits()) - problems_.min_digits();
  }
  std::vector<std::string> group_names() const override {
    std::vector<std::string> names;
    for (std::size_t digits = problems_.min_digits(); digits <= problems_.max_digits(); ++digits) {
      names.push_back(std::to_string(digits) + (digits == 1 ? " digit" : " digits"));
    }
    return names;
  }

  std::string hinted_prompt(const Problem& problem) const override {
    const auto sum = format_->parse_prompt(problem.prompt);
    return sum ? format_->hinted_prompt(*sum) : problem.prompt;
  }
  // Two ways to give it away: repeating the hint's notation, or the bare answer without a single step of working.
  bool leaks_hint(const Problem& problem, std::string_view completion) const override {
    return format_->has_hint_marks(completion) || completion.find(format_->step_separator()) == std::string_view::npos;
  }

  Verdict judge(const Problem& problem, std::string_view completion, bool process) const override {
    return judge_addition(*format_, problem, completion, process);
  }

  std::string answer_of(std::string_view completion) const override {
    const auto answer = format_->answer(completion);
    return answer && answer->size() <= kMaxDigits + 1 ? *answer : "";
  }
  std::string step_separator() const override { return std::string(1, format_->step_separator()); }

  std::vector<WorkedExample> seeds() const override {
    std::vector<WorkedExample> examples;
    for (std::size_t length = 0; length < seed_counts_.size(); ++length) {
      const auto [all, hinted] = seed_counts_[length];
      for (std::uint64_t i = 0; i < all; ++i) {
        const Sum sum = problems_.seed_example(problems_.min_digits() + length, i);
        examples.push_back({to_problem(sum, "seed", Split::kTrain), format_->completion(sum), i < hinted});
      }
    }
    return examples;
  }

  Result<Problem> parse_question(std::string_view question) const override {
    std::string text;
    if (question.size() > kMaxQuestionBytes) question = {};
    for (char c : question) {
      if (c != ' ' && c != '\t' && c != '\n' && c != '\r') text += c;
    }
    while (!text.empty() && (text.back() == '=' || text.back() == '?')) text.pop_back();
    const std::size_t plus = text.find('+');
    const std::string a = text.substr(0, plus), b = plus == std::string::npos ? "" : text.substr(plus + 1);
    if (!is_digits(a) || !is_digits(b) || std::max(a.size(), b.size()) > kMaxDigits) {
      return {Errc::kUsage,
              "not a sum; ask for two whole numbers of at most " + std::to_string(kMaxDigits) + " digits, e.g. \"47+85\""};
    }
    return to_problem(same_length(a, b), "asked", Split::kTrain);
  }

 private:
  // 7+85 is asked as 07+85: the scratchpad has a pair of digits per column.
  static Sum same_length(const std::string& a, const std::string& b) {
    const std::size_t digits = std::max(a.size(), b.size());
    return {std::string(digits - a.size(), '0') + a, std::string(digits - b.size(), '0') + b};
  }

  Problem to_problem(const Sum& sum, const char* source, Split split) const {
    Problem problem;
    problem.task = kName;
    problem.prompt = format_->prompt(sum);
    problem.id = make_problem_id(problem.task, problem.prompt);
    problem.reference = add(sum);
    problem.difficulty = static_cast<double>(sum.a.size());
    problem.source = source;
    problem.split = split;
    return problem;
  }

  const AdditionProblems problems_;
  const std::unique_ptr<const ScratchpadFormat> format_;
  const std::vector<SeedCounts> seed_counts_;  // from min_digits up
};

Status check_counts(const std::string& key, const std::vector<std::int64_t>& counts, std::size_t lengths) {
  if (counts.size() > lengths) {
    return {Errc::kConfig, key + ": must have at most one count per length, " + std::to_string(lengths)};
  }
  for (std::int64_t count : counts) {
    if (count < 0 || count > kMaxSeedsPerLength) {
      return {Errc::kConfig, key + ": counts must be 0 to " + std::to_string(kMaxSeedsPerLength)};
    }
  }
  return {};
}

Result<std::vector<SeedCounts>> seed_counts(const TaskOptions& options) {
  const auto lengths = static_cast<std::size_t>(options.max_digits - options.min_digits + 1);
  AD_RETURN_IF_ERROR(check_counts("task.seed_examples", options.seed_examples, lengths));
  AD_RETURN_IF_ERROR(check_counts("task.hinted_seed_examples", options.hinted_seed_examples, lengths));
  std::vector<SeedCounts> counts(lengths);
  for (std::size_t i = 0; i < options.seed_examples.size(); ++i)
    counts[i].all = static_cast<std::uint64_t>(options.seed_examples[i]);
  for (std::size_t i = 0; i < options.hinted_seed_examples.size(); ++i) {
    counts[i].hinted = static_cast<std::uint64_t>(options.hinted_seed_examples[i]);
    if (counts[i].hinted > counts[i].all) {
      return Status(Errc::kConfig,
                    "task.hinted_seed_examples: at most task.seed_examples of that length, as they are part of them");
    }
  }
  return counts;
}

}  // namespace

Result<std::shared_ptr<const Task>> make_addition_task(const TaskOptions& options, std::uint64_t seed) {
  std::unique_ptr<const ScratchpadFormat> format;
  if (options.format == "compact") format = make_compact_format();
  if (options.format == "paper") format = make_paper_format();
  if (!format)
    return Status(Errc::kConfig, "task.format: \"" + options.format + "\" is not known, use \"compact\" or \"paper\"");
  AD_ASSIGN_OR_RETURN(auto problems, AdditionProblems::make(options, seed));
  AD_ASSIGN_OR_RETURN(auto counts, seed_counts(options));
  return std::shared_ptr<const Task>(std::make_shared<AdditionTask>(std::move(problems), std::move(format), std::move(counts)));
}

}  // namespace autodidact
