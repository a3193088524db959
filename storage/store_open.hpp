#pragma once
// Opening the database of a writable store with all checks, the first time and after a failed write. Called by open_store()
// and then by the writer thread only.

#include "storage/store_core.hpp"

namespace autodidact {

// Opens, checks and loads: afterwards core.db, core.blocks, core.views and core.counts are set. `expected`: the last group
// known to be acknowledged; when the store ends before it, acknowledged records are missing: kBadInput.
Result<WriterMemory> open_database(StoreCore& core, const std::optional<Mark>& expected);
// The same for an open core whose database failed: closes it first, then loads everything anew.
Result<WriterMemory> reopen_database(StoreCore& core, const Mark& expected);

// kTemporary below the hard watermark.
Status space_to_write(const StoreCore& core);

// kBadInput when the store ends before `expected`.
Status check_mark(const std::string& directory, const StoreState& state, const std::optional<Mark>& expected);
// kNotFound when there is no database; kBadInput when there are files of one but not its root.
Status check_files(const std::string& directory);

}  // namespace autodidact
