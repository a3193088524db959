#pragma once
// RocksDB's messages in our log. Included by storage's .cpp files that know RocksDB.

#include <memory>

namespace rocksdb {
class Logger;
}

namespace autodidact {

// Passes warnings and errors on; any thread. RocksDB's own logger writes a LOG file beside the data, and asserts when the disk
// is full while it does.
std::shared_ptr<rocksdb::Logger> make_rocks_logger();

}  // namespace autodidact
