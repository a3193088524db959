#pragma once
// A file of scalars that TensorBoard reads: records framed as TensorFlow does, each an Event in protobuf's wire format, written
// by hand since five fields of it are all we need. No CAF. Owner: TensorboardLog; one thread at a time. What survives a crash:
// what flush() gave to the system; a record cut short at the end is ignored by readers.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

// CRC-32C (Castagnoli), and as TensorFlow masks it: a checksum of data that holds checksums would be no good.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc32c(std::string_view bytes);

struct Scalar {
  std::string_view tag;
  float value = 0;
};

// A frame: u64 length, u32 masked checksum of the length, payload, u32 masked checksum of the payload; little endian.
void append_record(std::string& out, std::string_view payload);
// Events, without the frame. The first of a file names the format.
std::string version_event(double unix_s);
std::string scalar_event(double unix_s, std::int64_t step, std::span<const Scalar> scalars);

class EventFile {
 public:
  EventFile() = default;
  ~EventFile();
  EventFile(EventFile&& other) noexcept;
  EventFile& operator=(EventFile&& other) noexcept;

  // A new file in `directory`, which is made when missing.
  static Result<EventFile> create(const std::string& directory, double unix_s);
  void add(double unix_s, std::int64_t step, std::span<const Scalar> scalars);  // into memory
  // Writes what was added. Once it fails the file may end in half a record: add no more.
  Status flush();
  const std::string& path() const { return path_; }
  std::uint64_t bytes() const { return written_ + pending_.size(); }

 private:
  EventFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_ = -1;
  std::string pending_;
  std::uint64_t written_ = 0;
};

}  // namespace autodidact
