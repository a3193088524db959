// Which request reaches the daemon as what, and what comes back.

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/gateway/gateway_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class Routes : public GatewayTest {
 protected:
  void SetUp() override {
    GatewayTest::SetUp();
    start();
  }

  static json error_of(const std::string& reply) {
    const json body = json::parse(body_of(reply), nullptr, false);
    return body.is_object() && body.contains("error") ? body["error"] : json();
  }
};

TEST_F(Routes, EachVerbReachesTheBackendWithItsParameters) {
  const std::vector<std::tuple<std::string, std::string, std::string>> requests = {
      {get("/admin/status"), "status", "{}"},
      {get("/admin/config"), "config", "{}"},
      {post("/admin/pause"), "pause", "{}"},
      {post("/admin/resume"), "resume", "{}"},
      {post("/admin/drain"), "drain", "{}"},
      {post("/admin/checkpoint", "{}"), "checkpoint", "{}"},
      {post("/admin/promote", "{\"version\":3}"), "promote", "{\"version\":3}"},
      {post("/admin/rollback", "{\"version\":2}"), "rollback", "{\"version\":2}"},
      {post("/admin/ask", "{\"question\":\"47+85\"}"), "ask", "{\"question\":\"47+85\"}"},
      {post("/admin/eval", "{\"limit\":10}"), "eval", "{\"limit\":10}"},
      {post("/-/reload"), "reload", "{}"},
      {post("/-/reload?dry_run"), "reload", "{\"dry_run\":true}"},
      {post("/-/reload?dry_run=false"), "reload", "{\"dry_run\":false}"},
  };
  auto connection = admin();
  for (const auto& [request, verb, params] : requests) {
    ASSERT_TRUE(connection.send(request));
    const std::string reply = connection.reply();
    EXPECT_EQ(status_of(reply), 200) << reply;
    EXPECT_EQ(json::parse(body_of(reply))["verb"], verb);
    EXPECT_EQ(backend_.calls().back().verb, verb);
    EXPECT_EQ(backend_.calls().back().params, params);
  }
}

