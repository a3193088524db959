// Replay queries over HTTP: streamed, bounded by the client's pace, never on the Asio thread.

#include <sys/socket.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/client.hpp"
#include "tests/gateway/gateway_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class ReplayStream : public GatewayTest {
 protected:
  void fill(std::uint64_t attempts, std::size_t text_bytes = 20) {
    WriteSet set;
    ItemResult item;
    item.item = make_item_id(1, 0, false);
    item.problem.id = 77;
    item.problem.prompt = "1+1=";
    for (std::uint64_t i = 0; i < attempts; ++i) {
      JudgedAttempt judged;
      judged.attempt.tokens = {5, 6};
      judged.attempt.logprobs = {-0.1f, -0.2f};
      judged.attempt.versions = {1, 1};
      judged.attempt.round = 1;
      judged.attempt.text = std::string(text_bytes, 'a' + static_cast<char>(i % 26));
      judged.verdict.outcome = i % 2 == 0 ? Outcome::kCorrect : Outcome::kWrong;
      item.attempts.push_back(std::move(judged));
    }
    set.items.push_back(std::move(item));
    ASSERT_TRUE(backend_.store().commit(std::move(set)).ok());
  }

  AdminClient client() {
    auto client = AdminClient::connect(settings_.admin_socket);
    EXPECT_TRUE(client.ok()) << client.status().message();
    return std::move(client).value();
  }
};

TEST_F(ReplayStream, LinesArriveInOrderAndTheConnectionServesAgain) {
  start();
  fill(2000);
  auto asking = client();
  for (int round = 0; round < 2; ++round) {
    std::vector<std::uint64_t> ids;
    const Status status =
        asking.stream("/admin/replay", "{\"command\":\"ls\",\"limit\":1500}", 5000, [&](std::string_view line) {
          const json row = json::parse(line);
          if (row["type"] == "attempt") ids.push_back(row["id"]);
          return true;
        });
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(ids.size(), 1500u);
    EXPECT_TRUE(std::is_sorted(ids.rbegin(), ids.rend()));
  }
}

TEST_F(ReplayStream, AnErrorBeforeTheFirstLineIsAnHttpError) {
  start();
  const std::string reply = ask(admin(), post("/admin/replay", "{\"command\":\"ls\",\"limitt\":1}"));
  EXPECT_EQ(status_of(reply), 400);
  EXPECT_NE(reply.find("limitt"), std::string::npos);
  EXPECT_EQ(status_of(ask(admin(), post("/admin/replay", "{\"command\":\"show\",\"ids\":[999]}"))), 404);
}

TEST_F(ReplayStream, AnErrorBehindSomeLinesIsTheLastLine) {
  start();
  fill(3);
  int lines = 0;
  const Status status =
      client().stream("/admin/replay", "{\"command\":\"show\",\"ids\":[1,2,999]}", 5000, [&](std::string_view) {
        ++lines;
        return true;
      });
  EXPECT_EQ(status.code(), Errc::kNotFound);
  EXPECT_EQ(lines, 2);
}

TEST_F(ReplayStream, AClientThatLeavesMidStreamFreesItsWorker) {
  settings_.admin_limits.stream_buffer_bytes = 64 * 1024;
  start();
  fill(3000, 4000);
  for (int i = 0; i < 8; ++i) {  // four times the workers
    auto connection = admin();
    ASSERT_TRUE(connection.send(post("/admin/replay", "{\"command\":\"export\"}")));
    ASSERT_NE(connection.reply(3000), "");
    connection.close();
  }
  EXPECT_TRUE(
      client().stream("/admin/replay", "{\"command\":\"ls\",\"limit\":1}", 5000, [](std::string_view) { return true; }).ok());
}

TEST_F(ReplayStream, AClientThatReadsNothingIsDroppedAndCostsBoundedMemory) {
  settings_.admin_limits.stall_ms = 300;
  start();
  fill(3000, 4000);
  auto connection = admin();
  const int small = 4096;
  ::setsockopt(connection.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  ASSERT_TRUE(connection.send(post("/admin/replay", "{\"command\":\"export\"}")));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const std::string got = connection.until_closed(3000);
  EXPECT_TRUE(connection.closes_within(0));
  EXPECT_LT(got.size(), 3000u * 4000u);
  EXPECT_FALSE(got.ends_with("0\r\n\r\n"));  // not to be taken for the whole
}

TEST_F(ReplayStream, HealthAnswersWhileQueriesGrind) {
  start();
  fill(3000, 2000);
  std::vector<RawConnection> grinding;
  for (int i = 0; i < 4; ++i) {
    grinding.push_back(admin());
    grinding.back().send(post("/admin/replay", "{\"command\":\"grep\",\"pattern\":\"(a|b|c)+z$\",\"limit\":0}"));
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(status_of(ask(health(), get("/livez"))), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST_F(ReplayStream, TooManyQueriesAtOnceAreTurnedAway) {
  settings_.admin_limits.stall_ms = 20'000;
  start();
  fill(3000, 4000);
  std::vector<RawConnection> waiting;
  for (int i = 0; i < 30; ++i) {  // two run into slow clients, sixteen wait
    waiting.push_back(admin());
    waiting.back().send(post("/admin/replay", "{\"command\":\"export\"}"));
  }
  int refused = 0;
  for (std::size_t i = 20; i < waiting.size(); ++i) {
    refused += status_of(waiting[i].reply(3000)) == 503 ? 1 : 0;
  }
  EXPECT_GE(refused, 8);
}

TEST_F(ReplayStream, StoppingTheGatewayCutsRunningQueries) {
  start();
  fill(3000, 4000);
  auto connection = admin();
  connection.send(post("/admin/replay", "{\"command\":\"export\"}"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto begin = std::chrono::steady_clock::now();
  gateway_->stop(0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_FALSE(connection.until_closed(1000).ends_with("0\r\n\r\n"));
}

TEST_F(ReplayStream, AnHttp10ClientIsToldThatStreamsNeedMore) {
  start();
  fill(3);
  const std::string body = "{\"command\":\"ls\"}";
  auto connection = admin();
  connection.send("POST /admin/replay HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(status_of(connection.until_closed()), 505);
}

}  // namespace
}  // namespace autodidact
