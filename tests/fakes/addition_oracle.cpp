#include "tests/fakes/addition_oracle.hpp"

#include <algorithm>
#include <memory>

#include "config/status.hpp"
#include "tasks/counter_hash.hpp"
#include "tasks/scratchpad_format.hpp"

namespace autodidact {
namespace {

struct Question {
  Sum sum;
  bool hinted = false;
  std::size_t begun = 0;  // characters of a completion behind the prompt
};

// A hinted prompt is an unhinted one with text put in: try every beginning of it, alone and closed by a newline. Otherwise a
// completion has been begun.
Question read_prompt(const ScratchpadFormat& format, const std::string& prompt) {
  if (const auto sum = format.parse_prompt(prompt)) return {*sum, false, 0};
  for (std::size_t length = prompt.size(); length-- > 1;) {
    for (const char* end : {"", "\n"}) {
      const auto sum = format.parse_prompt(prompt.substr(0, length) + end);
      if (sum && format.hinted_prompt(*sum) == prompt) return {*sum, true, 0};
    }
  }
  for (std::size_t length = prompt.size(); length-- > 1;)
    if (const auto sum = format.parse_prompt(prompt.substr(0, length))) return {*sum, false, prompt.size() - length};
  die("addition_oracle: not a prompt of this format: " + prompt);
}

std::uint64_t hash_text(const std::string& text) {
  std::uint64_t hash = 0;
  for (const char c : text) hash = counter_hash({hash, static_cast<std::uint64_t>(c)});
  return hash;
}

}  // namespace

Oracle addition_oracle(const std::string& format_name, std::function<double(VersionId, bool)> share_right) {
  const std::shared_ptr<const ScratchpadFormat> format = format_name == "paper" ? make_paper_format() : make_compact_format();
  return [format, share_right = std::move(share_right)](const std::string& prompt, std::uint64_t seed, VersionId version) {
    const Question question = read_prompt(*format, prompt);
    std::string completion = format->completion(question.sum);
    const std::uint64_t draw = counter_hash({hash_text(prompt), seed, version});
    if (unit(draw) >= share_right(version, question.hinted)) {
      char& last = completion[completion.find_last_of("0123456789")];
      last = last == '9' ? '0' : static_cast<char>(last + 1);
    }
    return completion.substr(std::min(question.begun, completion.size()));
  };
}

Oracle improving_oracle() {
  return addition_oracle("compact",
                         [](VersionId version, bool hinted) { return hinted ? 1.0 : std::min(0.9, 0.5 + 0.1 * version); });
}

}  // namespace autodidact
