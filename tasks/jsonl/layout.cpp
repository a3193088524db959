#include "tasks/jsonl/layout.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tasks/jsonl/fields.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

// In the order of trying: the more particular first.
const std::vector<Layout>& known_layouts() {
  static const std::vector<Layout> kLayouts = {
      {"verl", "prompt", "reward_model.ground_truth"},
      {"prompt/ground_truth", "prompt", "ground_truth"},
      {"prompt/completion", "prompt", "completion"},
      {"question/answer", "question", "answer"},
      {"problem/answer", "problem", "answer"},
      {"problem/solution", "problem", "solution"},
      {"messages", "messages", "messages"},
  };
  return kLayouts;
}

std::string layout_names() {
  std::string names;
  for (const Layout& layout : known_layouts()) names += (names.empty() ? "" : ", ") + layout.name;
  return names;
}

std::string field_names(const json& row) {
  std::string names;
  for (const auto& item : row.items()) {
    if (names.size() > 200) return names + ", …";
    names += (names.empty() ? "" : ", ") + readable(item.key());
  }
  return names.empty() ? "no fields" : "the fields " + names;
}

// GSM8K marks where a calculator worked: "48/2 = <<48/2=24>>24". Such marks are no part of a text to learn.
std::string without_calculator(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find("<<", at);
    const std::size_t close = open == std::string_view::npos ? open : text.find(">>", open);
    if (close == std::string_view::npos) return plain.append(text.substr(at));
    plain.append(text.substr(at, open - at));
    at = close + 2;
  }
  return plain;
}

// "Level 5" and 5 are 5.
double number_at_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of("0123456789");
  const std::string_view digits = last == std::string_view::npos ? text : text.substr(last + 1);
  double value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return end.ec == std::errc() && digits.size() <= 9 ? value : 0;
}

// The first of these fields that is there groups the problems in reports.
void read_group(const json& row, ProblemRow& problem) {
  for (const char* field : {"level", "subject", "type", "data_source"}) {
    const auto found = row.find(field);
    if (found == row.end() || !(found->is_string() || found->is_number_integer())) continue;
    const std::string text = found->is_string() ? found->get<std::string>() : found->dump();
    problem.group = (found->is_string() ? "" : std::string(field) + " ") + readable(one_line(text));
    if (std::string_view(field) == "level") problem.difficulty = number_at_end(text);
    return;
  }
}

// MATH has a solution beside its answer, prompt/completion and messages have the answer at the solution's end.
void read_rationale(const json& row, const std::string& answer, ProblemRow& problem) {
  if (const auto final = final_answer(answer)) {
    problem.reference = *final;
    problem.rationale = without_calculator(trimmed(answer));
    return;
  }
  problem.reference = trimmed(answer);
  const auto solution = row.find("solution");
  if (solution != row.end() && solution->is_string()) problem.rationale = trimmed(solution->get<std::string>());
}

}  // namespace

std::optional<std::string> final_answer(std::string_view solution) {
  if (const std::size_t mark = solution.rfind("####"); mark != std::string_view::npos) {
    return std::string(trimmed(solution.substr(mark + 4)));
  }
  const std::string_view boxed = last_boxed(solution);
  if (boxed.data() == nullptr) return std::nullopt;
  return std::string(trimmed(boxed));
}

Result<Layout> recognise_layout(const LineReader& at, const json& row, const std::string& question_field,
                                const std::string& answer_field) {
  if (!question_field.empty() && !answer_field.empty()) return Layout{"named", question_field, answer_field};
  for (const Layout& known : known_layouts()) {
    const Layout layout{known.name, question_field.empty() ? known.question_field : question_field,
                        answer_field.empty() ? known.answer_field : answer_field};
    if (find_field(row, layout.question_field) && find_field(row, layout.answer_field)) return layout;
  }
  return at.error("the line has " + field_names(row) + ", which is none of the known layouts (" + layout_names() +
                  "); say where the question and the answer are with task.question_field and task.answer_field");
}

Result<ProblemRow> read_row(const LineReader& at, const Layout& layout, const json& row) {
  ProblemRow problem;
  AD_ASSIGN_OR_RETURN(problem.question, text_field(at, row, layout.question_field, "user"));
  AD_ASSIGN_OR_RETURN(const std::string answer, text_field(at, row, layout.answer_field, "assistant"));
  problem.question = trimmed(problem.question);
  if (problem.question.empty()) return at.error("field \"" + readable(layout.question_field) + "\" holds no question");
  read_rationale(row, answer, problem);
  if (problem.reference.empty()) return at.error("field \"" + readable(layout.answer_field) + "\" holds no answer");
  read_group(row, problem);
  problem.line = at.line_number();
  return problem;
}

}  // namespace autodidact
