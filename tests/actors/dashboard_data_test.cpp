// The live page's document, and how it is shared out.

#include "actors/dashboard_data.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "actors/dashboard_feed.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class Data : public ::testing::Test {
 protected:
  json document() {
    DashboardData data({*store_, metrics_, board_, clock_, "addition", "star"});
    return json::parse(data.json());
  }
  void post_status(const json& status) { board_.post({}, status.dump(), true, "{}"); }
  void commit(WriteSet set) { ASSERT_TRUE(store_->commit(std::move(set)).ok()); }

  // One item of one attempt; kept or not.
  void attempt(std::uint64_t position, bool kept, const std::string& text) {
    WriteSet set = item_set(position);
    JudgedAttempt& judged = set.items[0].attempts[0];
    judged.attempt.text = text;
    judged.selection = {kept, kept ? Reject::kNone : Reject::kWrong, kept ? 1.0f : 0.0f};
    commit(std::move(set));
  }
  void version(VersionId id, VersionLine line, const json& metrics) {
    WriteSet set;
    VersionRecord record = make_version(id, VersionState::kPromoted);
    record.line = line;
    record.metrics_json = metrics.dump();
    set.versions.push_back(record);
    commit(std::move(set));
  }

  std::unique_ptr<ReplayStore> store_ = make_memory_store();
  Metrics metrics_;
  StatusBoard board_;
  ManualClock clock_;
};

TEST_F(Data, OfAFreshStartIsWholeAndMakesNothingUp) {
  const json doc = document();
  EXPECT_EQ(doc["task"], "addition");
  EXPECT_EQ(doc["loop"], json::object());
  EXPECT_TRUE(doc["accuracy"].is_null());
  EXPECT_TRUE(doc["staleness"].is_null());
  EXPECT_TRUE(doc["candidates"].is_null());
  for (const char* list : {"kept", "rejected", "roles", "stages", "trouble"}) EXPECT_EQ(doc[list], json::array()) << list;
  EXPECT_EQ(doc["versions"]["generator"], json::array());
  EXPECT_FALSE(doc["accepted"].contains("stored"));
  EXPECT_EQ(doc["store"]["attempts"], 0);
}

TEST_F(Data, TakesFromTheStatusWhatThePageShows) {
  post_status({{"phase", "sample"},
               {"round", 3},
               {"accuracy", 0.5},
               {"steps_per_s", 7.5},
               {"accepted_share", 0.25},
               {"trouble", {"trainer is stalled"}},
               {"config", {{"secret", 1}}},
               {"actors",
                {{{"role", "generate_pool"},
                  {"state", "idle"},
                  {"waits_for", "the curriculum"},
                  {"waiting_ms", 1500},
                  {"restarts", 0},
                  {"pending", 4.0},
                  {"held", 2.0},
                  {"credits", 9.0},
                  {"done", 100.0}},
                 {{"role", "replay"}, {"state", "idle"}, {"limiter_cursor", -3.5}}}}});
  metrics_.set("autodidact_staleness_versions", "mean", 1.5);
  metrics_.set("autodidact_staleness_versions", "max", 4);
  const json doc = document();
  EXPECT_EQ(doc["loop"]["phase"], "sample");
  EXPECT_EQ(doc["accuracy"], 0.5);
  EXPECT_EQ(doc["rates"]["steps_per_s"], 7.5);
  EXPECT_EQ(doc["accepted"]["since_start"], 0.25);
  EXPECT_EQ(doc["trouble"][0], "trainer is stalled");
  EXPECT_EQ(doc["roles"][0]["waits_for"], "the curriculum");
  EXPECT_EQ(doc["roles"][0]["waiting_ms"], 1500);
  EXPECT_EQ(doc["stages"],
            json::array({{{"stage", "generate_pool"}, {"pending", 4.0}, {"held", 2.0}, {"credits", 9.0}, {"done", 100.0}}}));
  EXPECT_EQ(doc["limiter_cursor"], -3.5);
  EXPECT_EQ(doc["staleness"], (json{{"mean", 1.5}, {"max", 4.0}}));
  EXPECT_EQ(doc.dump().find("secret"), std::string::npos);
}

TEST_F(Data, ShowsTheNewestOfEachKindAndNoSeeds) {
  WriteSet seeds;
  Problem problem = make_problem(2001);
  seeds.problems.push_back(problem);
  seeds.seeds.push_back(make_seed(1));
  commit(std::move(seeds));
  for (std::uint64_t i = 1; i <= 20; ++i) attempt(i, i % 2 == 0, "text " + std::to_string(i));
  const json doc = document();
  ASSERT_EQ(doc["kept"].size(), DashboardData::kAttempts);
  ASSERT_EQ(doc["rejected"].size(), DashboardData::kAttempts);
  EXPECT_EQ(doc["kept"][0]["rationale"], "text 20");
  EXPECT_EQ(doc["kept"][1]["rationale"], "text 18");
  EXPECT_EQ(doc["rejected"][0]["rationale"], "text 19");
  EXPECT_EQ(doc["rejected"][0]["reason"], "wrong");
  EXPECT_EQ(doc["kept"][0]["problem"], make_problem(1000 + 20 % 37).prompt);
  EXPECT_EQ(doc["kept"][0]["reference"], make_problem(1000 + 20 % 37).reference);
  EXPECT_EQ(doc["accepted"]["stored"], 0.5);
}

