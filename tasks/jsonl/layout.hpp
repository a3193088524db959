#pragma once
// How the common files of problems are laid out, recognised by the fields of a line. Immutable; any thread.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"
#include "tasks/jsonl/line_reader.hpp"

namespace autodidact {

// What a line says of a problem.
struct ProblemRow {
  std::string question;
  std::string reference;             // the answer alone
  std::string rationale;             // worked out and ending in the answer; "" when the file has none
  std::string group;                 // level, subject or data source; "" = none
  double difficulty = 0;             // the level when it is or ends in a number
  std::vector<std::string> choices;  // of a multiple-choice question, a line each
  std::uint64_t line = 0;
};

// Where the question and the answer of each line stand. Of one file: what its first line is, the others must be too.
struct Layout {
  std::string name;  // "question/answer"
  std::string question_field, answer_field;
};

// The fields that are named (not ""), the others by the known layouts; kBadInput says which fields the line has instead.
Result<Layout> recognise_layout(const LineReader& at, const nlohmann::json& row, const std::string& question_field,
                                const std::string& answer_field);
Result<ProblemRow> read_row(const LineReader& at, const Layout& layout, const nlohmann::json& row);

// CommonsenseQA's own nested form; choices and answerKey as Hugging Face has them (also ARC); question, choices, answer with
// the answer's index or letter (MMLU). The reference is the small letter of the right choice.
Result<ProblemRow> read_multiple_choice_row(const LineReader& at, const nlohmann::json& row);

// The answer at the end of a worked solution: what follows the last "####", or stands in the last \boxed{}. Nothing when it
// has neither: then the whole is the answer.
std::optional<std::string> final_answer(std::string_view solution);

}  // namespace autodidact
