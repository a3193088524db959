#include "storage/codec_frame.hpp"

#include "storage/codec.hpp"

namespace autodidact {

void FrameWriter::seal(std::uint64_t key) {
  out_[0] = static_cast<char>(kRecordVersion);
  const std::uint32_t sum = checksum(std::string_view(out_).substr(kFrameHeaderBytes), key);
  std::memcpy(out_.data() + 1, &sum, sizeof sum);
}

Result<std::string_view> open_frame(std::string_view bytes, const char* kind, std::uint64_t key) {
  if (bytes.size() < kFrameHeaderBytes) return damaged(kind, key, std::to_string(bytes.size()) + " bytes are too few");
  const auto version = static_cast<std::uint8_t>(bytes[0]);
  if (version != kRecordVersion) return damaged(kind, key, "unknown record version " + std::to_string(version));
  std::uint32_t stored;
  std::memcpy(&stored, bytes.data() + 1, sizeof stored);
  const std::string_view payload = bytes.substr(kFrameHeaderBytes);
  if (stored != checksum(payload, key)) return damaged(kind, key, "its checksum does not fit");
  return payload;
}

Status frame_end(const ByteReader& reader, const char* kind, std::uint64_t key) {
  if (!reader.ok()) return damaged(kind, key, "a field runs past the end or out of range");
  if (!reader.at_end()) return damaged(kind, key, std::to_string(reader.remaining()) + " bytes too many");
  return {};
}

Status damaged(const char* kind, std::uint64_t key, const std::string& what) {
  return {Errc::kBadInput, std::string("replay store: ") + kind + " " + std::to_string(key) + " is damaged: " + what};
}

}  // namespace autodidact
