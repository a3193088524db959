// A file of problems: the first byte says how it is read (as problems, as multiple choice, as worked examples), the second how
// much of it a read gives. It is refused with a message that names a place in it, or each row has a question and an answer
// that are text.

#include <algorithm>
#include <cstdint>
#include <string>

#include "config/status.hpp"
#include "tasks/example_file.hpp"
#include "tasks/jsonl/problem_file.hpp"
#include "tasks/jsonl/problem_set.hpp"

namespace {

using namespace autodidact;

void check_rows(std::vector<ProblemRow> rows) {
  for (const ProblemRow& row : rows) {
    AD_REQUIRE(!row.question.empty() && !row.reference.empty(), "a row without question or answer");
    AD_REQUIRE((row.question + row.reference).find('\0') == std::string::npos, "a NUL came through");
    AD_REQUIRE(row.choices.empty() || row.reference[0] - 'a' < static_cast<int>(row.choices.size()), "no such choice");
  }
  const auto set = ProblemSet::make({}, std::move(rows), {});
  AD_REQUIRE(!set.ok() || (!set->training().empty() && !set->held_out().empty()), "an empty side");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (data[0] % 4 == 3) {
    const auto examples = parse_examples(text, "examples");
    AD_REQUIRE(examples.ok() || examples.status().message().starts_with("examples:"), "an error without its place");
    return 0;
  }
  LineReader lines(
      [rest = std::string_view(text), chunk = std::size_t{data[1]} + 1](std::span<char> to) mutable -> Result<std::size_t> {
        const std::size_t n = std::min({chunk, to.size(), rest.size()});
        std::copy_n(rest.begin(), n, to.begin());
        rest.remove_prefix(n);
        return n;
      },
      "set.jsonl");
  const bool named = data[0] % 4 == 2;
  auto rows = read_rows(lines, {data[0] % 4 == 1, named ? "a.b" : "", named ? "c" : ""});
  AD_REQUIRE(rows.ok() || rows.status().message().starts_with("set.jsonl:"), "an error without its place");
  if (rows.ok()) check_rows(std::move(*rows));
  return 0;
}
