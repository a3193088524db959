#pragma once
// Changes of stored attempts outside the flow of write sets: pinning, and deleting what nobody needs any more. Any thread but
// the writer's own; the work is done on the writer thread in atomic steps of 4096 attempts, between two groups.

#include "storage/store_writer.hpp"

namespace autodidact {

// All or none: kNotFound names the first id that is not stored.
Status pin_attempts(const StoreCore& core, StoreWriter& writer, std::span<const AttemptId> ids, bool pinned);
// See ReplayStore::collect(). An interrupted run leaves a sound store with part of the work done.
Result<std::uint64_t> collect_attempts(StoreCore& core, StoreWriter& writer, std::uint64_t keep, bool dry_run);

}  // namespace autodidact
