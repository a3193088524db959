#pragma once
// How RocksDB is set up, with the reason for each number. Included by storage's .cpp files that know RocksDB.

#include <rocksdb/options.h>

#include "storage/rocks_db.hpp"

namespace autodidact {

rocksdb::DBOptions database_options(const StoreOptions& options, RocksDb::Mode mode, rocksdb::Env* env);
// By name, because a store of a newer program may hold families we do not know.
rocksdb::ColumnFamilyOptions family_options(const std::string& family, const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace autodidact
