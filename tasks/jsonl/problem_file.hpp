#pragma once
// A file of problems, read line by line. Free functions without state; any thread. The first line that is wrong ends it: a set
// with holes in it would measure something else than its name says.

#include <functional>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "tasks/jsonl/layout.hpp"

namespace autodidact {

constexpr std::size_t kMaxProblems = 2'000'000;
constexpr std::size_t kMaxProblemBytes = std::size_t{1} << 30;  // of text that is kept, all problems of a file together

struct RowFormat {
  bool multiple_choice = false;
  std::string question_field, answer_field;  // empty = recognised on the first line
};

// The rows of a text, blank lines left out. kBadInput names file, line and, for what is no JSON, the column.
Result<std::vector<ProblemRow>> read_rows(LineReader& lines, const RowFormat& format);

// `key` is the setting that names the file ("task.train_file"): it goes before every error.
Result<std::vector<ProblemRow>> read_problem_file(const std::string& path, const std::string& key, const RowFormat& format);

// What to say when the file of a setting cannot be read.
Status file_error(const std::string& key, const Status& status);

}  // namespace autodidact
