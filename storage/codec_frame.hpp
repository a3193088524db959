#pragma once
// The frame around every stored value: u8 record version | u32 checksum | payload. Private to the codec's files.

#include <string>
#include <string_view>

#include "config/status.hpp"
#include "storage/bytes.hpp"

namespace autodidact {

inline constexpr std::size_t kFrameHeaderBytes = 5;

// Collects a payload in `out`, then seals it.
class FrameWriter : public ByteWriter {
 public:
  explicit FrameWriter(std::string& out) : ByteWriter(out), out_(out) { out.assign(kFrameHeaderBytes, '\0'); }
  void seal(std::uint64_t key);

 private:
  std::string& out_;
};

// The payload of a frame whose version and checksum are right.
Result<std::string_view> open_frame(std::string_view bytes, const char* kind, std::uint64_t key);

// ok when the payload was read to its end without a failure.
Status frame_end(const ByteReader& reader, const char* kind, std::uint64_t key);

Status damaged(const char* kind, std::uint64_t key, const std::string& what);

}  // namespace autodidact
