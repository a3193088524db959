#pragma once
// Up to 256 attempt summaries of consecutive ids, column by column: the index that find() and draw() scan, on disk (column
// family `hot`) and, the same bytes, in the daemon's RAM. About 25 bytes an attempt; a filter visits only the columns it
// names, some 100 million rows a second. Immutable after parse(): share it freely between threads.
//
// Payload: 32 bytes presence by slot, then per column  u64 least value, u8 width (0, 1, 2, 4, 8),  rows * width bytes of
// (value - least), little-endian. Columns: problem, created_us, round, version, length, score bits, weight bits, outcome,
// reason, flags. Width 0 = all rows equal.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/summary_zone.hpp"

namespace autodidact {

class SummaryBlock {
 public:
  // `rows`: ascending ids, all of `block`.
  static void encode(BlockNumber block, std::span<const AttemptSummary> rows, std::string& out);
  static Result<SummaryBlock> parse(std::string bytes, BlockNumber block);

  BlockNumber number() const { return number_; }
  std::size_t size() const { return rows_; }
  AttemptSummary row(std::size_t index) const;  // index < size(), ascending by id
  std::vector<AttemptSummary> rows() const;
  std::optional<AttemptSummary> find(AttemptId id) const;
  // Indexes of the rows that pass the query's filters (its cursor aside), ascending.
  void match(const AttemptQuery& query, std::vector<std::uint16_t>& indexes) const;
  std::size_t ram_bytes() const { return sizeof *this + bytes_.capacity() + slots_.capacity(); }

 private:
  enum Name { kProblem, kCreated, kRound, kVersion, kLength, kScore, kWeight, kOutcome, kReason, kFlags, kColumns };
  struct Column {
    std::uint64_t least = 0;
    std::uint32_t offset = 0;  // of its first value in bytes_
    std::uint8_t width = 0;
  };
  using Values = std::array<std::uint64_t, kBlockRows>;

  static std::uint64_t value_of(const AttemptSummary& row, int column);
  std::uint64_t value(int column, std::size_t index) const;
  void load(int column, Values& values) const;
  bool in_range() const;
  template <class Predicate>
  void filter(int column, std::vector<std::uint16_t>& indexes, Predicate keep) const;
  std::size_t slot(std::size_t index) const { return slots_.empty() ? index : static_cast<std::uint8_t>(slots_[index]); }

  BlockNumber number_ = 0;
  std::size_t rows_ = 0;
  std::string bytes_;
  std::string slots_;  // slot of each row; empty when row i sits in slot i
  std::array<Column, kColumns> columns_;
};

}  // namespace autodidact
