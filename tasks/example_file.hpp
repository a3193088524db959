#pragma once
// Worked examples a person wrote: STaR's blocks, or JSONL. Free functions without state; any thread.
//
//   Q: What home entertainment equipment requires cable?          {"question": "What …?", "completion": "The answer …"}
//   A: The answer must require cable. … television (c).
//
//   Q: …                          (a blank line between two blocks, none inside one)

#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

constexpr std::size_t kMaxExampleFileBytes = std::size_t{64} << 20;

struct QuestionAndCompletion {
  std::string question, completion;
};

// JSONL when it begins with a brace, else blocks. kBadInput names `file` and the line.
Result<std::vector<QuestionAndCompletion>> parse_examples(std::string_view text, const std::string& file);

// `key` is the setting that names the file; it goes before every error. An empty file is one.
Result<std::vector<QuestionAndCompletion>> read_example_file(const std::string& path, const std::string& key);

}  // namespace autodidact
