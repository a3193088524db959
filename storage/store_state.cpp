#include "storage/store_state.hpp"

#include <charconv>

#include "storage/codec.hpp"
#include "storage/codec_frame.hpp"

namespace autodidact {
namespace {

// In the order they are stored; `scores`, younger than these, stands behind them.
template <class Counts, class Visit>
void each_count(Counts& c, const Visit& visit) {
  for (auto* value : {&c.attempts, &c.seeds, &c.problems, &c.kept, &c.correct, &c.wrong, &c.cannot_judge, &c.items,
                      &c.quarantined, &c.consumed, &c.events, &c.versions}) {
    visit(*value);
  }
}

}  // namespace

bool operator==(const StoreState& a, const StoreState& b) {
  std::string left, right;
  encode_state(a, left);
  encode_state(b, right);
  return left == right;
}

void encode_state(const StoreState& state, std::string& out) {
  FrameWriter frame(out);
  frame.varint(state.group);
  frame.varint(state.next_attempt);
  frame.varint(state.next_event);
  frame.varint(state.last_step);
  frame.varint(state.last_consumed);
  frame.varint(state.collected);
  each_count(state.counts, [&](const std::uint64_t& value) { frame.varint(value); });
  frame.varint(state.counts.scores);
  frame.seal(0);
}

Result<StoreState> decode_state(std::string_view bytes) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "state", 0));
  ByteReader in(payload);
  StoreState state;
  state.group = in.varint();
  state.next_attempt = in.varint();
  state.next_event = in.varint();
  state.last_step = in.varint();
  state.last_consumed = in.varint();
  state.collected = in.varint();
  each_count(state.counts, [&](std::uint64_t& value) { value = in.varint(); });
  if (!in.at_end()) state.counts.scores = in.varint();  // written since there are verifiers
  AD_RETURN_IF_ERROR(frame_end(in, "state", 0));
  if (state.next_attempt == 0 || state.next_event == 0) return damaged("state", 0, "ids start at 1");
  return state;
}

Result<std::uint64_t> read_format(const RocksDb& db) {
  AD_ASSIGN_OR_RETURN(const auto row, db.get(Column::kMeta, kFormatRow));
  if (!row) return std::uint64_t{0};
  std::uint64_t format = 0;
  const auto parsed = std::from_chars(row->data(), row->data() + row->size(), format);
  if (parsed.ec != std::errc() || parsed.ptr != row->data() + row->size()) {
    return {Errc::kBadInput, "its format is no number: '" + row->substr(0, 20) + "'"};
  }
  if (format == kStoreFormat) return format;
  return {Errc::kConfig,
          "written in format " + std::to_string(format) + ", this program knows format " + std::to_string(kStoreFormat) +
              ": use " + (format > kStoreFormat ? "a later version of autodidact" : "the version of autodidact that wrote it") +
              ", or have that one export what you need (autodidact replay export)"};
}

Result<StoreState> read_state(const RocksDb& db) {
  AD_ASSIGN_OR_RETURN(const auto row, db.get(Column::kMeta, kStateRow));
  return row ? decode_state(*row) : Result<StoreState>(StoreState());
}

Result<WriterMemory> load_writer_memory(const RocksDb& db) {
  WriterMemory memory;
  AD_ASSIGN_OR_RETURN(memory.state, read_state(db));
  Status failure;
  AD_RETURN_IF_ERROR(db.scan(Column::kItems, "", [&](std::string_view key, std::string_view value) {
    auto items = decode_items(value, key_number(key, 4));
    failure = items.status();
    if (!failure.ok()) return false;
    for (const ItemState& item : items.value()) memory.done.insert(item.item);
    return true;
  }));
  AD_RETURN_IF_ERROR(failure);
  AD_RETURN_IF_ERROR(db.scan(Column::kVersions, "", [&](std::string_view key, std::string_view) {
    memory.versions.insert(static_cast<VersionId>(key_number(key)));
    return true;
  }));
  return memory;
}

Result<PlacedBlock> place_block(BlockNumber number, std::string bytes) {
  AD_ASSIGN_OR_RETURN(SummaryBlock parsed, SummaryBlock::parse(std::move(bytes), number));
  PlacedBlock placed;
  placed.number = number;
  placed.zone = zone_of(parsed.rows());
  placed.block = std::make_shared<const SummaryBlock>(std::move(parsed));
  return placed;
}

Result<std::vector<PlacedBlock>> load_blocks(const RocksDb& db) {
  std::vector<PlacedBlock> blocks;
  Status failure;
  AD_RETURN_IF_ERROR(db.scan(Column::kHot, "", [&](std::string_view key, std::string_view value) {
    auto placed = place_block(key_number(key), std::string(value));
    failure = placed.status();
    if (failure.ok()) blocks.push_back(std::move(placed).value());
    return failure.ok();
  }));
  AD_RETURN_IF_ERROR(failure);
  return blocks;
}

}  // namespace autodidact