TEST_F(Data, HostileTextsAreCutAtACharacterAndTheDocumentStaysJson) {
  const std::string markup = "</script><img src=x onerror=alert(1)>";
  attempt(1, true, markup + std::string(1, '\0') + "\x1b[2J \xe2\x80\xae \xff\xfe end");
  std::string long_text(DashboardData::kRationaleBytes - 1, 'a');
  for (int i = 0; i < 100; ++i) long_text += "\xe2\x82\xac";  // the first would be cut in half
  attempt(2, false, long_text);
  const json doc = document();
  const std::string shown = doc["kept"][0]["rationale"];
  EXPECT_EQ(shown, markup + std::string(1, '\0') + "\x1b[2J \xe2\x80\xae \xef\xbf\xbd\xef\xbf\xbd end");
  EXPECT_EQ(doc["kept"][0]["rationale_cut"], false);
  EXPECT_EQ(doc["rejected"][0]["rationale"], std::string(DashboardData::kRationaleBytes - 1, 'a'));
  EXPECT_EQ(doc["rejected"][0]["rationale_cut"], true);
}

TEST_F(Data, HasBothLinesOfVersionsWithTheirIntervalsAndTheNewestCurve) {
  const auto estimate = [](double value) { return json{{"value", value}, {"low", value - 0.1}, {"high", value + 0.1}}; };
  const auto point = [&](int k, double pass, double majority) {
    return json{{"k", k}, {"tokens", 9}, {"pass", estimate(pass)}, {"majority", estimate(majority)}};
  };
  version(1, VersionLine::kGenerator, {{"accuracy", 0.5}, {"n", 100}, {"correct", 50}});
  json second = {{"accuracy", 0.75}, {"n", 100}, {"correct", 75}};
  second["candidates"] = {{"verifier", 3}, {"curve", {point(1, 0.7, 0.7), point(16, 0.95, 0.8)}}};
  second["candidates"]["curve"][1]["best"] = estimate(0.9);
  version(2, VersionLine::kGenerator, second);
  version(3, VersionLine::kVerifier, {{"best_of_k", 0.875}, {"pass_at_1", 0.6}, {"k", 8}});
  version(4, VersionLine::kGenerator, json::object());  // not evaluated yet
  const json doc = document();
  const json& generator = doc["versions"]["generator"];
  ASSERT_EQ(generator.size(), 2u);
  EXPECT_EQ(generator[0]["accuracy"], 0.5);
  EXPECT_LT(generator[0]["accuracy_low"], 0.5);
  EXPECT_GT(generator[0]["accuracy_high"], 0.5);
  EXPECT_EQ(generator[1]["best"], 0.9);
  EXPECT_EQ(generator[1]["k"], 16);
  EXPECT_EQ(doc["versions"]["verifier"][0]["best_of_k"], 0.875);
  EXPECT_EQ(doc["candidates"]["version"], 2);
  EXPECT_EQ(doc["candidates"]["curve"][0]["pass"]["value"], 0.7);
  EXPECT_FALSE(doc["candidates"]["curve"][0].contains("best"));
  EXPECT_EQ(doc["candidates"]["curve"][1]["best"]["high"], 1.0);
}

TEST_F(Data, OfManyVersionsSomeStandForAllTheNewestAmongThem) {
  WriteSet set;
  for (VersionId id = 1; id <= 1001; ++id) {
    VersionRecord record = make_version(id, VersionState::kPromoted);
    record.metrics_json = "{\"accuracy\":0.5,\"n\":10,\"correct\":5}";
    set.versions.push_back(record);
  }
  commit(std::move(set));
  const json doc = document();
  const json& rows = doc["versions"]["generator"];
  EXPECT_LE(rows.size(), DashboardData::kVersions);
  EXPECT_GT(rows.size(), DashboardData::kVersions / 2);
  EXPECT_EQ(rows.back()["id"], 1001);
}

