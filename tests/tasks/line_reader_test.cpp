#include "tasks/jsonl/line_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "tasks/jsonl/json_line.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Gives `text` away `chunk` bytes at a time.
LineReader reader(std::string text, std::size_t chunk = 1 << 20) {
  return LineReader(
      [text = std::move(text), chunk, at = std::size_t{0}](std::span<char> to) mutable -> Result<std::size_t> {
        const std::size_t n = std::min({chunk, to.size(), text.size() - at});
        std::copy_n(text.data() + at, n, to.data());
        at += n;
        return n;
      },
      "set.jsonl");
}

std::vector<std::string> lines(LineReader from) {
  std::vector<std::string> all;
  for (std::string_view line; from.next(line).value();) all.emplace_back(line);
  return all;
}

TEST(LineReader, EndsLinesWhateverTheSizeOfAChunk) {
  for (const std::size_t chunk : {1, 2, 3, 100}) {
    SCOPED_TRACE(chunk);
    EXPECT_THAT(lines(reader("a\nbc\n\nd", chunk)), ElementsAre("a", "bc", "", "d"));
    EXPECT_THAT(lines(reader("a\r\nb\r\n", chunk)), ElementsAre("a", "b"));
    EXPECT_THAT(lines(reader("\xEF\xBB\xBFq\n\xEF\xBB\xBFr", chunk)), ElementsAre("q", "\xEF\xBB\xBFr"));
    EXPECT_THAT(lines(reader("", chunk)), IsEmpty());
    EXPECT_THAT(lines(reader("\n", chunk)), ElementsAre(""));
  }
}

TEST(LineReader, GivesALineAsLongAsIsAllowedAndNoLonger) {
  const std::string longest(kMaxLineBytes, 'x');
  EXPECT_THAT(lines(reader("a\n" + longest + "\nb\n")), ElementsAre("a", longest, "b"));
  for (const char* end : {"", "\n"}) {
    LineReader from = reader("a\n" + longest + "x" + end);
    std::string_view line;
    ASSERT_TRUE(from.next(line).value());
    const auto got = from.next(line);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.status().code(), Errc::kBadInput);
    EXPECT_THAT(got.status().message(), HasSubstr("set.jsonl:2: the line is longer than 4 MiB"));
  }
}

// A line of 100 MB, and a source that would give it without end: no more of it is taken than the limit and a chunk.
TEST(LineReader, TakesNoMoreOfALineThanItsLimit) {
  std::size_t given = 0;
  LineReader from(
      [&](std::span<char> to) -> Result<std::size_t> {
        std::fill(to.begin(), to.end(), 'x');
        given += to.size();
        return to.size();
      },
      "set.jsonl");
  std::string_view line;
  EXPECT_FALSE(from.next(line).ok());
  EXPECT_LE(given, kMaxLineBytes + (1 << 17));
}

TEST(LineReader, PassesOnWhyItCannotRead) {
  LineReader from([](std::span<char>) -> Result<std::size_t> { return Status(Errc::kIo, "the disk is gone"); }, "set.jsonl");
  std::string_view line;
  EXPECT_EQ(from.next(line).status().code(), Errc::kIo);
}

TEST(LineReader, OpensRegularFilesAlone) {
  EXPECT_EQ(LineReader::open("no/such").status().code(), Errc::kNotFound);
  EXPECT_EQ(LineReader::open(".").status().code(), Errc::kBadInput);
  ::unlink("pipe.jsonl");
  ASSERT_EQ(::mkfifo("pipe.jsonl", 0600), 0);
  EXPECT_EQ(LineReader::open("pipe.jsonl").status().code(), Errc::kBadInput) << "must not wait for a writer";
  std::ofstream("set.jsonl") << "a\nb";
  EXPECT_THAT(lines(LineReader::open("set.jsonl").value()), SizeIs(2));
}

std::string fault_of(const std::string& text) {
  LineReader from = reader("{}\n" + text);
  std::string_view line;
  EXPECT_TRUE(from.next(line).value());
  EXPECT_TRUE(from.next(line).value());
  const auto parsed = parse_json_line(from, line);
  return parsed.ok() ? "" : parsed.status().message();
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonLine, NamesThePlaceOfWhatIsWrong) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{\"a\": 1", "set.jsonl:2:7: the line ends in the middle of its JSON"},
      {"{\"a\": \"b", "set.jsonl:2:8: the line ends in the middle of its JSON"},
      {"{\"a\" 1}", "set.jsonl:2:6: not JSON"},
      {"{} {}", "set.jsonl:2:4: not JSON"},
      {"{}\0{}"s, "set.jsonl:2:3: a NUL byte"},
      {"{\"a\": \"\xff\"}", "set.jsonl:2:8: a byte that is not UTF-8"},
      {"{\"a\": \"\xc3\"}", "a byte that is not UTF-8"},
      {"{\"a\": \"\\ud800\"}", "not JSON"},
      {"{\"a\": 1e999}", "a number beyond what a double can hold"},
      {"{\"a\": 1, \"b\": {\"a\": 2}, \"a\": 3}", "the key \"a\" stands twice in one object"},
      {"[1]", "expected a JSON object"},
      {"{\"a\": " + nested(40) + "}", "nested deeper than 32"},
      {"{\"a\": " + std::string(100000, '[') + "}", "nested deeper than 32"},
  };
  for (const auto& [text, expected] : cases) EXPECT_THAT(fault_of(text), HasSubstr(expected)) << text.substr(0, 80);
  EXPECT_EQ(fault_of("{\"a\": [{\"a\": 1}, {\"a\": 2}], \"b\": " + nested(31) + "}"), "");
}

}  // namespace
}  // namespace autodidact
