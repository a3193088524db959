#include "actors/event_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "config/files.hpp"

namespace autodidact {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = crc;
  }
  return table;
}

template <class Number>
void append_fixed(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

void append_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

// Fields of Event: wall_time 1, step 2, file_version 3, summary 5; of Summary: value 1; of its Value: tag 1, simple_value 2.
enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
void append_key(std::string& out, std::uint32_t field, Wire wire) {
  append_varint(out, (field << 3) | static_cast<std::uint32_t>(wire));
}
void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  append_key(out, field, kBytes);
  append_varint(out, bytes.size());
  out.append(bytes);
}

std::string event_at(double unix_s) {
  std::string out;
  append_key(out, 1, kFixed64);
  append_fixed(out, std::bit_cast<std::uint64_t>(unix_s));
  return out;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

std::uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

void append_record(std::string& out, std::string_view payload) {
  std::string length;
  append_fixed(length, static_cast<std::uint64_t>(payload.size()));
  out += length;
  append_fixed(out, masked_crc32c(length));
  out += payload;
  append_fixed(out, masked_crc32c(payload));
}

std::string version_event(double unix_s) {
  std::string out = event_at(unix_s);
  append_bytes(out, 3, "brain.Event:2");
  return out;
}

std::string scalar_event(double unix_s, std::int64_t step, std::span<const Scalar> scalars) {
  std::string summary, value, out = event_at(unix_s);
  for (const Scalar& scalar : scalars) {
    value.clear();
    append_bytes(value, 1, scalar.tag);
    append_key(value, 2, kFixed32);
    append_fixed(value, std::bit_cast<std::uint32_t>(scalar.value));
    append_bytes(summary, 1, value);
  }
  append_key(out, 2, kVarint);
  append_varint(out, static_cast<std::uint64_t>(step));
  append_bytes(out, 5, summary);
  return out;
}

EventFile::~EventFile() {
  if (fd_ >= 0) ::close(fd_);
}

EventFile::EventFile(EventFile&& other) noexcept { *this = std::move(other); }

EventFile& EventFile::operator=(EventFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(pending_, other.pending_);
  std::swap(written_, other.written_);
  return *this;
}

Result<EventFile> EventFile::create(const std::string& directory, double unix_s) {
  AD_RETURN_IF_ERROR(make_directories(directory));
  // TensorBoard wants "tfevents" in the name and reads a directory's files by name: by time, that is.
  char name[96];
  std::snprintf(name, sizeof name, "/events.out.tfevents.%010lld.%lld.autodidact", static_cast<long long>(unix_s),
                static_cast<long long>(::getpid()));
  std::string path = directory + name;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return errno_status(errno, "create " + path, Errc::kCannotCreate);
  EventFile file(std::move(path), fd);
  append_record(file.pending_, version_event(unix_s));
  AD_RETURN_IF_ERROR(file.flush());
  return file;
}

void EventFile::add(double unix_s, std::int64_t step, std::span<const Scalar> scalars) {
  append_record(pending_, scalar_event(unix_s, step, scalars));
}

Status EventFile::flush() {
  std::string_view left = pending_;
  while (!left.empty()) {
    const ssize_t n = ::write(fd_, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status(errno, "write " + path_);
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  written_ += pending_.size();
  pending_.clear();
  return {};
}

}  // namespace autodidact
