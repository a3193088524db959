#pragma once
// Opening the store with its surroundings replaced: what open_store() does with the real ones, and tests with faulty ones.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "storage/replay_store.hpp"

namespace rocksdb {
class Env;
}

namespace autodidact {

struct StoreHooks {
  rocksdb::Env* env = nullptr;                                  // null = the machine's; outlives the store
  std::function<std::uint64_t(const std::string&)> free_bytes;  // of the file system a directory is on; null = statvfs
  std::int64_t retry_ms = 1000;                                 // after a failed write: first try to go on, doubling to 30 s
};

// What checkpoint_store() needs of a store; only the writable one has it.
class Checkpointable {
 public:
  virtual ~Checkpointable() = default;
  virtual Status checkpoint(const std::string& target) = 0;
};

Result<std::unique_ptr<ReplayStore>> open_rocks_store(const std::string& directory, const StoreOptions& options,
                                                      const StoreHooks& hooks);

}  // namespace autodidact
