#pragma once
// Reads back what EventFile writes, for tests: frames with their checksums, and the scalars in them.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/event_file.hpp"

namespace autodidact {

template <class Number>
Number fixed(std::string_view bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i)
    number |= static_cast<Number>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return number;
}

// The payloads; fails when a checksum is wrong or the last record is cut.
inline std::vector<std::string> payloads_of(std::string_view file) {
  std::vector<std::string> payloads;
  while (!file.empty()) {
    if (file.size() < 12) return ADD_FAILURE() << "a cut frame", payloads;
    const auto length = fixed<std::uint64_t>(file);
    EXPECT_EQ(fixed<std::uint32_t>(file.substr(8)), masked_crc32c(file.substr(0, 8)));
    if (file.size() < length + 16) return ADD_FAILURE() << "a cut payload", payloads;
    const auto payload = file.substr(12, length);
    EXPECT_EQ(fixed<std::uint32_t>(file.substr(12 + length)), masked_crc32c(payload));
    payloads.emplace_back(payload);
    file.remove_prefix(length + 16);
  }
  return payloads;
}

using Curves = std::map<std::string, std::vector<std::pair<std::int64_t, float>>>;  // by tag: step, value

// The fields of one message: number, and value or bytes.
inline std::vector<std::pair<std::uint32_t, std::string>> fields_of(std::string_view message) {
  const auto varint = [&message] {
    std::uint64_t number = 0;
    for (int shift = 0; !message.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(message.front());
      message.remove_prefix(1);
      number |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) break;
    }
    return number;
  };
  std::vector<std::pair<std::uint32_t, std::string>> fields;
  while (!message.empty()) {
    const auto key = varint();
    std::string value;
    std::size_t size = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;
    if ((key & 7) == 0) value = std::to_string(static_cast<std::int64_t>(varint()));
    if ((key & 7) == 2) size = varint();
    value.append(message.substr(0, size));
    message.remove_prefix(std::min(size, message.size()));
    fields.emplace_back(static_cast<std::uint32_t>(key >> 3), value);
  }
  return fields;
}

inline Curves curves_of(std::string_view file) {
  Curves curves;
  for (const std::string& event : payloads_of(file)) {
    std::int64_t step = 0;
    for (const auto& [number, value] : fields_of(event)) {
      if (number == 2) step = std::stoll(value);
      if (number != 5) continue;
      for (const auto& [one, scalar] : fields_of(value)) {
        const auto parts = fields_of(scalar);
        if (parts.size() != 2 || one != 1) return ADD_FAILURE() << "no scalar", curves;
        curves[parts[0].second].emplace_back(step, std::bit_cast<float>(fixed<std::uint32_t>(parts[1].second)));
      }
    }
  }
  return curves;
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The event files of a directory, by name.
inline std::vector<std::string> event_files(const std::string& directory) {
  std::vector<std::string> files;
  if (!std::filesystem::exists(directory)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace autodidact
