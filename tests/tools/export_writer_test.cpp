#include "tools/export_writer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "config/files.hpp"
#include "config/sha256.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class ExportWriterTest : public ::testing::Test {
 protected:
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }
  static std::string text(const std::string& path) {
    auto bytes = read_file(path, 1 << 20);
    return bytes.ok() ? *bytes : bytes.status().message();
  }

  const TempDirectory temporary_;
  const std::string directory_ = temporary_.path();
};

TEST_F(ExportWriterTest, RowsAreSpreadOverNumberedFilesWithDigests) {
  const std::string target = directory_ + "/out";
  auto writer = ExportWriter::create(target, 2);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->add("{\"i\":" + std::to_string(i) + "}").ok());
  ASSERT_TRUE(writer->finish({{"format", "attempts"}}).ok());
  EXPECT_EQ(text(target + "/data/train-00000-of-00003.jsonl"), "{\"i\":0}\n{\"i\":1}\n");
  EXPECT_EQ(text(target + "/data/train-00002-of-00003.jsonl"), "{\"i\":4}\n");
  const Json metadata = Json::parse(text(target + "/metadata.json"));
  EXPECT_EQ(metadata["rows"], 5);
  ASSERT_EQ(metadata["files"].size(), 3u);
  for (const Json& file : metadata["files"]) {
    EXPECT_EQ(file["sha256"], sha256_hex(text(target + "/" + file["path"].get<std::string>())));
  }
  EXPECT_NE(text(target + "/README.md").find("path: data/train-*.jsonl"), std::string::npos);
}

TEST_F(ExportWriterTest, NothingIsSeenBeforeTheEndAndNothingIsLeftWithoutIt) {
  {
    auto writer = ExportWriter::create(directory_ + "/out");
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->add("{}").ok());
    EXPECT_FALSE(fs::exists(directory_ + "/out"));
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(ExportWriterTest, WhatExistsIsNotTouched) {
  ASSERT_TRUE(write_file_atomic(directory_ + "/out", "mine").ok());
  EXPECT_EQ(ExportWriter::create(directory_ + "/out").status().code(), Errc::kCannotCreate);
  EXPECT_EQ(text(directory_ + "/out"), "mine");
}

TEST_F(ExportWriterTest, AnEmptyExportIsAnErrorAndLeavesNothing) {
  {
    auto writer = ExportWriter::create(directory_ + "/out/");
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ(writer->finish({{"format", "sft"}}).code(), Errc::kNotFound);
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(ExportWriterTest, AFullDiskIsOneClearError) {
  auto writer = ExportWriter::create(directory_ + "/out");
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->add("{}").ok());
  rlimit before = {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 64 * 1024;  // a write beyond fails, as on a full disk
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  Status status;
  for (int i = 0; i < 100'000 && status.ok(); ++i) status = writer->add("{\"text\":\"0123456789012345678901234567890\"}");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/out.tmp-"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace autodidact
