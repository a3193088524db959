#include "storage/summary_zone.hpp"

#include <algorithm>

#include "storage/codec_frame.hpp"

namespace autodidact {
namespace {

// A wanted boolean is out of the question when all rows say the opposite.
bool flag_possible(const std::optional<bool>& wanted, std::uint8_t flag, const SummaryZone& zone) {
  if (!wanted) return true;
  return *wanted ? (zone.flags_any & flag) != 0 : (zone.flags_all & flag) == 0;
}

template <class T>
bool value_possible(const std::optional<T>& wanted, T low, T high) {
  return !wanted || (*wanted >= low && *wanted <= high);
}

bool flags_possible(const AttemptQuery& query, const SummaryZone& zone) {
  return flag_possible(query.kept, kFlagKept, zone) && flag_possible(query.hinted, kFlagHinted, zone) &&
         flag_possible(query.seed_example, kFlagSeed, zone) && flag_possible(query.pinned, kFlagPinned, zone);
}

bool bit_possible(std::uint32_t bits, unsigned value) { return value < 32 && (bits >> value & 1u) != 0; }

}  // namespace

std::uint8_t summary_flags(const AttemptSummary& row) {
  return static_cast<std::uint8_t>((row.kept ? kFlagKept : 0) | (row.hinted ? kFlagHinted : 0) |
                                   (row.seed_example ? kFlagSeed : 0) | (row.answer_correct ? kFlagAnswerCorrect : 0) |
                                   (row.pinned ? kFlagPinned : 0));
}

void set_summary_flags(AttemptSummary& row, std::uint8_t flags) {
  row.kept = (flags & kFlagKept) != 0;
  row.hinted = (flags & kFlagHinted) != 0;
  row.seed_example = (flags & kFlagSeed) != 0;
  row.answer_correct = (flags & kFlagAnswerCorrect) != 0;
  row.pinned = (flags & kFlagPinned) != 0;
}

SummaryZone zone_of(std::span<const AttemptSummary> rows) {
  SummaryZone zone;
  zone.rows = static_cast<std::uint32_t>(rows.size());
  for (const AttemptSummary& row : rows) {
    zone.min_round = std::min(zone.min_round, row.round);
    zone.max_round = std::max(zone.max_round, row.round);
    zone.min_version = std::min(zone.min_version, row.version);
    zone.max_version = std::max(zone.max_version, row.version);
    zone.min_length = std::min(zone.min_length, row.length);
    zone.max_length = std::max(zone.max_length, row.length);
    zone.min_created_us = std::min(zone.min_created_us, row.created_us);
    zone.max_created_us = std::max(zone.max_created_us, row.created_us);
    if (row.score < zone.min_score) zone.min_score = row.score;
    if (row.score > zone.max_score) zone.max_score = row.score;
    zone.outcomes |= 1u << static_cast<unsigned>(row.outcome);
    zone.reasons |= 1u << static_cast<unsigned>(row.reason);
    const std::uint8_t flags = summary_flags(row);
    zone.flags_any |= flags;
    zone.flags_all &= flags;
  }
  return zone;
}

bool may_match(const AttemptQuery& query, const SummaryZone& zone) {
  return zone.rows > 0 && value_possible(query.version, zone.min_version, zone.max_version) &&
         value_possible(query.round, zone.min_round, zone.max_round) &&
         (!query.outcome || bit_possible(zone.outcomes, static_cast<unsigned>(*query.outcome))) &&
         (!query.reason || bit_possible(zone.reasons, static_cast<unsigned>(*query.reason))) && flags_possible(query, zone) &&
         (!query.min_score || *query.min_score <= zone.max_score) && (!query.max_score || *query.max_score >= zone.min_score) &&
         (!query.min_length || *query.min_length <= zone.max_length) &&
         (!query.max_length || *query.max_length >= zone.min_length) &&
         (!query.since_us || *query.since_us <= zone.max_created_us) &&
         (!query.until_us || *query.until_us > zone.min_created_us);
}

bool may_match(const DrawRequest& request, const SummaryZone& zone) {
  if ((zone.flags_any & kFlagKept) == 0) return false;
  if (request.include_seeds && (zone.flags_any & kFlagSeed) != 0) return true;
  return request.min_round <= zone.max_round && request.min_version <= zone.max_version;
}

void encode_zone(const SummaryZone& zone, BlockNumber block, std::string& out) {
  FrameWriter frame(out);
  frame.varint(zone.rows);
  for (std::uint32_t value : {zone.min_round, zone.max_round, zone.min_version, zone.max_version, zone.min_length,
                              zone.max_length, zone.outcomes, zone.reasons}) {
    frame.varint(value);
  }
  frame.zigzag(zone.min_created_us);
  frame.zigzag(zone.max_created_us);
  frame.f32(zone.min_score);
  frame.f32(zone.max_score);
  frame.u8(zone.flags_any);
  frame.u8(zone.flags_all);
  frame.seal(block);
}

Result<SummaryZone> decode_zone(std::string_view bytes, BlockNumber block) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "zone", block));
  ByteReader in(payload);
  SummaryZone zone;
  zone.rows = static_cast<std::uint32_t>(in.varint_up_to(kBlockRows));
  for (std::uint32_t* value : {&zone.min_round, &zone.max_round, &zone.min_version, &zone.max_version, &zone.min_length,
                               &zone.max_length, &zone.outcomes, &zone.reasons}) {
    *value = in.varint32();
  }
  zone.min_created_us = in.zigzag();
  zone.max_created_us = in.zigzag();
  zone.min_score = in.f32();
  zone.max_score = in.f32();
  zone.flags_any = in.u8();
  zone.flags_all = in.u8();
  AD_RETURN_IF_ERROR(frame_end(in, "zone", block));
  return zone;
}

}  // namespace autodidact
