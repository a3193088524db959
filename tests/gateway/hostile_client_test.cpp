// Clients that break the rules, go slowly, or come in crowds: bounded cost, a JSON error where one can be read, and everybody
// else is served.

#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "config/files.hpp"
#include "tests/gateway/gateway_fixture.hpp"

namespace autodidact {
namespace {

class HostileClient : public GatewayTest {
 protected:
  void expect_served() { EXPECT_EQ(status_of(ask(admin(), get("/livez"))), 200); }
};

TEST_F(HostileClient, GarbageIsA400AndTheConnectionCloses) {
  start();
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls hello\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("GET /livez HTTP/9.9\r\n\r\n"), std::string("GET /livez HTTP/1.1\r\nbad header\r\n\r\n"),
        std::string("POST /admin/ask HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /admin/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
        std::string("POST /admin/ask HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string(64, '\0')}) {
    auto connection = admin();
    ASSERT_TRUE(connection.send(garbage));
    connection.shut_down_sending();
    const std::string reply = connection.until_closed();
    const int status = status_of(reply);
    EXPECT_TRUE(status == 400 || status == 413) << garbage << "\n" << reply;
    EXPECT_NE(reply.find("\"error\""), std::string::npos);
  }
  expect_served();
  EXPECT_TRUE(backend_.calls().empty());
}

TEST_F(HostileClient, HeadersBeyondTheLimitAre431) {
  start();
  auto connection = admin();
  connection.send("GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(64 * 1024, 'a') + "\r\n\r\n");
  EXPECT_EQ(status_of(connection.until_closed()), 431);
  expect_served();
}

TEST_F(HostileClient, AHugeBodyIs413WithoutBeingRead) {
  start();
  auto connection = admin();
  const std::string megabytes(4 << 20, 'x');
  ASSERT_TRUE(connection.send("POST /admin/ask HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(megabytes.size()) +
                              "\r\n\r\n"));
  connection.send(megabytes, 500);
  EXPECT_EQ(status_of(connection.until_closed()), 413);
  expect_served();
}

TEST_F(HostileClient, AChunkedBodyWithoutEndIsCutAtTheLimit) {
  start();
  auto connection = admin();
  ASSERT_TRUE(connection.send("POST /admin/ask HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 64 && connection.send(chunk, 500); ++i) continue;
  EXPECT_EQ(status_of(connection.until_closed()), 413);
  expect_served();
}

TEST_F(HostileClient, ATrickledRequestIsDroppedAtTheDeadlineHoweverItTrickles) {
  settings_.admin_limits.read_ms = 300;
  start();
  auto connection = admin();
  const auto begin = std::chrono::steady_clock::now();
  const std::string request = "GET /livez HTTP/1.1\r\nHost: " + std::string(4000, 'x');
  std::size_t sent = 0;
  while (sent < request.size() && connection.send(request.substr(sent, 1), 50)) {
    ++sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(10)) break;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(status_of(connection.until_closed()), 408);
  expect_served();
}

TEST_F(HostileClient, AnIdleConnectionIsClosedQuietly) {
  settings_.admin_limits.read_ms = 100;
  start();
  auto connection = admin();
  EXPECT_EQ(connection.until_closed(3000), "");
  EXPECT_TRUE(connection.closes_within(0));
}

TEST_F(HostileClient, ManyIdleConnectionsDoNotKeepOthersOut) {
  settings_.admin_limits.connections = 16;
  start();
  std::vector<RawConnection> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(admin());
    if (i % 50 == 0) expect_served();
  }
  expect_served();
  int open = 0;
  for (auto& connection : idle) open += connection.connected() && !connection.closes_within(0) ? 1 : 0;
  EXPECT_LE(open, 16);
}

TEST_F(HostileClient, WhenAllAreBusyTheNewcomerGoesAndTheBusyOnesAreAnswered) {
  settings_.admin_limits.connections = 2;
  std::vector<AdminBackend::Done> held;
  std::mutex mutex;
  backend_.on_call = [&](const std::string&, AdminBackend::Done done) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(done));
  };
  start();
  auto first = admin();
  auto second = admin();
  first.send(get("/admin/status"));
  second.send(get("/admin/status"));
  const auto calls = [&] {
    const std::lock_guard lock(mutex);
    return held;
  };
  while (calls().size() < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  auto third = admin();
  EXPECT_TRUE(third.closes_within(2000));
  for (auto& done : calls()) done({Status(), "{}"});
  EXPECT_EQ(status_of(first.reply()), 200);
  EXPECT_EQ(status_of(second.reply()), 200);
}

TEST_F(HostileClient, PipelinedRequestsAreAnsweredInOrder) {
  start();
  auto connection = admin();
  connection.send(get("/livez") + get("/readyz") + get("/nowhere"));
  EXPECT_NE(body_of(connection.reply()).find("live"), std::string::npos);
  EXPECT_NE(body_of(connection.reply()).find("ready"), std::string::npos);
  EXPECT_EQ(status_of(connection.reply()), 404);
}

TEST_F(HostileClient, ClientsThatVanishAtRandomPointsLeaveNothingBehind) {
  start();
  const std::string request = post("/admin/ask", "{\"question\":\"1+1\"}");
  for (std::size_t cut = 0; cut <= request.size(); cut += 3) {
    auto connection = admin();
    connection.send(request.substr(0, cut));
    connection.close();
  }
  expect_served();
}

TEST_F(HostileClient, TheSocketIsTheOwnersAloneFromTheStart) {
  start();
  struct stat info = {};
  ASSERT_EQ(::stat(settings_.admin_socket.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(HostileClient, AnotherUserIsRefusedEvenWhenTheModeLetsHimIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  start();
  ASSERT_EQ(::chmod(settings_.admin_socket.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(directory_.c_str(), 0777), 0);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    auto connection = admin();
    const std::string reply = connection.until_closed();
    const auto wrote = ::write(ends[1], reply.data(), reply.size());
    ::_exit(wrote > 0 ? 0 : 1);
  }
  ::close(ends[1]);
  char bytes[4096];
  const auto got = ::read(ends[0], bytes, sizeof bytes);
  ::close(ends[0]);
  ASSERT_GT(got, 0);
  const std::string reply(bytes, static_cast<std::size_t>(got));
  EXPECT_EQ(status_of(reply), 403);
  EXPECT_NE(reply.find("permission"), std::string::npos);
}

TEST_F(HostileClient, StoppingAnswersWhatIsUnderWayAndRemovesTheSocket) {
  backend_.on_call = [](const std::string&, AdminBackend::Done done) {
    std::thread([done = std::move(done)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      done({Status(), "{\"finished\":true}"});
    }).detach();
  };
  start();
  auto busy = admin();
  auto idle = admin();
  busy.send(get("/admin/status"));
  while (backend_.calls().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  gateway_->stop(5000);
  EXPECT_EQ(body_of(busy.reply()), "{\"finished\":true}\n");
  EXPECT_TRUE(idle.closes_within(1000));
  EXPECT_FALSE(admin().connected());
  struct stat info = {};
  EXPECT_NE(::stat(settings_.admin_socket.c_str(), &info), 0);
}

}  // namespace
}  // namespace autodidact
