#include "tasks/example_file.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "tasks/jsonl/fields.hpp"
#include "tasks/jsonl/json_line.hpp"
#include "tasks/jsonl/problem_file.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

// Gives away `text`, a reader's buffer at a time.
ReadBytes source_of(std::string_view text) {
  return [text](std::span<char> to) mutable -> Result<std::size_t> {
    const std::size_t n = std::min(to.size(), text.size());
    std::copy_n(text.begin(), n, to.begin());
    text.remove_prefix(n);
    return n;
  };
}

Result<QuestionAndCompletion> json_example(const LineReader& at, std::string_view line) {
  AD_ASSIGN_OR_RETURN(const auto json, parse_json_line(at, line));
  AD_ASSIGN_OR_RETURN(const std::string question, text_field(at, json, "question", "user"));
  AD_ASSIGN_OR_RETURN(const std::string completion, text_field(at, json, "completion", "assistant"));
  return QuestionAndCompletion{std::string(trimmed(question)), std::string(trimmed(completion))};
}

// A block's lines; `at` stands on its last one.
Result<QuestionAndCompletion> block_example(const LineReader& at, std::string_view block) {
  const std::size_t answer = block.find("\nA:");
  if (!block.starts_with("Q:") || answer == std::string_view::npos) {
    return at.error("the block that ends here must begin with \"Q:\" and go on with a line that begins with \"A:\"");
  }
  return QuestionAndCompletion{std::string(trimmed(block.substr(2, answer - 2))),
                               std::string(trimmed(block.substr(answer + 3)))};
}

class ExampleParser {
 public:
  explicit ExampleParser(bool json) : json_(json) {}

  Status take(const LineReader& at, std::string_view line) {
    const bool blank = trimmed(line).empty();
    if (json_) return blank ? Status() : add(at, json_example(at, line));
    if (line.find('\0') != std::string_view::npos) return at.error("a NUL byte");
    if (blank) return end_block(at);
    block_ += (block_.empty() ? "" : "\n") + std::string(line);
    return {};
  }
  Status end_block(const LineReader& at) {
    if (block_.empty()) return {};
    const std::string block = std::move(block_);
    block_.clear();
    return add(at, block_example(at, block));
  }
  std::vector<QuestionAndCompletion> examples;

 private:
  Status add(const LineReader& at, Result<QuestionAndCompletion> example) {
    if (!example.ok()) return example.status();
    if (example->question.empty() || example->completion.empty()) return at.error("an example without question or completion");
    examples.push_back(std::move(*example));
    return {};
  }

  const bool json_;
  std::string block_;
};

}  // namespace

Result<std::vector<QuestionAndCompletion>> parse_examples(std::string_view text, const std::string& file) {
  LineReader lines(source_of(text), file);
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  ExampleParser parser(first != std::string_view::npos && text[first] == '{');
  for (std::string_view line;;) {
    AD_ASSIGN_OR_RETURN(const bool more, lines.next(line));
    if (!more) break;
    AD_RETURN_IF_ERROR(parser.take(lines, line));
  }
  AD_RETURN_IF_ERROR(parser.end_block(lines));
  return std::move(parser.examples);
}

Result<std::vector<QuestionAndCompletion>> read_example_file(const std::string& path, const std::string& key) {
  const auto text = read_file(path, kMaxExampleFileBytes);
  if (!text.ok()) return file_error(key, text.status());
  auto examples = parse_examples(*text, path);
  if (!examples.ok()) return file_error(key, examples.status());
  if (examples->empty()) return Status(Errc::kBadInput, key + ": " + path + " holds no example");
  return examples;
}

}  // namespace autodidact
