#include "gateway/systemd_notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "gateway/unix_socket.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

// The service manager's end: a datagram socket of the test's own.
class Manager {
 public:
  explicit Manager(const std::string& address) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, address.data(), address.size());
    const bool abstract = address[0] == '@';
    if (abstract) name.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1));
    bound_ = ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), size) == 0;
  }
  bool bound() const { return bound_; }
  std::string next() {
    char bytes[4096];
    const auto got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    return got < 0 ? "" : std::string(bytes, static_cast<std::size_t>(got));
  }

 private:
  UniqueFd fd_;
  bool bound_ = false;
};

std::string abstract_name() { return "@autodidact-notify-" + std::to_string(::getpid()); }

TEST(SystemdNotify, SpeaksTheProtocolToAnAbstractSocket) {
  Manager manager(abstract_name());
  ASSERT_TRUE(manager.bound());
  const SystemdNotify notify(abstract_name());
  ASSERT_TRUE(notify.enabled());
  EXPECT_TRUE(notify.ready("round 1").ok());
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=round 1");
  EXPECT_TRUE(notify.status("sampling, 43 %").ok());
  EXPECT_EQ(manager.next(), "STATUS=sampling, 43 %");
  EXPECT_TRUE(notify.watchdog().ok());
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  EXPECT_TRUE(notify.extend_timeout(std::chrono::seconds(30)).ok());
  EXPECT_EQ(manager.next(), "EXTEND_TIMEOUT_USEC=30000000");
  EXPECT_TRUE(notify.stopping("draining").ok());
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
}

TEST(SystemdNotify, AReloadCarriesTheMonotonicClock) {
  Manager manager(abstract_name());
  ASSERT_TRUE(manager.bound());
  timespec before = {};
  ::clock_gettime(CLOCK_MONOTONIC, &before);
  EXPECT_TRUE(SystemdNotify(abstract_name()).reloading().ok());
  const std::string message = manager.next();
  const std::string prefix = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_EQ(message.substr(0, prefix.size()), prefix);
  EXPECT_GE(std::stoull(message.substr(prefix.size())), static_cast<unsigned long long>(before.tv_sec) * 1'000'000);
}

TEST(SystemdNotify, SpeaksToAPathToo) {
  const TempDirectory directory;
  const std::string path = directory.path("notify");
  Manager manager(path);
  ASSERT_TRUE(manager.bound());
  EXPECT_TRUE(SystemdNotify(path).watchdog().ok());
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
}

TEST(SystemdNotify, AStatusCannotSmuggleInAnotherLine) {
  Manager manager(abstract_name());
  ASSERT_TRUE(manager.bound());
  EXPECT_TRUE(SystemdNotify(abstract_name()).status("a\nREADY=1\r\nSTOPPING=1").ok());
  EXPECT_EQ(manager.next(), "STATUS=a READY=1  STOPPING=1");
}

TEST(SystemdNotify, ReadsItsEnvironmentOnceAndHidesItFromChildren) {
  ::setenv("NOTIFY_SOCKET", abstract_name().c_str(), 1);
  ::setenv("WATCHDOG_USEC", "60000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const SystemdNotify notify = SystemdNotify::from_environment();
  EXPECT_TRUE(notify.enabled());
  EXPECT_EQ(notify.watchdog_interval(), std::chrono::seconds(60));
  for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) EXPECT_EQ(std::getenv(variable), nullptr);
  const SystemdNotify again = SystemdNotify::from_environment();
  EXPECT_FALSE(again.enabled());
  EXPECT_TRUE(again.ready("nobody listens").ok());
}

TEST(SystemdNotify, AnotherProcessesWatchdogIsNotOurs) {
  ::setenv("NOTIFY_SOCKET", abstract_name().c_str(), 1);
  ::setenv("WATCHDOG_USEC", "60000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(SystemdNotify::from_environment().watchdog_interval().count(), 0);
}

TEST(SystemdNotify, AnAddressThatCannotBeIsAnErrorNotACrash) {
  EXPECT_EQ(SystemdNotify("relative/path").watchdog().code(), Errc::kUsage);
  EXPECT_EQ(SystemdNotify("/" + std::string(200, 'x')).watchdog().code(), Errc::kUsage);
  EXPECT_EQ(SystemdNotify("/tmp/autodidact-nobody-listens-here").watchdog().code(), Errc::kUnavailable);
}

}  // namespace
}  // namespace autodidact
