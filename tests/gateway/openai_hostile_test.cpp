// Clients of /v1 that break the rules: the documented error object, bounded cost, and everybody else is served.

#include <sys/resource.h>

#include <thread>

#include "tests/gateway/api_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class OpenAiHostile : public ApiTest {
 protected:
  void expect_served() {
    const std::string reply = ask(health(), chat());
    EXPECT_EQ(status_of(reply), 200) << reply;
  }
  static std::string head(const std::string& headers) {
    return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
  }
  // Resident memory of this process, server and client: MB.
  static long resident_mb() {
    long pages = 0, resident = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr || std::fscanf(file, "%ld %ld", &pages, &resident) != 2) return -1;
    std::fclose(file);
    return resident * ::sysconf(_SC_PAGESIZE) >> 20;
  }
};

TEST_F(OpenAiHostile, BodiesThatAreNoRequestAreRefusedAndTheConnectionGoesOn) {
  start();
  auto connection = health();
  for (const std::string& body : {std::string("{\"model\":"), std::string("\xff\xfe"), std::string(900'000, '['),
                                  "{\"a\":" + std::string(100'000, '{'), std::string("null"), std::string()}) {
    ASSERT_TRUE(connection.send(post("/v1/chat/completions", body)));
    const std::string reply = connection.reply();
    EXPECT_EQ(status_of(reply), 400);
    EXPECT_EQ(error_of(reply)["type"], "invalid_request_error");
  }
  ASSERT_TRUE(connection.send(chat()));
  EXPECT_EQ(status_of(connection.reply()), 200);
  EXPECT_EQ(answers_.asked().size(), 1u);
}

TEST_F(OpenAiHostile, AHundredMegabytesAre413AtOnceAndCostNoMemory) {
  start();
  expect_served();
  const long before = resident_mb();
  std::vector<RawConnection> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(health());
    ASSERT_TRUE(clients.back().send(head("Content-Length: 104857600\r\n") + std::string(64 * 1024, 'x')));
  }
  for (auto& client : clients) {
    const std::string reply = client.reply();
    EXPECT_EQ(status_of(reply), 413);
    EXPECT_EQ(error_of(reply)["code"], "request_too_large");
  }
  EXPECT_LT(resident_mb() - before, 64) << "3.2 GB were announced";
  expect_served();
}

TEST_F(OpenAiHostile, AChunkedBodyWithoutEndIs413) {
  start();
  auto connection = health();
  ASSERT_TRUE(connection.send(head("Transfer-Encoding: chunked\r\n")));
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 64 && connection.send(chunk, 500); ++i) continue;
  EXPECT_EQ(error_of(connection.until_closed())["code"], "request_too_large");
  expect_served();
}

TEST_F(OpenAiHostile, BodiesThatAreNeverFinishedShareOneBudget) {
  settings_.health_limits.bodies_bytes = 4 << 20;
  start();
  std::vector<RawConnection> clients;
  int refused = 0;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(health());
    ASSERT_TRUE(clients.back().send(head("Content-Length: 1000000\r\n") + "{"));
  }
  for (auto& client : clients) {
    const std::string reply = client.reply(300);
    if (reply.empty()) continue;
    ++refused;
    EXPECT_EQ(status_of(reply), 503);
    EXPECT_EQ(error_of(reply)["code"], "service_unavailable");
  }
  EXPECT_EQ(refused, 4);
  expect_served();
  clients.clear();
  auto late = health();
  for (int i = 0; i < 100; ++i) {  // their places come free when the server has seen them go
    ASSERT_TRUE(late.send(post("/v1/chat/completions", chat_body({{"user", std::string(1'000'000, 'x')}}))));
    if (status_of(late.reply()) == 200) return;
    late = health();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ADD_FAILURE() << "the places were never given back";
}

TEST_F(OpenAiHostile, TrickledHeadersAndBodiesAreDroppedAtTheDeadline) {
  settings_.health_limits.read_ms = 300;
  start();
  for (const std::string& begin :
       {std::string("POST /v1/chat/completions HTTP/1.1\r\nX-Slow: "), head("Content-Length: 100000\r\n")}) {
    auto connection = health();
    ASSERT_TRUE(connection.send(begin));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (connection.send("x", 50) && std::chrono::steady_clock::now() < end) {
      if (connection.closes_within(5)) break;
    }
    EXPECT_LT(std::chrono::steady_clock::now(), end);
  }
  auto connection = health();
  ASSERT_TRUE(connection.send(head("Content-Length: 100000\r\n") + "x"));
  const std::string reply = connection.until_closed();
  EXPECT_EQ(status_of(reply), 408);
  EXPECT_EQ(error_of(reply)["code"], "request_timeout");
  expect_served();
}

// 10,000, or what the process may open.
TEST_F(OpenAiHostile, TenThousandIdleConnectionsKeepNobodyOut) {
  rlimit limit = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  settings_.health_limits.connections = 256;
  const std::size_t room = limit.rlim_cur > 600 ? limit.rlim_cur - 600 : 0;
  const std::size_t count = std::min<std::size_t>(10'000, room);
  if (count < 300) GTEST_SKIP() << "needs 900 file descriptors, may have " << limit.rlim_cur;
  start();
  const long before = resident_mb();
  std::vector<RawConnection> idle;
  for (std::size_t i = 0; i < count; ++i) {
    idle.push_back(health());
    ASSERT_TRUE(idle.back().connected()) << i;
    if (i % 1000 == 0) expect_served();
  }
  expect_served();
  std::size_t open = 0;
  for (auto& connection : idle) open += connection.closes_within(0) ? 0 : 1;
  EXPECT_LE(open, 256u);
  EXPECT_LT(resident_mb() - before, 64);
}

TEST_F(OpenAiHostile, ConflictingLengthsAreRefused) {
  start();
  for (const std::string& headers :
       {std::string("Content-Length: 4\r\nContent-Length: 5\r\n"), std::string("Content-Length: 4, 5\r\n"),
        std::string("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        std::string("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), std::string("Transfer-Encoding: xchunked\r\n"),
        std::string("Transfer-Encoding: chunked, gzip\r\n"), std::string("Content-Length: +4\r\n"),
        std::string("Content-Length: 0x4\r\n")}) {
    auto connection = health();
    ASSERT_TRUE(connection.send(head(headers) + "{}{}GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const std::string reply = connection.until_closed();
    EXPECT_EQ(status_of(reply), 400) << headers;
    EXPECT_EQ(reply.find("live\":true"), std::string::npos) << "what is behind it is no request";
    EXPECT_TRUE(error_of(reply).is_object()) << reply;
  }
  expect_served();
}

TEST_F(OpenAiHostile, LineBreaksInHeaderValuesAreRefused) {
  start();
  for (const std::string& value :
       {std::string("a\rb"), std::string("a\nX-Evil: b"), std::string("a\0b", 3), std::string("a\x01")}) {
    auto connection = health();
    ASSERT_TRUE(connection.send(head("Authorization: Bearer " + value + "\r\nContent-Length: 0\r\n")));
    connection.shut_down_sending();
    const std::string reply = connection.until_closed();
    EXPECT_EQ(status_of(reply), 400) << reply;
  }
  const std::string reply = ask(health(), get("/v1/models/a%0d%0aSet-Cookie:%20a=b%ff"));
  EXPECT_EQ(status_of(reply), 404);
  EXPECT_EQ(reply.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_TRUE(error_of(reply).is_object()) << reply;
}

TEST_F(OpenAiHostile, AWrongHostGetsTheErrorObject) {
  start();
  const std::string reply = ask(health(), get("/v1/models", "evil.example"));
  EXPECT_EQ(status_of(reply), 421);
  EXPECT_EQ(error_of(reply)["code"], "wrong_host");
  EXPECT_EQ(error_of(reply)["type"], "invalid_request_error");
}

TEST_F(OpenAiHostile, HeadersBeyondTheLimitGetTheErrorObject) {
  start();
  auto connection = health();
  connection.send(head("X-Long: " + std::string(64 * 1024, 'a') + "\r\n"));
  const std::string reply = connection.until_closed();
  EXPECT_EQ(status_of(reply), 431);
  EXPECT_EQ(error_of(reply)["code"], "headers_too_large");
}

TEST_F(OpenAiHostile, PipelinedRequestsAreAnsweredInOrder) {
  answers_.on_answer = [](FakeAnswers::Asked& asked) { asked.listener.done(plain_answer(asked.request.messages[0].content)); };
  start();
  auto connection = health();
  std::string all;
  for (int i = 0; i < 20; ++i) all += chat({{"messages", {{{"role", "user"}, {"content", std::to_string(i)}}}}});
  ASSERT_TRUE(connection.send(all + get("/v1/models")));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(json_of(connection.reply())["choices"][0]["message"]["content"], std::to_string(i));
  }
  EXPECT_EQ(json_of(connection.reply())["object"], "list");
}

TEST_F(OpenAiHostile, ClientsThatVanishAtRandomPointsLeaveNothingBehind) {
  start();
  const std::string request = chat({{"stream", true}});
  for (std::size_t cut = 0; cut <= request.size(); cut += 3) {
    auto connection = health();
    connection.send(request.substr(0, cut));
    connection.close();
  }
  expect_served();
}

TEST_F(OpenAiHostile, AnAnswerAfterTheGatewayIsGoneTouchesNothing) {
  hold_answers();
  start();
  auto waiting = health();
  auto streaming = health();
  ASSERT_TRUE(waiting.send(chat()));
  held(0);
  ASSERT_TRUE(streaming.send(chat({{"stream", true}})));
  held(1).listener.part({0, "fo", {}});
  gateway_.reset();
  EXPECT_FALSE(held(0).listener.wanted());
  EXPECT_FALSE(held(1).listener.wanted());
  held(1).listener.part({0, "ur", {}});
  held(0).listener.done(plain_answer("4"));
  held(1).listener.done(plain_answer("4"));
  EXPECT_TRUE(waiting.closes_within(1000));
  EXPECT_TRUE(streaming.closes_within(1000));
}

}  // namespace
}  // namespace autodidact
