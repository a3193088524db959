#pragma once
// Whole files in and out. Free functions without state: any thread may call them. After a crash a path written by
// write_file_atomic() holds the old bytes or the new ones, never a mixture; a "<path>.tmp-*" left behind is garbage.

#include <cstdint>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

// The one translation of errno: "cannot <action>: <strerror>". ENOENT gives `if_missing`; a full disk and exhausted handles
// are kTemporary; what the system forbids is kPermission; the rest is kIo.
Status errno_status(int error, const std::string& action, Errc if_missing = Errc::kNotFound);

// The bytes of a regular file of at most `max_bytes`. kBadInput when it is longer or no regular file (a directory, a pipe).
Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes);

// Replaces `path` by `bytes`: temporary file beside it, fsync, rename, fsync of the directory. `mode` as for chmod(2).
Status write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);

// Creates `path` and its missing parents. ok when it is there already; kCannotCreate when something else has the name.
Status make_directories(const std::string& path);

// Makes creations, renames and removals in `path` durable.
Status sync_directory(const std::string& path);

// `made`, written and synced beside it, takes the name `directory`, durably. A directory that has the name already changes
// places with it in one step, so the name never stands for nothing, and is removed. When it fails `made` is gone too.
Status replace_directory(const std::string& made, const std::string& directory);

// "a/b" -> "a", "b" -> ".", "/b" -> "/".
std::string parent_directory(const std::string& path);

}  // namespace autodidact
