#include "gateway/unix_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "config/files.hpp"
#include "gateway/tcp_listener.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

class UnixSocket : public ::testing::Test {
 protected:
  const TempDirectory temporary_;
  const std::string directory_ = temporary_.path(), path_ = temporary_.path("admin.sock");
};

TEST_F(UnixSocket, OneThatACrashLeftIsReplaced) {
  {
    auto left = listen_unix(path_);
    ASSERT_TRUE(left.ok());
  }  // closed, the file stays
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(connect_unix(path_).status().code(), Errc::kUnavailable);
  auto again = listen_unix(path_);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_TRUE(connect_unix(path_).ok());
}

TEST_F(UnixSocket, OneThatSomebodyListensOnIsLeftAlone) {
  auto first = listen_unix(path_);
  ASSERT_TRUE(first.ok());
  auto second = listen_unix(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Errc::kTemporary);
  EXPECT_TRUE(connect_unix(path_).ok());
}

TEST_F(UnixSocket, AFileOfThatNameIsNotDeleted) {
  ASSERT_TRUE(write_file_atomic(path_, "precious").ok());
  EXPECT_EQ(listen_unix(path_).status().code(), Errc::kCannotCreate);
  EXPECT_EQ(read_file(path_, 100).value(), "precious");
}

TEST_F(UnixSocket, ModeIs0600WhateverTheUmask) {
  const mode_t before = ::umask(0);
  auto listener = listen_unix(path_);
  ::umask(before);
  ASSERT_TRUE(listener.ok());
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(UnixSocket, PathsLongerThanTheKernelTakesWork) {
  std::string deep = directory_;
  for (int i = 0; i < 6; ++i) deep += "/" + std::string(60, 'd');
  ASSERT_TRUE(make_directories(deep).ok());
  auto listener = listen_unix(deep + "/admin.sock");
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  EXPECT_TRUE(connect_unix(deep + "/admin.sock").ok());
  EXPECT_EQ(connect_unix(deep + "/other.sock").status().code(), Errc::kUnavailable);
  EXPECT_EQ(connect_unix(deep + "/missing/admin.sock").status().code(), Errc::kUnavailable);
  listener->remove_file();
  EXPECT_FALSE(std::filesystem::exists(deep + "/admin.sock"));
}

TEST_F(UnixSocket, ASuccessorsFileIsNotRemoved) {
  auto first = listen_unix(path_);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  auto second = listen_unix(path_);
  ASSERT_TRUE(second.ok());
  first->remove_file();
  EXPECT_TRUE(connect_unix(path_).ok());
}

TEST_F(UnixSocket, ThePeerIsKnownByItsUser) {
  auto listener = listen_unix(path_);
  ASSERT_TRUE(listener.ok());
  auto client = connect_unix(path_);
  ASSERT_TRUE(client.ok());
  UniqueFd server(::accept4(listener->fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_GE(server.get(), 0);
  EXPECT_EQ(peer_uid(server.get()).value(), ::geteuid());
}

TEST(TcpListener, TakesLiteralLoopbackAddressesOnly) {
  for (const char* good : {"127.0.0.1:0", "127.0.0.5:0"}) EXPECT_TRUE(listen_tcp(good, false).ok()) << good;
  for (const char* bad : {"", "127.0.0.1", "localhost:0", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:1x", "::1:0", "[::1]"}) {
    EXPECT_EQ(listen_tcp(bad, true).status().code(), Errc::kUsage) << bad;
  }
  for (const char* open : {"0.0.0.0:0", "[::]:0", "10.1.2.3:0"}) {
    EXPECT_EQ(listen_tcp(open, false).status().code(), Errc::kPermission) << open;
  }
  EXPECT_TRUE(listen_tcp("0.0.0.0:0", true).ok());
}

TEST(TcpListener, NamesThePortItGotAndTheOneThatIsTaken) {
  auto first = listen_tcp("127.0.0.1:0", false);
  ASSERT_TRUE(first.ok());
  EXPECT_NE(first->address, "127.0.0.1:0");
  EXPECT_EQ(listen_tcp(first->address, false).status().code(), Errc::kTemporary);
}

}  // namespace
}  // namespace autodidact
