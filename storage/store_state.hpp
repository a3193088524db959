#pragma once
// What the writer knows without looking it up: the counters that go to disk with every group, and the sets rebuilt from disk
// at start. Owner: the writer thread. A value; copied nowhere hot.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block_table.hpp"
#include "storage/item_set.hpp"
#include "storage/rocks_db.hpp"

namespace autodidact {

// Rewritten whole, as the row "state" of `meta`, in the same atomic batch as the group it counts.
struct StoreState {
  std::uint64_t group = 0;  // groups committed
  AttemptId next_attempt = 1;
  std::uint64_t next_event = 1;
  std::uint64_t last_step = 0;  // highest step with consumption
  AttemptId last_consumed = 0;  // the last attempt of that step
  std::uint64_t collected = 0;  // attempts that retention deleted: the ids missing below next_attempt
  StoreCounts counts;
  friend bool operator==(const StoreState& a, const StoreState& b);
};

inline constexpr std::string_view kFormatRow = "format", kStateRow = "state", kLoopRow = "loop", kTrainerRow = "trainer";

void encode_state(const StoreState& state, std::string& out);
Result<StoreState> decode_state(std::string_view bytes);

// kConfig when the store's format is newer than ours; a store without a format row is new: 0.
Result<std::uint64_t> read_format(const RocksDb& db);
// Default-made in a new store.
Result<StoreState> read_state(const RocksDb& db);

// All that the writer needs in RAM.
struct WriterMemory {
  StoreState state;
  ItemSet done;
  std::set<VersionId> versions;
};
Result<WriterMemory> load_writer_memory(const RocksDb& db);
// Every summary block with its zone, ascending.
Result<std::vector<PlacedBlock>> load_blocks(const RocksDb& db);
// `bytes` as they stand in `hot`.
Result<PlacedBlock> place_block(BlockNumber number, std::string bytes);

}  // namespace autodidact
