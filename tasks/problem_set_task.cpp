#include "tasks/problem_set_task.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "tasks/example_file.hpp"
#include "tasks/problem_id.hpp"
#include "tasks/shuffle.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kMaxQuestionBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxGroups = 64;  // a report with more rows is no report
constexpr const char* kOtherGroup = "other";
constexpr std::uint64_t kOrderStream = 0x6f72646572;  // "order"

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::vector<WorkedExample> seeds_of_file(const std::vector<QuestionAndCompletion>& examples, const PromptFormat& format,
                                         const std::string& task) {
  std::vector<WorkedExample> seeds;
  for (const QuestionAndCompletion& example : examples) {
    Problem problem;
    problem.task = task;
    problem.prompt = format.asked(example.question);
    problem.id = make_problem_id(task, problem.prompt);
    const auto answer = final_answer(example.completion);
    problem.has_reference = answer.has_value();
    problem.reference = answer.value_or("");
    problem.source = "seed";
    seeds.push_back({std::move(problem), example.completion, false});
  }
  return seeds;
}

// An example tells its answer: one that is asked in the evaluation may not.
class HeldOutCheck {
 public:
  explicit HeldOutCheck(const ProblemSet& problems) {
    for (const ProblemRow& row : problems.held_out()) questions_.insert(normalised(question_text(row)));
  }
  Status operator()(const char* key, std::string_view question) const {
    if (!questions_.contains(normalised(question))) return {};
    return {Errc::kConfig, std::string(key) + ": \"" + readable(one_line(question)) + "\" is a held-out question; take it out"};
  }

 private:
  std::set<std::string> questions_;
};

Status check_few_shot(const PromptFormat& format, const HeldOutCheck& check) {
  for (const WorkedExample& example : format.few_shot(false)) {
    AD_RETURN_IF_ERROR(check("task.few_shot_file", format.question_of(example.problem.prompt)));
  }
  return {};
}

Status check_rationales(const ProblemSet& problems, std::int64_t wanted) {
  const auto with = std::ranges::count_if(problems.training(), [](const ProblemRow& row) { return !row.rationale.empty(); });
  if (with >= wanted) return {};
  return {Errc::kConfig, "task.seeds_from_train: " + std::to_string(with) + " problems of task.train_file have a rationale, " +
                             std::to_string(wanted) + " are wanted"};
}

}  // namespace

std::string question_text(const ProblemRow& row) {
  std::string text = row.question;
  if (!row.choices.empty()) text += "\nAnswer Choices:";
  for (std::size_t i = 0; i < row.choices.size(); ++i) {
    text += std::string("\n(") + static_cast<char>('a' + i) + ") " + row.choices[i];
  }
  return text;
}

Result<ProblemSetParts> load_problem_set(const TaskOptions& options, std::uint64_t seed, bool multiple_choice) {
  AD_ASSIGN_OR_RETURN(auto format, PromptFormat::make(options));
  AD_ASSIGN_OR_RETURN(auto problems, ProblemSet::load(options, multiple_choice));
  AD_RETURN_IF_ERROR(check_rationales(problems, options.seeds_from_train));
  const HeldOutCheck held_out(problems);
  AD_RETURN_IF_ERROR(check_few_shot(format, held_out));
  std::vector<WorkedExample> seeds;
  if (!options.seed_file.empty()) {
    AD_ASSIGN_OR_RETURN(const auto examples, read_example_file(options.seed_file, "task.seed_file"));
    for (const QuestionAndCompletion& example : examples) AD_RETURN_IF_ERROR(held_out("task.seed_file", example.question));
    seeds = seeds_of_file(examples, format, options.name);
  }
  return ProblemSetParts{std::move(problems), std::move(format), std::move(seeds), seed};
}

