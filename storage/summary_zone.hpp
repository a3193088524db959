#pragma once
// The ranges and sets of values in one block of 256 summaries: decides without reading the block whether a row of it can pass
// a filter. About 60 bytes in the `zones` column family, written with its block. Plain value.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "storage/replay_store.hpp"

namespace autodidact {

// Summaries are stored in blocks of 256 consecutive ids; ids start at 1.
using BlockNumber = std::uint64_t;
inline constexpr std::size_t kBlockRows = 256;
constexpr BlockNumber block_of(AttemptId id) { return (id - 1) / kBlockRows; }
constexpr std::size_t slot_of(AttemptId id) { return static_cast<std::size_t>((id - 1) % kBlockRows); }
constexpr AttemptId first_id(BlockNumber block) { return block * kBlockRows + 1; }

// The booleans of a summary as bits.
enum SummaryFlag : std::uint8_t { kFlagKept = 1, kFlagHinted = 2, kFlagSeed = 4, kFlagAnswerCorrect = 8, kFlagPinned = 16 };
std::uint8_t summary_flags(const AttemptSummary& row);
void set_summary_flags(AttemptSummary& row, std::uint8_t flags);

struct SummaryZone {
  std::uint32_t rows = 0;
  std::uint32_t min_round = UINT32_MAX, max_round = 0;
  std::uint32_t min_version = UINT32_MAX, max_version = 0;
  std::uint32_t min_length = UINT32_MAX, max_length = 0;
  std::int64_t min_created_us = INT64_MAX, max_created_us = INT64_MIN;
  float min_score = std::numeric_limits<float>::infinity(),
        max_score = -std::numeric_limits<float>::infinity();  // NaN left out
  std::uint32_t outcomes = 0, reasons = 0;                    // bit per value
  std::uint8_t flags_any = 0, flags_all = 0xff;
  friend bool operator==(const SummaryZone&, const SummaryZone&) = default;
};

SummaryZone zone_of(std::span<const AttemptSummary> rows);
// False only when no row can match.
bool may_match(const AttemptQuery& query, const SummaryZone& zone);
bool may_match(const DrawRequest& request, const SummaryZone& zone);

void encode_zone(const SummaryZone& zone, BlockNumber block, std::string& out);
Result<SummaryZone> decode_zone(std::string_view bytes, BlockNumber block);

}  // namespace autodidact
