#include "storage/store_open.hpp"

#include <rocksdb/write_batch.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "config/files.hpp"

namespace autodidact {
namespace {

// Looks before anything is changed: opening for writing replays the log, and drops what follows a damaged byte for good.
Status look_first(const StoreCore& core, const std::optional<Mark>& expected) {
  const auto db = RocksDb::open(core.directory, core.options, RocksDb::Mode::kReadOnly, core.hooks.env);
  if (db.status().code() == Errc::kNotFound) return {};  // killed while it was being made
  AD_RETURN_IF_ERROR(db.status());
  if (const auto format = read_format(*db.value()); !format.ok()) {
    return format.status().with_context("replay store " + core.directory);
  }
  AD_ASSIGN_OR_RETURN(const StoreState state, read_state(*db.value()));
  return check_mark(core.directory, state, expected);
}

Status write_format(RocksDb& db) {
  rocksdb::WriteBatch batch;
  batch.Put(db.handle(Column::kMeta), rocksdb::Slice(kFormatRow.data(), kFormatRow.size()), std::to_string(kStoreFormat))
      .PermitUncheckedError();
  return db.write(batch, true);
}

}  // namespace

std::uint64_t free_bytes(const StoreCore& core) {
  if (core.hooks.free_bytes) return core.hooks.free_bytes(core.directory);
  struct statvfs info;
  if (::statvfs(core.directory.c_str(), &info) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

Status space_to_write(const StoreCore& core) {
  const std::uint64_t free_mb = free_bytes(core) >> 20;
  if (free_mb >= static_cast<std::uint64_t>(std::max<std::int64_t>(core.options.hard_free_mb, 0))) return {};
  return {Errc::kTemporary, "disk nearly full: " + std::to_string(free_mb) + " MB free under " + core.directory +
                                ", store.hard_free_mb = " + std::to_string(core.options.hard_free_mb) +
                                "; free some space and it goes on by itself"};
}

Status check_mark(const std::string& directory, const StoreState& state, const std::optional<Mark>& expected) {
  if (!expected || state.group >= expected->group) return {};
  return {Errc::kBadInput, "replay store " + directory + ": acknowledged records are missing: its log ends at group " +
                               std::to_string(state.group) + " (attempts below " + std::to_string(state.next_attempt) +
                               "), but group " + std::to_string(expected->group) + " (attempts below " +
                               std::to_string(expected->next_attempt) +
                               ") was acknowledged. The write-ahead log is damaged: restore a checkpoint, or delete " +
                               mark_path(directory) + " to go on without them"};
}

Status check_files(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::exists(directory + "/CURRENT", error)) return {};
  if (error) return errno_status(error.value(), "look into " + directory);
  std::filesystem::directory_iterator entries(directory, error);
  if (error && error != std::errc::no_such_file_or_directory) return errno_status(error.value(), "list " + directory);
  for (const auto& entry : entries) {
    if (entry.path().extension() != ".sst") continue;
    return {Errc::kBadInput, "replay store " + directory + ": the file CURRENT is missing, but " +
                                 entry.path().filename().string() + " holds data: restore a checkpoint, or CURRENT from one"};
  }
  return {Errc::kNotFound, "no replay store in " + directory};
}

Result<WriterMemory> open_database(StoreCore& core, const std::optional<Mark>& expected) {
  const Status files = check_files(core.directory);
  if (!files.ok() && files.code() != Errc::kNotFound) return files;
  if (files.ok()) AD_RETURN_IF_ERROR(look_first(core, expected));
  AD_ASSIGN_OR_RETURN(core.db, RocksDb::open(core.directory, core.options, RocksDb::Mode::kWrite, core.hooks.env));
  AD_ASSIGN_OR_RETURN(const std::uint64_t format, read_format(*core.db));
  if (format == 0) AD_RETURN_IF_ERROR(write_format(*core.db));
  AD_ASSIGN_OR_RETURN(WriterMemory memory, load_writer_memory(*core.db));
  AD_ASSIGN_OR_RETURN(const auto blocks, load_blocks(*core.db));
  core.blocks.replace(blocks);
  core.views.reset(memory.state.last_consumed);
  const std::lock_guard lock(core.status_mutex);
  core.counts = memory.state.counts;
  return memory;
}

Result<WriterMemory> reopen_database(StoreCore& core, const Mark& expected) {
  const std::unique_lock lock(core.db_mutex);
  core.db.reset();
  auto memory = open_database(core, expected);
  if (memory.ok()) return memory;
  // Reading goes on meanwhile if it can.
  auto readable = RocksDb::open(core.directory, core.options, RocksDb::Mode::kReadOnly, core.hooks.env);
  core.db = readable.ok() ? std::move(readable).value() : nullptr;
  return memory;
}

}  // namespace autodidact