TEST_F(Data, MetricsOfAnotherShapeAreNoVersionAndNoCrash) {
  const char* odd[] = {"",
                       "[]",
                       "{\"accuracy\":\"high\",\"n\":5}",
                       "{\"n\":-1}",
                       "{\"accuracy\":0.5,\"n\":5,\"candidates\":[1]}",
                       "{\"accuracy\":0.5,\"n\":5,\"groups\":{},\"candidates\":{\"curve\":[1,{\"k\":\"x\",\"pass\":3}]}}"};
  WriteSet set;
  for (std::size_t i = 0; i < std::size(odd); ++i) {
    VersionRecord record = make_version(static_cast<VersionId>(i + 1), VersionState::kPromoted);
    record.metrics_json = odd[i];
    set.versions.push_back(record);
  }
  commit(std::move(set));
  const json doc = document();
  EXPECT_EQ(doc["versions"]["generator"].size(), 2u) << doc["versions"];
}

TEST(VersionHistory, IsReadAgainOnlyWhenTheStoreHasSomethingNew) {
  const auto store = make_memory_store();
  ManualClock clock;
  VersionHistory history(*store, clock);
  EXPECT_FALSE(history.refresh());
  WriteSet set;
  set.versions.push_back(make_version(1));
  ASSERT_TRUE(store->commit(set).ok());
  EXPECT_TRUE(history.refresh());
  EXPECT_FALSE(history.refresh());
  EXPECT_FALSE(history.points()[0].measured());
  set.versions[0].metrics_json = "{\"accuracy\":0.5,\"n\":10,\"correct\":5}";
  set.events.push_back(make_event("gate"));  // as the loop writes them: together
  ASSERT_TRUE(store->commit(set).ok());
  EXPECT_TRUE(history.refresh());
  EXPECT_TRUE(history.points()[0].measured());
}

TEST(VersionHistory, MetricsOfANewLifeBeginWithTheNewestEvaluation) {
  std::vector<VersionRecord> versions = {make_version(1), make_version(2), make_version(3), make_version(4)};
  versions[0].metrics_json = "{\"accuracy\":0.5,\"n\":10,\"correct\":5}";
  versions[1].metrics_json = "{\"accuracy\":0.75,\"n\":8,\"correct\":6}";
  versions[2].line = VersionLine::kVerifier;
  versions[2].metrics_json = "{\"best_of_k\":0.9,\"k\":8}";
  Metrics metrics;
  show_last_evaluation({}, metrics);
  EXPECT_FALSE(metrics.seen("autodidact_accuracy_ratio", "held_out"));
  show_last_evaluation(versions, metrics);
  EXPECT_EQ(metrics.seen("autodidact_accuracy_ratio", "held_out"), 0.75);
  EXPECT_EQ(metrics.seen("autodidact_version", "evaluated"), 2.0);
}

class Feed : public ::testing::Test {
 protected:
  Feed() {
    feed_ = std::make_shared<DashboardFeed>(
        [this]() -> std::string {
          if (throws_) throw std::runtime_error("boom");
          return std::to_string(++assembled_);
        },
        [this](std::function<void()> job) {
          if (!takes_) return false;
          jobs_.push_back(std::move(job));
          return true;
        },
        clock_);
  }
  void ask() {
    feed_->ask([this](Result<std::string> result) { answers_.push_back(result.ok() ? *result : result.status().message()); });
  }
  void work() {
    const auto jobs = std::exchange(jobs_, {});
    for (const auto& job : jobs) job();
  }

  ManualClock clock_{5'000'000};
  int assembled_ = 0;
  bool takes_ = true, throws_ = false;
  std::vector<std::function<void()>> jobs_;
  std::vector<std::string> answers_;
  std::shared_ptr<DashboardFeed> feed_;
};

TEST_F(Feed, ManyWhoAskAtOnceShareOneAssembly) {
  for (int i = 0; i < 50; ++i) ask();
  EXPECT_EQ(jobs_.size(), 1u);
  work();
  EXPECT_EQ(answers_, std::vector<std::string>(50, "1"));
}

TEST_F(Feed, ADocumentServesForASecond) {
  ask();
  work();
  clock_.advance_us(999'000);
  ask();
  EXPECT_TRUE(jobs_.empty());
  EXPECT_EQ(answers_.back(), "1");
  clock_.advance_us(1'000);
  ask();
  work();
  EXPECT_EQ(answers_.back(), "2");
}

TEST_F(Feed, BeyondSoManyWaitersOneIsRefusedAndTheOthersAreAnswered) {
  for (std::size_t i = 0; i <= DashboardFeed::kWaiting; ++i) ask();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_NE(answers_[0].find("try again later"), std::string::npos);
  work();
  EXPECT_EQ(answers_.size(), DashboardFeed::kWaiting + 1);
}

TEST_F(Feed, AThreadThatTakesNoMoreAndAnAssemblyThatThrowsAreErrorsNotSilence) {
  takes_ = false;
  ask();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_NE(answers_[0].find("stopping"), std::string::npos);
  takes_ = throws_ = true;
  ask();
  work();
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_NE(answers_[1].find("boom"), std::string::npos);
  throws_ = false;
  ask();
  work();
  EXPECT_EQ(answers_.back(), "1");
}

}  // namespace
}  // namespace autodidact
