#pragma once
// Leases in rows that are reused, linked by deadline: open, find, renew and close are O(1), and memory is the most ever open at
// once. Owner and thread: one PoolLedger. Nothing survives a crash.

#include <cstdint>
#include <limits>
#include <vector>

#include "config/types.hpp"

namespace autodidact {

using WorkerId = std::uint64_t;  // a place in the stage; its incarnations differ by epoch
using LeaseId = std::uint64_t;   // never 0; a row's ids repeat after 2^32 uses
using TimeMs = std::int64_t;     // of one monotonic clock

struct Lease {
  ItemId item = 0;
  std::uint32_t slot = 0;  // of the item in the ledger
  WorkerId worker = 0;
  TimeMs deadline = 0;
  bool alone = false;  // its worker was given nothing else: if it dies, this item did it
};

class LeaseTable {
 public:
  LeaseId open(const Lease& lease);
  // Null when it was closed. The pointer holds until the next open().
  const Lease* find(LeaseId id) const;
  void renew(LeaseId id, TimeMs deadline);
  void close(LeaseId id);
  void clear();
  // In order of deadline; 0 = none.
  LeaseId first() const { return id_of(first_); }
  LeaseId next(LeaseId id) const { return id_of(rows_[row_of(id)].next); }
  std::size_t size() const { return rows_.size() - free_.size(); }

 private:
  static constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();
  struct Row {
    Lease lease;
    std::uint32_t generation = 0, previous = kEnd, next = kEnd;
    bool open = false;
  };
  static std::uint32_t row_of(LeaseId id) { return static_cast<std::uint32_t>(id) - 1; }
  LeaseId id_of(std::uint32_t row) const {
    return row == kEnd ? 0 : (static_cast<LeaseId>(rows_[row].generation) << 32) | (row + 1);
  }
  void link(std::uint32_t row);
  void unlink(std::uint32_t row);

  std::vector<Row> rows_;
  std::vector<std::uint32_t> free_;
  std::uint32_t first_ = kEnd, last_ = kEnd;
};

}  // namespace autodidact
