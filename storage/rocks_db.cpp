#include "storage/rocks_db.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <array>

#include "storage/rocks_options.hpp"

namespace autodidact {
namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

constexpr const char* kNames[kColumnCount] = {"meta",  "problems", "attempts",    "hot",    "zones", "postings",
                                              "items", "versions", "consumption", "events", "scores"};

// A store of an earlier program lacks it until it is opened for writing.
bool is_optional(Column column) { return column == Column::kScores; }

// Ours, "default" (RocksDB insists on it), and whatever else the store has.
std::vector<std::string> families_of(const std::string& directory, rocksdb::Env* env, RocksDb::Mode mode) {
  std::vector<std::string> present;
  rocksdb::DBOptions options;
  if (env) options.env = env;
  rocksdb::DB::ListColumnFamilies(options, directory, &present).PermitUncheckedError();  // fails for a store not yet made
  if (mode == RocksDb::Mode::kReadOnly) return present;
  for (const std::string& wanted : {std::string(rocksdb::kDefaultColumnFamilyName)}) {
    if (std::find(present.begin(), present.end(), wanted) == present.end()) present.push_back(wanted);
  }
  for (const char* wanted : kNames) {
    if (std::find(present.begin(), present.end(), wanted) == present.end()) present.push_back(wanted);
  }
  return present;
}

}  // namespace

const char* name(Column column) { return kNames[static_cast<std::size_t>(column)]; }

std::uint64_t key_number(std::string_view key, std::size_t offset, std::size_t width) {
  if (key.size() < offset + width) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<std::uint8_t>(key[offset + i]);
  return value;
}

RocksDb::RocksDb() = default;

RocksDb::~RocksDb() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  for (rocksdb::ColumnFamilyHandle* handle : others_) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
}

Result<std::unique_ptr<RocksDb>> RocksDb::open(const std::string& directory, const StoreOptions& options, Mode mode,
                                               rocksdb::Env* env) {
  std::unique_ptr<RocksDb> opened(new RocksDb);
  opened->directory_ = directory;
  const auto cache = rocksdb::NewLRUCache(static_cast<std::size_t>(std::max<std::int64_t>(options.cache_mb, 1)) << 20);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& family : families_of(directory, env, mode))
    families.emplace_back(family, family_options(family, cache));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::DBOptions database = database_options(options, mode, env);
  const rocksdb::Status status = mode == Mode::kWrite
                                     ? rocksdb::DB::Open(database, directory, families, &handles, &db)
                                     : rocksdb::DB::OpenForReadOnly(database, directory, families, &handles, &db);
  if (!status.ok()) return opened->translate(status, "opening it");
  opened->db_.reset(db);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    const auto known = std::find(std::begin(kNames), std::end(kNames), handle->GetName());
    if (known == std::end(kNames)) {
      opened->others_.push_back(handle);
    } else {
      opened->handles_[static_cast<std::size_t>(known - std::begin(kNames))] = handle;
    }
  }
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (opened->handles_[i] || is_optional(static_cast<Column>(i))) continue;
    if (db->GetLatestSequenceNumber() == 0)
      return {Errc::kNotFound, "no replay store in " + directory + ": making it was interrupted"};
    return {Errc::kBadInput, directory + " is no replay store: it is a RocksDB database without a family '" + kNames[i] + "'"};
  }
  return opened;
}

Result<std::optional<std::string>> RocksDb::get(Column column, std::string_view key) const {
  std::string value;
  if (!handle(column)) return std::optional<std::string>();
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), handle(column), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return translate(status, std::string("reading ") + name(column));
  return std::optional<std::string>(std::move(value));
}

Status RocksDb::multi_get(Column column, const std::vector<Key>& keys, const VisitValue& visit) const {
  // RocksDB fetches this many at a time; fewer at once here too, so that their blocks are still in the processor's cache when
  // they are visited, and their memory is used again.
  constexpr std::size_t kAtOnce = 32;
  rocksdb::ReadOptions scattered;
  scattered.fill_cache = false;  // they hardly come again, and filling the cache takes longer than reading from the system's
  std::array<rocksdb::Slice, kAtOnce> slices;
  std::array<rocksdb::Status, kAtOnce> found;
  for (std::size_t first = 0; first < keys.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, keys.size() - first);
    std::array<rocksdb::PinnableSlice, kAtOnce> values;
    for (std::size_t i = 0; i < count; ++i) slices[i] = slice(keys[first + i].view());
    db_->MultiGet(scattered, handle(column), count, slices.data(), values.data(), found.data(), true);
    for (std::size_t i = 0; i < count; ++i) {
      if (!found[i].ok() && !found[i].IsNotFound()) return translate(found[i], std::string("reading ") + name(column));
      const std::string_view value = view(values[i]);
      AD_RETURN_IF_ERROR(visit(first + i, found[i].ok() ? &value : nullptr));
    }
  }
  return {};
}

