// The client against daemons that misbehave.

#include "gateway/client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include "gateway/unix_socket.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Accepts one connection, reads a request and does what it is told.
class OddDaemon {
 public:
  explicit OddDaemon(std::function<void(int fd)> behave) {
    auto listener = listen_unix(path_);
    if (!listener.ok()) throw std::runtime_error(listener.status().message());
    listener_ = std::move(listener).value();
    thread_ = std::thread([this, behave = std::move(behave)] {
      int fd = -1;
      while ((fd = ::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)) < 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (stop_) return;
      }
      char request[4096];
      (void)::recv(fd, request, sizeof request, 0);
      behave(fd);
      ::close(fd);
    });
  }
  ~OddDaemon() {
    stop_ = true;
    thread_.join();
    listener_.remove_file();
  }
  const std::string& path() const { return path_; }

 private:
  const TempDirectory directory_;
  const std::string path_ = directory_.path("admin.sock");
  UnixListener listener_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void say(int fd, const std::string& text) { (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL); }

AdminClient connect_to(const OddDaemon& daemon) {
  auto client = AdminClient::connect(daemon.path());
  EXPECT_TRUE(client.ok()) << client.status().message();
  return std::move(client).value();
}

TEST(AdminClient, NobodyThereIsUnavailable) {
  const auto client = AdminClient::connect("/tmp/autodidact-no-such-directory/admin.sock");
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.status().code(), Errc::kUnavailable);
  EXPECT_NE(client.status().message().find("admin.sock"), std::string::npos);
}

TEST(AdminClient, ASilentDaemonIsGivenUpAtTheDeadline) {
  OddDaemon daemon([](int) { std::this_thread::sleep_for(std::chrono::milliseconds(600)); });
  auto client = connect_to(daemon);
  const auto begin = SteadyClock::now();
  const auto answer = client.call("GET", "/admin/status", "", 200);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().code(), Errc::kTemporary);
  EXPECT_LT(SteadyClock::now() - begin, std::chrono::milliseconds(550));
}

TEST(AdminClient, ADaemonThatHangsUpIsUnavailable) {
  OddDaemon daemon([](int) {});
  const auto answer = connect_to(daemon).call("GET", "/admin/status", "", 2000);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().code(), Errc::kUnavailable);
}

TEST(AdminClient, AnErrorBodyBecomesTheSameStatus) {
  OddDaemon daemon([](int fd) {
    const std::string body = "{\"error\":{\"code\":\"not_found\",\"message\":\"no version 9\"}}\n";
    say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  });
  const auto answer = connect_to(daemon).call("POST", "/admin/promote", "{\"version\":9}", 2000);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().code(), Errc::kNotFound);
  EXPECT_EQ(answer.status().message(), "no version 9");
}

TEST(AdminClient, AnErrorThatIsNoJsonIsInternal) {
  OddDaemon daemon([](int fd) { say(fd, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nhtml"); });
  const auto answer = connect_to(daemon).call("GET", "/admin/status", "", 2000);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().code(), Errc::kInternal);
  EXPECT_NE(answer.status().message().find("502"), std::string::npos);
}

TEST(AdminClient, GarbageIsNoAnswer) {
  OddDaemon daemon([](int fd) { say(fd, "SSH-2.0-OpenSSH_9.2\r\n"); });
  EXPECT_FALSE(connect_to(daemon).call("GET", "/admin/status", "", 2000).ok());
}

TEST(AdminClient, AStreamThatBreaksOffIsNoShortSuccess) {
  OddDaemon daemon(
      [](int fd) { say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\":1}\n\r\n8\r\n{\"a\""); });
  int lines = 0;
  const Status status = connect_to(daemon).stream("/admin/replay", "{}", 2000, [&](std::string_view) { return ++lines > 0; });
  EXPECT_EQ(status.code(), Errc::kUnavailable);
  EXPECT_EQ(lines, 1);
}

TEST(AdminClient, AStalledStreamIsGivenUp) {
  OddDaemon daemon([](int fd) {
    say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\":1}\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
  });
  const Status status = connect_to(daemon).stream("/admin/replay", "{}", 200, [](std::string_view) { return true; });
  EXPECT_EQ(status.code(), Errc::kTemporary);
}

TEST(AdminClient, LinesAreCutWhereverTheChunksAre) {
  OddDaemon daemon([](int fd) {
    say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char c : std::string("one\ntwo\nthree\n")) say(fd, std::string("1\r\n") + c + "\r\n");
    say(fd, "0\r\n\r\n");
  });
  std::vector<std::string> lines;
  const Status status = connect_to(daemon).stream("/admin/replay", "{}", 2000, [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
}

TEST(AdminClient, AnErrorLineEndsTheStreamAsThatError) {
  OddDaemon daemon([](int fd) {
    const std::string body = "{\"a\":1}\n{\"error\":{\"code\":\"io\",\"message\":\"disk\"}}\n";
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  });
  int lines = 0;
  const Status status = connect_to(daemon).stream("/admin/replay", "{}", 2000, [&](std::string_view) { return ++lines > 0; });
  EXPECT_EQ(status.code(), Errc::kIo);
  EXPECT_EQ(lines, 1);
}

}  // namespace
}  // namespace autodidact
