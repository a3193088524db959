#include "config/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "config/clock.hpp"
#include "config/loader.hpp"
#include "config/sha256.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::size_t entries(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(Files, WriteThenReadGivesTheSameBytes) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(write_file_atomic("f.bin", bytes).ok());
  EXPECT_EQ(*read_file("f.bin", 4), bytes);
  ASSERT_TRUE(write_file_atomic("f.bin", "").ok());
  EXPECT_EQ(*read_file("f.bin", 0), "");
}

TEST(Files, WriteSetsTheModeAndReplacesAReadOnlyFile) {
  ASSERT_TRUE(write_file_atomic("secret", "1", 0400).ok());
  ASSERT_TRUE(write_file_atomic("secret", "2", 0600).ok());
  EXPECT_EQ(fs::status("secret").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(*read_file("secret", 10), "2");
}

TEST(Files, ReadRefusesWhatIsTooLongOrNoFile) {
  ASSERT_TRUE(write_file_atomic("five", "12345").ok());
  EXPECT_TRUE(read_file("five", 5).ok());
  EXPECT_EQ(read_file("five", 4).status().code(), Errc::kBadInput);
  EXPECT_EQ(read_file("/dev/zero", 4).status().code(), Errc::kBadInput);
  EXPECT_EQ(read_file(".", 4).status().code(), Errc::kBadInput);
  EXPECT_EQ(read_file("none", 4).status().code(), Errc::kNotFound);
  EXPECT_EQ(read_file("five/below", 4).status().code(), Errc::kNotFound);
}

TEST(Files, ReadTakesPseudoFilesThatSayTheyAreEmpty) {
  EXPECT_THAT(*read_file("/proc/self/status", 1 << 20), HasSubstr("Name:"));
  EXPECT_EQ(read_file("/proc/self/status", 10).status().code(), Errc::kBadInput);
}

TEST(Files, ReplaceDirectoryTakesTheNameWhateverHadIt) {
  fs::remove_all("place");
  const auto make = [](const std::string& word) {
    fs::create_directories("place/made");
    return write_file_atomic("place/made/" + word, word).ok();
  };
  for (const char* word : {"first", "second"}) {
    ASSERT_TRUE(make(word));
    ASSERT_TRUE(replace_directory("place/made", "place/name").ok());
    EXPECT_EQ(*read_file(std::string("place/name/") + word, 10), word);
    EXPECT_EQ(entries("place"), 1u) << "what was replaced is gone";
    EXPECT_EQ(entries("place/name"), 1u);
  }
  ASSERT_TRUE(make("third"));
  ASSERT_TRUE(write_file_atomic("place/file", "x").ok());
  ASSERT_TRUE(replace_directory("place/made", "place/file").ok());
  EXPECT_EQ(*read_file("place/file/third", 10), "third");
  ASSERT_TRUE(make("fourth"));
  EXPECT_EQ(replace_directory("place/made", "nowhere/name").code(), Errc::kCannotCreate);
  EXPECT_FALSE(fs::exists("place/made"));
}

TEST(Files, WriteIntoAMissingDirectorySaysSo) {
  const Status status = write_file_atomic("none/f", "x");
  EXPECT_EQ(status.code(), Errc::kCannotCreate);
  EXPECT_EQ(status.message(), "cannot create none/f: No such file or directory");
}

// A file-size limit stands in for a full disk: the write fails half way.
TEST(Files, AFailedWriteLeavesTheOldFileAndNoOther) {
  fs::remove_all("full");
  fs::create_directory("full");
  ASSERT_TRUE(write_file_atomic("full/f", "old").ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = {4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = write_file_atomic("full/f", std::string(10000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(status.code(), Errc::kIo);
  EXPECT_EQ(*read_file("full/f", 10), "old");
  EXPECT_EQ(entries("full"), 1u);
}

TEST(Files, MakesDirectoriesOnceAndTwice) {
  fs::remove_all("x");
  EXPECT_TRUE(make_directories("x/y/z").ok());
  EXPECT_TRUE(make_directories("x/y/z").ok());
  ASSERT_TRUE(write_file_atomic("x/file", "").ok());
  EXPECT_EQ(make_directories("x/file").code(), Errc::kCannotCreate);
  EXPECT_EQ(make_directories("x/file/below").code(), Errc::kCannotCreate);
}

TEST(Files, NamesParentDirectories) {
  EXPECT_EQ(parent_directory("a/b"), "a");
  EXPECT_EQ(parent_directory("b"), ".");
  EXPECT_EQ(parent_directory("/b"), "/");
}

TEST(Files, GivesErrnoItsCode) {
  EXPECT_EQ(errno_status(ENOSPC, "write f").code(), Errc::kTemporary);
  EXPECT_EQ(errno_status(EACCES, "open f").code(), Errc::kPermission);
  EXPECT_EQ(errno_status(EIO, "read f").code(), Errc::kIo);
  EXPECT_EQ(errno_status(ENOENT, "make f", Errc::kCannotCreate).code(), Errc::kCannotCreate);
  EXPECT_EQ(errno_status(EIO, "read f").message(), "cannot read f: Input/output error");
}

// The test may run as root, who may read anything: look as nobody, in a process of its own.
TEST(FilesDeathTest, AnUnreadableFileIsAMatterOfPermission) {
  const std::string path = "/tmp/autodidact_files_test_" + std::to_string(::getpid());
  ASSERT_TRUE(write_file_atomic(path, "config_version = 1\n", 0600).ok());
  EXPECT_EXIT(
      {
        if (::geteuid() == 0) {
          if (::setuid(65534) != 0) ::_exit(1);
        } else {
          ::chmod(path.c_str(), 0);
        }
        const bool file = read_file(path, 100).status().code() == Errc::kPermission;
        const bool config = load_config(path).code == Errc::kPermission;
        ::_exit(file && config ? 0 : 2);
      },
      ::testing::ExitedWithCode(0), "");
  fs::remove(path);
}

TEST(Sha256, MatchesThePublishedVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const std::string bytes(3'000'001, 'z');  // more than two blocks
  ASSERT_TRUE(write_file_atomic("z", bytes).ok());
  EXPECT_EQ(*sha256_file_hex("z"), sha256_hex(bytes));
  EXPECT_EQ(sha256_file_hex("none").status().code(), Errc::kNotFound);
  EXPECT_EQ(sha256_file_hex(".").status().code(), Errc::kIo);
}

TEST(Clock, ManualClockMovesOnlyWhenTold) {
  ManualClock clock(5);
  EXPECT_EQ(clock.now_us(), 5);
  clock.advance_us(10);
  EXPECT_EQ(clock.now_us(), 15);
  EXPECT_EQ(clock.mono_ns(), 15000);
  clock.set_us(1);
  EXPECT_EQ(clock.now_us(), 1);
}

TEST(Clock, SystemClockGoesForward) {
  const std::int64_t start = system_clock().mono_ns();
  EXPECT_GT(system_clock().now_us(), 1'500'000'000'000'000);
  EXPECT_GE(system_clock().mono_ns(), start);
}

}  // namespace
}  // namespace autodidact