ProblemSetTask::ProblemSetTask(const TaskOptions& options, ProblemSetParts parts)
    : name_(options.name),
      train_source_(file_name(options.train_file)),
      held_out_source_(options.held_out_file.empty() ? train_source_ : file_name(options.held_out_file)),
      parts_(std::move(parts)),
      seeds_from_train_(static_cast<std::uint64_t>(options.seeds_from_train)) {
  name_groups();
}

Problem ProblemSetTask::training_problem(std::uint64_t index) const {
  const auto& rows = parts_.problems.training();
  const std::uint64_t pass = index / rows.size();
  const std::uint64_t at = shuffled(index % rows.size(), rows.size(), counter_hash({parts_.seed, kOrderStream, pass}));
  return to_problem(rows[at], train_source_, Split::kTrain);
}

Problem ProblemSetTask::held_out_problem(std::uint64_t index) const {
  AD_REQUIRE(index < held_out_size(), "held-out problem " + std::to_string(index) + " of " + std::to_string(held_out_size()));
  return to_problem(parts_.problems.held_out()[index], held_out_source_, Split::kHeldOut);
}

Problem ProblemSetTask::to_problem(const ProblemRow& row, const std::string& source, Split split) const {
  Problem problem;
  problem.task = name_;
  problem.prompt = parts_.format.asked(question_text(row));
  problem.id = make_problem_id(problem.task, problem.prompt);
  problem.reference = row.reference;
  problem.difficulty = row.difficulty;
  problem.source = source + ":" + std::to_string(row.line);
  problem.split = split;
  return problem;
}

void ProblemSetTask::name_groups() {
  std::set<std::string> names;
  for (const auto* rows : {&parts_.problems.training(), &parts_.problems.held_out()}) {
    for (const ProblemRow& row : *rows) names.insert(row.group.empty() ? kOtherGroup : row.group);
  }
  if (names.size() == 1) {
    group_names_ = {"all"};
    return;
  }
  group_names_.assign(names.begin(), names.end());
  if (group_names_.size() > kMaxGroups) {
    group_names_.resize(kMaxGroups - 1);
    std::erase(group_names_, kOtherGroup);
    group_names_.emplace_back(kOtherGroup);
  }
  std::unordered_map<std::string, std::uint32_t> places;
  for (std::size_t i = 0; i < group_names_.size(); ++i) places.emplace(group_names_[i], static_cast<std::uint32_t>(i));
  const auto last = static_cast<std::uint32_t>(group_names_.size() - 1);
  for (const auto* rows : {&parts_.problems.training(), &parts_.problems.held_out()}) {
    for (const ProblemRow& row : *rows) {
      const auto place = places.find(row.group.empty() ? kOtherGroup : row.group);
      group_of_[to_problem(row, "", Split::kTrain).id] = place == places.end() ? last : place->second;
    }
  }
}

std::size_t ProblemSetTask::group_of(const Problem& problem) const {
  const auto found = group_of_.find(problem.id);
  return found == group_of_.end() ? group_names_.size() - 1 : found->second;
}

std::vector<WorkedExample> ProblemSetTask::seeds() const {
  std::vector<WorkedExample> seeds = parts_.seeds;
  const std::size_t all = seeds.size() + seeds_from_train_;
  for (const ProblemRow& row : parts_.problems.training()) {
    if (seeds.size() == all) break;
    if (!row.rationale.empty()) seeds.push_back({to_problem(row, train_source_, Split::kTrain), row.rationale, false});
  }
  return seeds;
}

Result<Problem> ProblemSetTask::parse_question(std::string_view question) const {
  question = trimmed(question);
  if (question.empty() || question.size() > kMaxQuestionBytes || question.find('\0') != std::string_view::npos) {
    return {Errc::kUsage, "expected a question of at most " + std::to_string(kMaxQuestionBytes >> 10) + " KiB of text"};
  }
  Problem problem;
  problem.task = name_;
  problem.prompt = parts_.format.asked(question);
  problem.id = make_problem_id(problem.task, problem.prompt);
  problem.has_reference = false;
  problem.source = "asked";
  return problem;
}

}  // namespace autodidact
