#pragma once
// What the writer thread and the readers of one open store share, each part with its own lock. Owner: RocksStore.

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "storage/block_table.hpp"
#include "storage/commit_mark.hpp"
#include "storage/draw_views.hpp"
#include "storage/rocks_reads.hpp"
#include "storage/rocks_store.hpp"
#include "storage/store_state.hpp"

namespace autodidact {

struct StoreCore {
  // Constant after construction.
  std::string directory;
  StoreOptions options;
  StoreHooks hooks;

  // Readers hold it shared while they use `db`; the writer holds it alone to close and open the database again after a
  // failed write. `db` is null only when opening it again failed.
  mutable std::shared_mutex db_mutex;
  std::unique_ptr<RocksDb> db;

  std::atomic<std::uint64_t> deleted_since_compaction{0};  // attempts whose space is still taken

  BlockTable blocks;        // has its own lock
  mutable DrawViews views;  // has its own lock

  mutable std::mutex status_mutex;  // guards the rest
  StoreCounts counts;
  std::string failure;  // why nothing can be written; empty = fine
  std::uint64_t committed_groups = 0;
  double last_commit_ms = 0;
};

// Free bytes where the store lies; UINT64_MAX when the system does not say.
std::uint64_t free_bytes(const StoreCore& core);

}  // namespace autodidact
