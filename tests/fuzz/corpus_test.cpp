// Runs a fuzz target once over each file of its corpus: what a compiler without libFuzzer can test of it.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

TEST(FuzzCorpus, EveryFileIsTakenOrRefused) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(AD_CORPUS)) {
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const std::string text = std::move(bytes).str();
    SCOPED_TRACE(entry.path().filename().string());
    EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), 0);
    ++files;
  }
  EXPECT_GT(files, 0) << "no corpus in " AD_CORPUS;
}

}  // namespace
