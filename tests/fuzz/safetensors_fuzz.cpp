// A safetensors file: whatever its bytes say, every tensor it claims can be read, or the file is refused.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "model/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = autodidact::bytes_in_memory(std::string(reinterpret_cast<const char*>(data), size));
  const auto index = autodidact::parse_safetensors(*file);
  if (!index.ok()) return 0;
  for (const autodidact::SafetensorsEntry& entry : index->entries) {
    std::size_t values = 1;
    for (const std::int64_t extent : entry.shape) values *= static_cast<std::size_t>(extent);
    std::vector<float> to(values);
    (void)autodidact::read_tensor(*file, *index, entry, to);
  }
  return 0;
}