TEST_F(Routes, ACallerSetsTheDeadlineWithinAnHour) {
  ask(admin(), get("/admin/status?deadline_ms=1234"));
  EXPECT_EQ(backend_.calls().back().deadline_ms, 1234);
  ask(admin(), get("/admin/status?deadline_ms=999999999"));
  EXPECT_EQ(backend_.calls().back().deadline_ms, 3'600'000);
  ask(admin(), get("/admin/status?deadline_ms=-5"));
  EXPECT_EQ(backend_.calls().back().deadline_ms, 5'000);
}

TEST_F(Routes, ErrorsOfTheBackendKeepTheirCodeAndMessage) {
  backend_.on_call = [](const std::string&, AdminBackend::Done done) { done({Status(Errc::kConfig, "a.toml:3:1: nope"), ""}); };
  const std::string reply = ask(admin(), post("/-/reload"));
  EXPECT_EQ(status_of(reply), 422);
  EXPECT_EQ(error_of(reply)["code"], "config");
  EXPECT_EQ(error_of(reply)["message"], "a.toml:3:1: nope");
}

TEST_F(Routes, TheWrongMethodNamesTheRightOneAndChangesNothing) {
  const std::string reply = ask(admin(), get("/admin/pause"));
  EXPECT_EQ(status_of(reply), 405);
  EXPECT_NE(reply.find("Allow: POST"), std::string::npos);
  EXPECT_EQ(status_of(ask(admin(), post("/admin/status"))), 405);
  EXPECT_EQ(status_of(ask(admin(), get("/-/reload"))), 405);
  EXPECT_EQ(status_of(ask(admin(), get("/admin/replay"))), 405);
  EXPECT_EQ(status_of(ask(health(), post("/metrics"))), 405);
  EXPECT_TRUE(backend_.calls().empty());
}

TEST_F(Routes, AnUnknownPathListsTheKnownOnes) {
  const std::string reply = ask(admin(), get("/admin/nothing"));
  EXPECT_EQ(status_of(reply), 404);
  EXPECT_NE(error_of(reply)["message"].get<std::string>().find("/-/reload"), std::string::npos);
}

TEST_F(Routes, ABodyThatIsNoObjectIsRefusedBeforeTheBackend) {
  for (const std::string body : {"[1]", "{", "12", "{\"a\":[[[[[[[[[[1]]]]]]]]]]}"}) {
    EXPECT_EQ(status_of(ask(admin(), post("/admin/promote", body))), 400) << body;
  }
  EXPECT_TRUE(backend_.calls().empty());
}

TEST_F(Routes, ABackendThatThrowsBecomesA500AndTheNextRequestWorks) {
  backend_.on_call = [](const std::string&, AdminBackend::Done) { throw std::runtime_error("boom"); };
  const std::string reply = ask(admin(), get("/admin/status"));
  EXPECT_EQ(status_of(reply), 500);
  EXPECT_NE(body_of(reply).find("boom"), std::string::npos);
  EXPECT_EQ(status_of(ask(admin(), get("/livez"))), 200);
}

TEST_F(Routes, ABackendThatDropsTheRequestAnswers500AtOnce) {
  backend_.on_call = [](const std::string&, AdminBackend::Done) {};
  EXPECT_EQ(status_of(ask(admin(), get("/admin/status"))), 500);
}

TEST_F(Routes, ABackendThatNeverAnswersIsCutOffAtTheDeadline) {
  AdminBackend::Done held;
  backend_.on_call = [&](const std::string&, AdminBackend::Done done) { held = std::move(done); };
  const std::string reply = ask(admin(), get("/admin/status?deadline_ms=1"), 5000);
  EXPECT_EQ(status_of(reply), 503);
  EXPECT_EQ(error_of(reply)["code"], "temporary");
  held({Status(), "{}"});  // too late: ignored
  EXPECT_EQ(status_of(ask(admin(), get("/livez"))), 200);
}

TEST_F(Routes, AnAnswerFromAnotherThreadArrives) {
  std::thread answering;
  backend_.on_call = [&](const std::string&, AdminBackend::Done done) {
    answering = std::thread([done = std::move(done)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      done({Status(), "{\"late\":true}"});
    });
  };
  EXPECT_EQ(body_of(ask(admin(), get("/admin/status"))), "{\"late\":true}\n");
  answering.join();
}

TEST_F(Routes, AnAnswerAfterTheGatewayIsGoneTouchesNothing) {
  AdminBackend::Done held;
  backend_.on_call = [&](const std::string&, AdminBackend::Done done) { held = std::move(done); };
  auto connection = admin();
  ASSERT_TRUE(connection.send(get("/admin/status")));
  while (backend_.calls().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  gateway_.reset();
  held({Status(), "{}"});
  EXPECT_TRUE(connection.closes_within(1000));
}

TEST_F(Routes, HealthAnswersOnBothSurfacesAndUnderPrometheusNames) {
  for (const std::string path : {"/livez", "/-/healthy", "/readyz", "/-/ready", "/metrics"}) {
    EXPECT_EQ(status_of(ask(health(), get(path))), 200) << path;
    EXPECT_EQ(status_of(ask(admin(), get(path))), 200) << path;
  }
  const std::string metrics = ask(health(), get("/metrics"));
  EXPECT_NE(metrics.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_EQ(body_of(metrics), "autodidact_up 1\n");
}

TEST_F(Routes, NotReadyIs503AndSaysWhy) {
  backend_.is_ready = false;
  const std::string reply = ask(health(), get("/readyz"));
  EXPECT_EQ(status_of(reply), 503);
  EXPECT_NE(body_of(reply).find("disk full"), std::string::npos);
  backend_.is_live = false;
  EXPECT_EQ(status_of(ask(health(), get("/livez"))), 503);
}

TEST_F(Routes, VerboseReadinessListsItsChecks) {
  EXPECT_EQ(body_of(ask(health(), get("/readyz"))), "{\"ready\":true}\n");
  EXPECT_NE(body_of(ask(health(), get("/readyz?verbose"))).find("checks"), std::string::npos);
}

TEST_F(Routes, HeadAnswersWithoutABody) {
  auto connection = health();
  ASSERT_TRUE(connection.send("HEAD /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  const std::string reply = connection.until_closed();
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_NE(reply.find("Content-Length: 14"), std::string::npos);
  EXPECT_EQ(body_of(reply), "");
}

TEST_F(Routes, NothingThatChangesAnythingAnswersOnTcp) {
  for (const std::string path : {"/admin/status", "/admin/pause", "/admin/replay", "/-/reload"}) {
    EXPECT_EQ(status_of(ask(health(), post(path))), 403) << path;
    EXPECT_EQ(status_of(ask(health(), get(path))), 403) << path;
  }
  EXPECT_TRUE(backend_.calls().empty());
}

TEST_F(Routes, ARebindableHostIsRefusedOnTcp) {
  for (const std::string host : {"evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "[::1",
                                 "", "127.0.0.1:80:80", "127.1"}) {
    EXPECT_EQ(status_of(ask(health(), get("/metrics", host))), 421) << host;
  }
  for (const std::string host : {"localhost", "localhost:9464", "127.0.0.1", "127.0.0.1:9464", "[::1]:9464", "10.0.0.7"}) {
    EXPECT_EQ(status_of(ask(health(), get("/metrics", host))), 200) << host;
  }
}

}  // namespace
}  // namespace autodidact
