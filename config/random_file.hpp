#pragma once
// Bytes that are read in places: an open file, or a text in memory. What is read from a file that shrinks meanwhile is an
// error, not a fault. Copies share the file; any thread may read.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

class RandomFile {
 public:
  // A regular file of at most `max_bytes`; errors as read_file().
  static Result<RandomFile> open(const std::string& path, std::uint64_t max_bytes);
  // In memory, which outlives this.
  RandomFile(std::string_view bytes) : bytes_(bytes), size_(bytes.size()) {}  // NOLINT: a text is one
  RandomFile(const std::string& bytes) : RandomFile(std::string_view(bytes)) {}
  RandomFile(const char* text) : RandomFile(std::string_view(text)) {}

  std::uint64_t size() const { return size_; }
  // All of `to`, from `offset` on. kBadInput when the file ends before.
  Status read(std::uint64_t offset, std::span<char> to) const;

 private:
  RandomFile(std::shared_ptr<const int> file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  std::string_view bytes_;
  std::shared_ptr<const int> file_;  // null in memory
  std::uint64_t size_;
};

}  // namespace autodidact
