#pragma once
// Lines of a text file, one after the other, in memory bounded by the longest line allowed. One owner, one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

constexpr std::size_t kMaxLineBytes = std::size_t{4} << 20;

// Fills the buffer's front and tells how much of it; 0 = the end.
using ReadBytes = std::function<Result<std::size_t>(std::span<char>)>;

class LineReader {
 public:
  // `file` names the text in errors.
  LineReader(ReadBytes source, std::string file);
  // A regular file. kNotFound, kPermission …; kBadInput for a directory or a pipe.
  static Result<LineReader> open(const std::string& path);

  // The next line without its end ("\n", "\r\n"; the first one also without a byte order mark), valid until the next call;
  // false at the end of the text. kBadInput when a line is longer than kMaxLineBytes.
  Result<bool> next(std::string_view& line);

  std::uint64_t line_number() const { return number_; }  // of the line next() gave; from 1
  // "train.jsonl:17: what"
  Status error(const std::string& what) const;
  Status error_at(std::size_t column, const std::string& what) const;  // from 1

 private:
  Result<bool> fill();

  ReadBytes source_;
  std::string file_;
  std::string buffer_;      // what is read and not yet given
  std::size_t begin_ = 0;   // of the next line in buffer_
  std::size_t looked_ = 0;  // no line end in buffer_ from begin_ to here
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace autodidact
