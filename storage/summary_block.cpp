#include "storage/summary_block.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "storage/codec_frame.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kPresenceBytes = kBlockRows / 8;

std::uint8_t width_for(std::uint64_t spread) {
  if (spread == 0) return 0;
  return spread < (1ull << 8) ? 1 : spread < (1ull << 16) ? 2 : spread < (1ull << 32) ? 4 : 8;
}

template <class T>
void load_as(const char* in, std::size_t rows, std::uint64_t least, std::uint64_t* out) {
  for (std::size_t i = 0; i < rows; ++i) {
    T value;
    std::memcpy(&value, in + i * sizeof(T), sizeof(T));
    out[i] = least + value;
  }
}

}  // namespace

std::uint64_t SummaryBlock::value_of(const AttemptSummary& row, int column) {
  switch (column) {
    case kProblem: return row.problem;
    case kCreated: return static_cast<std::uint64_t>(row.created_us) ^ (1ull << 63);  // keeps the order of signed values
    case kRound: return row.round;
    case kVersion: return row.version;
    case kLength: return row.length;
    case kScore: return std::bit_cast<std::uint32_t>(row.score);
    case kWeight: return std::bit_cast<std::uint32_t>(row.weight);
    case kOutcome: return static_cast<std::uint64_t>(row.outcome);
    case kReason: return static_cast<std::uint64_t>(row.reason);
    default: return summary_flags(row);
  }
}

void SummaryBlock::encode(BlockNumber block, std::span<const AttemptSummary> rows, std::string& out) {
  AD_REQUIRE(!rows.empty() && rows.size() <= kBlockRows, "a summary block holds 1 to 256 rows");
  FrameWriter frame(out);
  std::array<std::uint8_t, kPresenceBytes> presence{};
  for (const AttemptSummary& row : rows) {
    AD_REQUIRE(block_of(row.id) == block, "a summary in the wrong block");
    presence[slot_of(row.id) / 8] |= static_cast<std::uint8_t>(1u << slot_of(row.id) % 8);
  }
  frame.raw(presence.data(), presence.size());
  Values values;
  for (int column = 0; column < kColumns; ++column) {
    for (std::size_t i = 0; i < rows.size(); ++i) values[i] = value_of(rows[i], column);
    const auto [least, most] = std::minmax_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rows.size()));
    const std::uint64_t base = *least;
    const std::uint8_t width = width_for(*most - base);
    frame.u64(base);
    frame.u8(width);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint64_t offset = values[i] - base;
      frame.raw(&offset, width);
    }
  }
  frame.seal(block);
}

Result<SummaryBlock> SummaryBlock::parse(std::string bytes, BlockNumber block) {
  SummaryBlock parsed;
  parsed.number_ = block;
  parsed.bytes_ = std::move(bytes);
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(parsed.bytes_, "summary block", block));
  ByteReader in(payload);
  const std::string_view presence = in.raw(kPresenceBytes);
  for (std::size_t slot = 0; slot < presence.size() * 8; ++slot) {
    if ((static_cast<std::uint8_t>(presence[slot / 8]) >> slot % 8 & 1u) != 0) parsed.slots_.push_back(static_cast<char>(slot));
  }
  parsed.rows_ = parsed.slots_.size();
  if (parsed.rows_ > 0 && static_cast<std::uint8_t>(parsed.slots_.back()) + 1u == parsed.rows_) parsed.slots_ = std::string();
  for (Column& column : parsed.columns_) {
    column.least = in.u64();
    column.width = in.u8();
    if (column.width > 8 || (column.width & (column.width - 1)) != 0) in.fail();
    column.offset = static_cast<std::uint32_t>(parsed.bytes_.size() - in.remaining());
    in.raw(parsed.rows_ * column.width);
  }
  AD_RETURN_IF_ERROR(frame_end(in, "summary block", block));
  if (!parsed.in_range()) return damaged("summary block", block, "an outcome or reason is out of range");
  return parsed;
}

// The enums are indexes into tables elsewhere, so no value of them may pass that is not one of theirs.
bool SummaryBlock::in_range() const {
  Values values;
  load(kOutcome, values);
  for (std::size_t i = 0; i < rows_; ++i) {
    if (values[i] > static_cast<std::uint64_t>(Outcome::kWrong)) return false;
  }
  load(kReason, values);
  for (std::size_t i = 0; i < rows_; ++i) {
    if (values[i] > static_cast<std::uint64_t>(Reject::kMethod)) return false;
  }
  return true;
}

std::uint64_t SummaryBlock::value(int column, std::size_t index) const {
  const Column& from = columns_[static_cast<std::size_t>(column)];
  std::uint64_t offset = 0;
  std::memcpy(&offset, bytes_.data() + from.offset + index * from.width, from.width);
  return from.least + offset;
}

