#include "actors/lease_table.hpp"

#include "config/status.hpp"

namespace autodidact {

LeaseId LeaseTable::open(const Lease& lease) {
  std::uint32_t row = 0;
  if (free_.empty()) {
    row = static_cast<std::uint32_t>(rows_.size());
    rows_.emplace_back();
  } else {
    row = free_.back();
    free_.pop_back();
  }
  rows_[row].lease = lease;
  rows_[row].open = true;
  link(row);
  return id_of(row);
}

const Lease* LeaseTable::find(LeaseId id) const {
  const auto row = row_of(id);
  if (row >= rows_.size() || !rows_[row].open || id_of(row) != id) return nullptr;
  return &rows_[row].lease;
}

void LeaseTable::renew(LeaseId id, TimeMs deadline) {
  AD_REQUIRE(find(id) != nullptr, "renewing a lease that is not open");
  const auto row = row_of(id);
  unlink(row);
  rows_[row].lease.deadline = deadline;
  link(row);
}

void LeaseTable::close(LeaseId id) {
  AD_REQUIRE(find(id) != nullptr, "closing a lease that is not open");
  const auto row = row_of(id);
  unlink(row);
  rows_[row].open = false;
  ++rows_[row].generation;
  free_.push_back(row);
}

void LeaseTable::clear() {
  while (first_ != kEnd) close(first());
}

// Deadlines nearly always come in ascending order; only a reload of lease_ms makes this walk.
void LeaseTable::link(std::uint32_t row) {
  auto before = last_;
  while (before != kEnd && rows_[before].lease.deadline > rows_[row].lease.deadline) before = rows_[before].previous;
  const auto after = before == kEnd ? first_ : rows_[before].next;
  rows_[row].previous = before;
  rows_[row].next = after;
  (before == kEnd ? first_ : rows_[before].next) = row;
  (after == kEnd ? last_ : rows_[after].previous) = row;
}

void LeaseTable::unlink(std::uint32_t row) {
  const auto before = rows_[row].previous, after = rows_[row].next;
  (before == kEnd ? first_ : rows_[before].next) = after;
  (after == kEnd ? last_ : rows_[after].previous) = before;
}

}  // namespace autodidact
