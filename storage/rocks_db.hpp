#pragma once
// RocksDB with our column families, options and error messages: the only door to it. Owner: a store, or a tool. Any thread;
// writes come from one thread only. Survives a crash: whatever write(sync = true) returned ok for.
//
//   meta         text name                     format, state (counters), loop, trainer
//   problems     problem id                    problem
//   attempts     attempt id                    immutable: tokens, log-probabilities, text, sampler, verdict, selection
//   hot          block number                  SummaryBlock of 256 attempts
//   zones        block number                  SummaryZone of the same
//   postings     problem id | first attempt    the attempts of that problem in one group
//   items        u32 round | group             items that one group finished in that round
//   versions     version id                    version record
//   consumption  step                          what the trainer drew for that step
//   events       sequence number               event
//   scores       attempt id | scorer           what a verifier or rollouts made of an attempt; made when first opened for
//                                              writing, and empty to a reader of a store older than it
// Ids in keys are 8 bytes big-endian, so key order is id order.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace autodidact {

enum class Column : std::uint8_t {
  kMeta,
  kProblems,
  kAttempts,
  kHot,
  kZones,
  kPostings,
  kItems,
  kVersions,
  kConsumption,
  kEvents,
  kScores,
};
inline constexpr std::size_t kColumnCount = 11;
const char* name(Column column);

// What this program reads and writes; a store of another format is refused. Format 1 kept verdicts in rows of their own.
inline constexpr std::uint64_t kStoreFormat = 2;

// Up to two big-endian numbers as a database key.
class Key {
 public:
  explicit Key(std::uint64_t id) { append(id, 8); }
  Key(std::uint64_t first, std::uint64_t second) {
    append(first, 8);
    append(second, 8);
  }
  static Key of_round(std::uint32_t round, std::uint64_t group) {
    Key key;
    key.append(round, 4);
    key.append(group, 8);
    return key;
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  Key() = default;
  void append(std::uint64_t value, std::size_t width) {
    for (std::size_t i = width; i > 0; --i) bytes_[size_++] = static_cast<char>(value >> 8 * (i - 1));
  }
  std::array<char, 16> bytes_;
  std::size_t size_ = 0;
};
// The number at `offset` of a key; 0 when the key is too short.
std::uint64_t key_number(std::string_view key, std::size_t offset = 0, std::size_t width = 8);

class RocksDb {
 public:
  enum class Mode { kWrite, kReadOnly };
  // kWrite creates what is missing; kReadOnly never creates anything. `env` null = the machine's. Errors: kNotFound no store
  // there (kReadOnly); kTemporary locked or disk full; kBadInput damaged; kPermission; kIo.
  static Result<std::unique_ptr<RocksDb>> open(const std::string& directory, const StoreOptions& options, Mode mode,
                                               rocksdb::Env* env);
  ~RocksDb();  // closes; what was written stays

  Result<std::optional<std::string>> get(Column column, std::string_view key) const;
  // Visits the value of each key (given ascending), null where absent. Half the time of as many get()s.
  using VisitValue = std::function<Status(std::size_t index, const std::string_view* value)>;
  Status multi_get(Column column, const std::vector<Key>& keys, const VisitValue& visit) const;
  // Visits rows from the first key >= `from` upwards (or from the last key <= `from` downwards) until visit answers false.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  Status scan(Column column, std::string_view from, const Visit& visit) const;
  Status scan_back(Column column, std::string_view from, const Visit& visit) const;
  // Visits the rows whose keys begin with one of these (given ascending).
  Status scan_under(Column column, const std::vector<Key>& prefixes, const Visit& visit) const;

  Status write(rocksdb::WriteBatch& batch, bool sync);
  // Starts writing the memtables to files, so that the log to be replayed at the next open is short.
  Status flush(bool wait);
  // Hard links of all files in `target`, which must not exist.
  Status checkpoint(const std::string& target);
  Status verify_files() const;
  Status compact(Column column, std::string_view first, std::string_view last);

  // Null for a family that this store has not: then it reads as empty.
  rocksdb::ColumnFamilyHandle* handle(Column column) const { return handles_[static_cast<std::size_t>(column)]; }
  Status translate(const rocksdb::Status& status, const std::string& action) const;

 private:
  RocksDb();
  std::string directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kColumnCount> handles_{};
  std::vector<rocksdb::ColumnFamilyHandle*> others_;  // "default" and families of newer programs
};

// The one place where a rocksdb::Status becomes ours.
Status translate_rocksdb(const rocksdb::Status& status, const std::string& directory, const std::string& action);

}  // namespace autodidact