void SummaryBlock::load(int column, Values& values) const {
  const Column& from = columns_[static_cast<std::size_t>(column)];
  const char* in = bytes_.data() + from.offset;
  switch (from.width) {
    case 0: std::fill_n(values.begin(), rows_, from.least); return;
    case 1: return load_as<std::uint8_t>(in, rows_, from.least, values.data());
    case 2: return load_as<std::uint16_t>(in, rows_, from.least, values.data());
    case 4: return load_as<std::uint32_t>(in, rows_, from.least, values.data());
    default: return load_as<std::uint64_t>(in, rows_, from.least, values.data());
  }
}

AttemptSummary SummaryBlock::row(std::size_t index) const {
  AttemptSummary row;
  row.id = first_id(number_) + slot(index);
  row.problem = value(kProblem, index);
  row.created_us = static_cast<std::int64_t>(value(kCreated, index) ^ (1ull << 63));
  row.round = static_cast<std::uint32_t>(value(kRound, index));
  row.version = static_cast<VersionId>(value(kVersion, index));
  row.length = static_cast<std::uint32_t>(value(kLength, index));
  row.score = std::bit_cast<float>(static_cast<std::uint32_t>(value(kScore, index)));
  row.weight = std::bit_cast<float>(static_cast<std::uint32_t>(value(kWeight, index)));
  row.outcome = static_cast<Outcome>(value(kOutcome, index));
  row.reason = static_cast<Reject>(value(kReason, index));
  set_summary_flags(row, static_cast<std::uint8_t>(value(kFlags, index)));
  return row;
}

std::vector<AttemptSummary> SummaryBlock::rows() const {
  std::vector<AttemptSummary> all(rows_);
  for (std::size_t i = 0; i < rows_; ++i) all[i] = row(i);
  return all;
}

std::optional<AttemptSummary> SummaryBlock::find(AttemptId id) const {
  if (id == 0 || block_of(id) != number_) return std::nullopt;
  std::size_t index = slot_of(id);
  if (!slots_.empty()) index = slots_.find(static_cast<char>(slot_of(id)));
  if (index >= rows_) return std::nullopt;
  return row(index);
}

template <class Predicate>
void SummaryBlock::filter(int column, std::vector<std::uint16_t>& indexes, Predicate keep) const {
  if (indexes.empty()) return;
  Values values;
  load(column, values);
  std::size_t kept = 0;
  for (std::uint16_t index : indexes) {
    indexes[kept] = index;
    kept += keep(values[index]) ? 1 : 0;
  }
  indexes.resize(kept);
}

void SummaryBlock::match(const AttemptQuery& query, std::vector<std::uint16_t>& indexes) const {
  indexes.resize(rows_);
  std::iota(indexes.begin(), indexes.end(), std::uint16_t{0});
  const auto equal = [&](int column, const auto& wanted) {
    if (wanted) filter(column, indexes, [want = static_cast<std::uint64_t>(*wanted)](std::uint64_t v) { return v == want; });
  };
  std::uint8_t mask = 0, want = 0;
  const auto flag = [&](const std::optional<bool>& wanted, std::uint8_t bit) {
    if (!wanted) return;
    mask |= bit;
    if (*wanted) want |= bit;
  };
  flag(query.kept, kFlagKept);
  flag(query.hinted, kFlagHinted);
  flag(query.seed_example, kFlagSeed);
  flag(query.pinned, kFlagPinned);
  if (mask != 0) filter(kFlags, indexes, [=](std::uint64_t v) { return (v & mask) == want; });
  equal(kOutcome, query.outcome);
  equal(kReason, query.reason);
  equal(kVersion, query.version);
  equal(kRound, query.round);
  equal(kProblem, query.problem);
  if (query.min_score || query.max_score) {
    filter(kScore, indexes, [&](std::uint64_t v) {
      const float score = std::bit_cast<float>(static_cast<std::uint32_t>(v));
      return (!query.min_score || score >= *query.min_score) && (!query.max_score || score <= *query.max_score);
    });
  }
  if (query.min_length || query.max_length) {
    const std::uint64_t low = query.min_length.value_or(0), high = query.max_length.value_or(UINT32_MAX);
    filter(kLength, indexes, [=](std::uint64_t v) { return v >= low && v <= high; });
  }
  if (query.since_us || query.until_us) {
    filter(kCreated, indexes, [&](std::uint64_t v) {
      const auto created = static_cast<std::int64_t>(v ^ (1ull << 63));
      return (!query.since_us || created >= *query.since_us) && (!query.until_us || created < *query.until_us);
    });
  }
}

}  // namespace autodidact
