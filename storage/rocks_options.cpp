#include "storage/rocks_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "storage/rocks_log.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kMiB = 1u << 20;
// Attempts wait in memory for a file of this size. Small, because a reader beside the daemon and an open after a crash replay
// the log behind it: 16 MiB replay in about 40 ms.
constexpr std::size_t kAttemptBufferBytes = 16 * kMiB;
constexpr std::size_t kOtherBufferBytes = 4 * kMiB;
constexpr std::uint64_t kMaxLogBytes = 32 * kMiB;

}  // namespace

rocksdb::DBOptions database_options(const StoreOptions&, RocksDb::Mode mode, rocksdb::Env* env) {
  const bool writing = mode == RocksDb::Mode::kWrite;
  rocksdb::DBOptions options;
  if (env) options.env = env;
  options.create_if_missing = writing;
  options.create_missing_column_families = writing;
  options.info_log = make_rocks_logger();  // RocksDB's own one aborts the process when the disk is full
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;  // a hole is found by the commit mark
  options.max_total_wal_size = kMaxLogBytes;
  options.max_background_jobs = 2;
  options.allow_concurrent_memtable_write = false;  // one writer
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = !writing;  // a tool wants its first page in milliseconds
  options.max_open_files = writing ? -1 : 512;                 // and opens only the files it reads
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const std::string& family, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Attempts are read once here and once there: looking for one in a cache takes as long as reading it from the system's.
  table.no_block_cache = family == name(Column::kAttempts);
  if (table.no_block_cache) table.block_cache = nullptr;
  table.block_size = 4096;  // a point read fetches and checks one block
  table.format_version = 5;
  options.compression = rocksdb::kNoCompression;  // log-probabilities do not compress, and the rest is small
  options.write_buffer_size = family == name(Column::kAttempts) ? kAttemptBufferBytes : kOtherBufferBytes;
  options.level_compaction_dynamic_level_bytes = true;
  // "Is this problem, or this score, new?" is mostly a no; and problem ids are hashes, so each file may hold any of them.
  if (family == name(Column::kProblems) || family == name(Column::kPostings) || family == name(Column::kScores)) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace autodidact
