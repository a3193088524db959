#pragma once
// Where a file's bytes come from: a string, or an open file that is read piece by piece. Not mapped: a mapped file that is cut
// short under its reader kills the process, a read only comes back short. Immutable after construction; any thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "config/status.hpp"

namespace autodidact {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `to` from byte `at`. kBadInput when the bytes end before (a file that has shrunk), kIo when reading fails.
  virtual Status read(std::uint64_t at, std::span<char> to) const = 0;
};

std::shared_ptr<const ByteSource> bytes_in_memory(std::string bytes);
// Holds the file open. kNotFound, kPermission; kBadInput when it is no regular file.
Result<std::shared_ptr<const ByteSource>> bytes_of_file(const std::string& path);

}  // namespace autodidact
