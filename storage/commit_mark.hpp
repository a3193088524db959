#pragma once
// The file COMMITTED beside the database: a lock that says one writer at a time, and the number of the last group that was
// acknowledged. RocksDB ends its log quietly at the first damaged byte; the mark is how the next open notices that something
// acknowledged is missing. Owner: the writable store; the writer thread alone calls update(). The mark is written after the
// group is durable and is not synced itself, so after a power cut it may be old, never ahead.

#include <cstdint>
#include <optional>
#include <string>

#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

struct Mark {
  std::uint64_t group = 0;     // last acknowledged group; 0 = none
  AttemptId next_attempt = 1;  // first id not yet given away
};

class CommitMark {
 public:
  // Takes the lock, creating the file when missing. kTemporary when another process or store has it.
  static Result<CommitMark> open(const std::string& directory);
  CommitMark(CommitMark&& other) noexcept;
  CommitMark& operator=(CommitMark&&) = delete;
  ~CommitMark();

  // What the file said when it was opened; empty when it is new or unreadable.
  const std::optional<Mark>& found() const { return found_; }
  Status update(const Mark& mark);

 private:
  CommitMark() = default;
  std::string path_;
  int file_ = -1;
  std::optional<Mark> found_;
};

// The mark as a reader without the lock sees it; empty when there is none or it is being written.
std::optional<Mark> read_mark(const std::string& directory);
std::string mark_path(const std::string& directory);

}  // namespace autodidact