Status RocksDb::scan(Column column, std::string_view from, const Visit& visit) const {
  if (!handle(column)) return {};
  const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(rocksdb::ReadOptions(), handle(column)));
  for (row->Seek(slice(from)); row->Valid() && visit(view(row->key()), view(row->value())); row->Next()) continue;
  return row->status().ok() ? Status() : translate(row->status(), std::string("scanning ") + name(column));
}

Status RocksDb::scan_back(Column column, std::string_view from, const Visit& visit) const {
  const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(rocksdb::ReadOptions(), handle(column)));
  for (row->SeekForPrev(slice(from)); row->Valid() && visit(view(row->key()), view(row->value())); row->Prev()) continue;
  return row->status().ok() ? Status() : translate(row->status(), std::string("scanning ") + name(column));
}

Status RocksDb::scan_under(Column column, const std::vector<Key>& prefixes, const Visit& visit) const {
  if (!handle(column)) return {};
  const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(rocksdb::ReadOptions(), handle(column)));
  for (const Key& key : prefixes) {
    const rocksdb::Slice prefix = slice(key.view());
    row->Seek(prefix);
    for (; row->Valid() && row->key().starts_with(prefix); row->Next()) {
      if (!visit(view(row->key()), view(row->value()))) return {};
    }
    if (!row->Valid()) break;
  }
  return row->status().ok() ? Status() : translate(row->status(), std::string("scanning ") + name(column));
}

Status RocksDb::write(rocksdb::WriteBatch& batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = db_->Write(options, &batch);
  return status.ok() ? Status() : translate(status, "writing");
}

Status RocksDb::flush(bool wait) {
  rocksdb::FlushOptions options;
  options.wait = wait;
  const std::vector<rocksdb::ColumnFamilyHandle*> all(handles_.begin(), handles_.end());
  const rocksdb::Status status = db_->Flush(options, all);
  return status.ok() ? Status() : translate(status, "flushing");
}

Status RocksDb::checkpoint(const std::string& target) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> owned(made);
  if (status.ok()) status = owned->CreateCheckpoint(target);
  return status.ok() ? Status() : translate(status, "making the checkpoint " + target);
}

Status RocksDb::verify_files() const {
  const rocksdb::Status status = db_->VerifyChecksum();
  return status.ok() ? Status() : translate(status, "checking the files");
}

Status RocksDb::compact(Column column, std::string_view first, std::string_view last) {
  const rocksdb::Slice begin = slice(first), end = slice(last);
  const rocksdb::Status status = db_->CompactRange(rocksdb::CompactRangeOptions(), handle(column), &begin, &end);
  return status.ok() ? Status() : translate(status, std::string("compacting ") + name(column));
}

Status RocksDb::translate(const rocksdb::Status& status, const std::string& action) const {
  return translate_rocksdb(status, directory_, action);
}

Status translate_rocksdb(const rocksdb::Status& status, const std::string& directory, const std::string& action) {
  if (status.ok()) return {};
  const std::string text = status.ToString();
  const std::string where = "replay store " + directory + ": " + action + ": ";
  const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  if (status.IsNoSpace() || says("No space left")) {
    return {Errc::kTemporary, where + "the disk is full; free some space and it goes on by itself (" + text + ")"};
  }
  if (says("/LOCK")) {
    return {Errc::kTemporary,
            "replay store " + directory + " is in use by another process: stop that one, or ask it (" + text + ")"};
  }
  if (says("Permission denied")) return {Errc::kPermission, where + text + "; check owner and mode of the files"};
  if (status.IsCorruption() || says(".sst")) {
    return {Errc::kBadInput, where + text + "; run `autodidact replay verify " + directory +
                                 "` to see the damage, restore a checkpoint to undo it"};
  }
  if (status.IsPathNotFound() || status.IsNotFound() || says("No such file")) return {Errc::kNotFound, where + text};
  if (status.IsBusy() || status.IsTimedOut() || status.IsTryAgain() || status.IsIncomplete() || status.IsShutdownInProgress()) {
    return {Errc::kTemporary, where + text};
  }
  return {status.IsIOError() ? Errc::kIo : Errc::kInternal, where + text};
}

}  // namespace autodidact
