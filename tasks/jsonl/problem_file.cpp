#include "tasks/jsonl/problem_file.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "tasks/jsonl/json_line.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

std::size_t bytes_of(const ProblemRow& row) {
  std::size_t bytes = row.question.size() + row.reference.size() + row.rationale.size();
  for (const std::string& choice : row.choices) bytes += choice.size();
  return bytes;
}

}  // namespace

Result<std::vector<ProblemRow>> read_rows(LineReader& lines, const RowFormat& format) {
  std::vector<ProblemRow> rows;
  std::optional<Layout> layout;
  std::size_t bytes = 0;
  for (std::string_view line;;) {
    AD_ASSIGN_OR_RETURN(const bool more, lines.next(line));
    if (!more) break;
    if (trimmed(line).empty()) continue;
    AD_ASSIGN_OR_RETURN(const auto json, parse_json_line(lines, line));
    if (!format.multiple_choice && !layout) {
      AD_ASSIGN_OR_RETURN(layout, recognise_layout(lines, json, format.question_field, format.answer_field));
    }
    AD_ASSIGN_OR_RETURN(ProblemRow row, layout ? read_row(lines, *layout, json) : read_multiple_choice_row(lines, json));
    bytes += bytes_of(row);
    rows.push_back(std::move(row));
    if (rows.size() > kMaxProblems || bytes > kMaxProblemBytes) {
      return lines.error("more than " + std::to_string(kMaxProblems) + " problems or " +
                         std::to_string(kMaxProblemBytes >> 20) + " MiB of text; give a part of the file");
    }
  }
  return rows;
}

Status file_error(const std::string& key, const Status& status) {
  const Status named = status.with_context(key);
  if (status.code() != Errc::kNotFound) return named;
  return {Errc::kNotFound, named.message() + "; see the comment at the head of the preset for the command that gets it"};
}

Result<std::vector<ProblemRow>> read_problem_file(const std::string& path, const std::string& key, const RowFormat& format) {
  auto lines = LineReader::open(path);
  if (!lines.ok()) return file_error(key, lines.status());
  auto rows = read_rows(*lines, format);
  if (!rows.ok()) return file_error(key, rows.status());
  if (rows->empty()) return Status(Errc::kBadInput, key + ": " + path + " holds no problem; expected one JSON object a line");
  return rows;
}

}  // namespace autodidact
