// Every replay query, on a run whose numbers are known by construction (tests/tools/sample_store.hpp).

#include "storage/inspect.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/tools/sample_store.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class Inspect : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fill_sample_store(*store_).ok()); }

  // The lines of an answer that must succeed.
  std::vector<json> ask(const json& request) {
    std::vector<json> lines;
    const Status status = inspect(*store_, request.dump(), [&](std::string_view line) {
      if (!line.empty()) lines.push_back(json::parse(line));
      return true;
    });
    EXPECT_TRUE(status.ok()) << request << ": " << status.message();
    return lines;
  }
  Status error_of(const std::string& request) {
    return inspect(*store_, request, [](std::string_view) { return true; });
  }
  static std::vector<std::uint64_t> ids_of(const std::vector<json>& lines) {
    std::vector<std::uint64_t> ids;
    for (const json& line : lines) {
      if (line.contains("id")) ids.push_back(line["id"]);
    }
    return ids;
  }

  std::unique_ptr<ReplayStore> store_ = make_memory_store();
};

TEST_F(Inspect, LsPagesThroughAllAttemptsNewestFirst) {
  std::vector<std::uint64_t> all;
  std::uint64_t after = 0;
  do {
    const auto lines = ask({{"command", "ls"}, {"limit", 10}, {"after", after}});
    const auto ids = ids_of(lines);
    all.insert(all.end(), ids.begin(), ids.end());
    EXPECT_EQ(lines.back()["type"], "page");
    EXPECT_EQ(lines.back()["rows"], ids.size());
    after = lines.back()["next"];
  } while (after != 0);
  ASSERT_EQ(all.size(), kSampleAttempts);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], kSampleAttempts - i);
}

TEST_F(Inspect, LsFiltersByEachMember) {
  const std::vector<std::pair<json, std::size_t>> cases = {
      {{{"version", 1}}, 30},
      {{{"version", 0}}, kSampleSeeds},
      {{{"round", 2}}, 31},
      {{{"outcome", "cannot_judge"}}, 10},
      {{{"outcome", "correct"}, {"version", 2}}, 13},
      {{{"hinted", true}}, kSampleHinted},
      {{{"hinted", true}, {"kept", true}}, 3},
      {{{"reason", "hint_leak"}}, 1},
      {{{"reason", "duplicate"}}, 1},
      {{{"seed", true}}, kSampleSeeds},
      {{{"pinned", true}}, 0},
      {{{"min_score", 0.5}}, kSampleSeeds + 10 + 5 + 13},
      {{{"max_score", 0.5}, {"round", 1}}, 15},
      {{{"problem", "abcd000000000000"}}, 3},
      {{{"min_length", 1000}}, 0},
      {{{"since_us", kSampleStartUs + 1'000'000 * 36}}, 31},
      {{{"until_us", kSampleStartUs + 1'000'000 * 6}}, kSampleSeeds},
  };
  for (const auto& [filter, expected] : cases) {
    json request = {{"command", "ls"}, {"limit", 1000}};
    request.update(filter);
    EXPECT_EQ(ids_of(ask(request)).size(), expected) << filter;
  }
}

TEST_F(Inspect, LsOldestFirstContinuesBehindTheCursor) {
  EXPECT_EQ(ids_of(ask({{"command", "ls"}, {"oldest_first", true}, {"after", 3}, {"limit", 2}})),
            (std::vector<std::uint64_t>{4, 5}));
}

TEST_F(Inspect, TailGivesTheNewestThenWhatCameBehind) {
  const auto first = ask({{"command", "tail"}, {"limit", 3}});
  EXPECT_EQ(ids_of(first), (std::vector<std::uint64_t>{kSampleAttempts - 2, kSampleAttempts - 1, kSampleAttempts}));
  const auto nothing = ask({{"command", "tail"}, {"after", first.back()["next"]}});
  EXPECT_TRUE(ids_of(nothing).empty());
  EXPECT_EQ(nothing.back()["next"], kSampleAttempts);
  const auto behind = ask({{"command", "tail"}, {"after", kSampleAttempts - 1}});
  EXPECT_EQ(ids_of(behind), (std::vector<std::uint64_t>{kSampleAttempts}));
}

TEST_F(Inspect, ShowHasTheWholeRecord) {
  const auto lines = ask({{"command", "show"}, {"ids", {round1_id(4)}}, {"tokens", true}});
  ASSERT_EQ(lines.size(), 1u);
  const json& line = lines[0];
  EXPECT_EQ(line["prompt"], "4+1=");
  EXPECT_EQ(line["completion"], "4+1\n5");
  EXPECT_EQ(line["reference"], "5");
  EXPECT_EQ(line["extracted"], "5");
  EXPECT_EQ(line["outcome"], "correct");
  EXPECT_EQ(line["seed"], "17293822569102704650");  // beyond a signed 64-bit integer: a string
  EXPECT_EQ(line["temperature"], 0.7);              // not 0.699999988
  ASSERT_EQ(line["tokens"].size(), 6u);
  EXPECT_EQ(line["logprobs"].size(), 6u);
  EXPECT_EQ(static_cast<float>(line["logprobs"][1].get<double>()), -0.01f * 5);
  EXPECT_EQ(line["versions"], json({1, 1, 1, 1, 1, 1}));
  EXPECT_FALSE(ask({{"command", "show"}, {"ids", {1}}})[0].contains("tokens"));
}

TEST_F(Inspect, ShowHasTheScoresOfAnAttempt) {
  const json line = ask({{"command", "show"}, {"ids", {round1_id(4)}}})[0];
  ASSERT_EQ(line["scores"].size(), 3u);
  EXPECT_EQ(line["scores"][0],
            json({{"scorer", 0}, {"kind", "rollouts"}, {"score", 1.0}, {"step_ends", {3, 5}}, {"steps", {0.4, 1.0}}}));
  EXPECT_EQ(line["scores"][1]["kind"], "dpo");
  EXPECT_EQ(line["scores"][1]["score"], -1.25);
  EXPECT_EQ(line["scores"][1]["steps"], json::array());
  EXPECT_EQ(line["scores"][2]["scorer"], 5);
  EXPECT_EQ(ask({{"command", "show"}, {"ids", {1}}})[0]["scores"], json::array());
}

TEST_F(Inspect, RowsAndStatsSayWhatHasScores) {
  std::map<std::uint64_t, std::uint64_t> scores;
  for (const json& line : ask({{"command", "ls"}, {"limit", 1000}}))
    if (line["type"] == "attempt") scores[line["id"]] = line["scores"];
  EXPECT_EQ(scores[round1_id(4)], 3u);
  EXPECT_EQ(scores[round1_id(9)], 1u);
  EXPECT_EQ(scores[round1_id(10)], 0u);
  EXPECT_EQ(ask({{"command", "tail"}}).front()["scores"], 0);
  EXPECT_EQ(ask({{"command", "stats"}})[0]["scores"], kSampleLabelled + 2);
}

TEST_F(Inspect, ShowOfAMissingAttemptIsNotFound) {
  EXPECT_EQ(error_of(R"({"command":"show","ids":[999999]})").code(), Errc::kNotFound);
}

TEST_F(Inspect, HostileTextStaysOneLineOfValidJson) {
  const Status status = inspect(*store_, json{{"command", "show"}, {"ids", {kHostileId}}}.dump(), [](std::string_view line) {
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    EXPECT_TRUE(json::accept(line));
    return true;
  });
  EXPECT_TRUE(status.ok());
}

TEST_F(Inspect, GrepFindsTheTextAndShowsWhere) {
  const auto lines = ask({{"command", "grep"}, {"pattern", "^1[0-9]\\+1$"}, {"limit", 1000}});
  EXPECT_TRUE(lines.size() == 1);  // without (?m) `^` and `$` mean the whole text
  const auto hits = ask({{"command", "grep"}, {"pattern", "(?m)^1[0-9]\\+1$"}, {"limit", 1000}});
  EXPECT_EQ(hits.back()["hits"], 10 + 5 + 10);
  EXPECT_EQ(hits.back()["attempts"], kSampleAttempts);
  EXPECT_EQ(hits[0]["snippet"]["match"], "19+1");
  EXPECT_EQ(hits[0]["snippet"]["after"], "\n20");
}

TEST_F(Inspect, GrepLimitsInvertsIgnoresCaseAndLooksElsewhere) {
  EXPECT_EQ(ask({{"command", "grep"}, {"pattern", "1"}, {"limit", 3}}).back()["hits"], 3);
  EXPECT_EQ(ask({{"command", "grep"}, {"pattern", "."}, {"invert", true}}).back()["hits"], 0);
  EXPECT_EQ(ask({{"command", "grep"}, {"pattern", "SCRIPT"}, {"ignore_case", true}}).back()["hits"], 1);
  EXPECT_EQ(ask({{"command", "grep"}, {"pattern", "SCRIPT"}}).back()["hits"], 0);
  EXPECT_EQ(ask({{"command", "grep"}, {"pattern", "^7\\+1=$"}, {"field", "prompt"}}).back()["hits"], 3);
  EXPECT_EQ(ask({{"command", "grep"}, {"pattern", "^36$"}, {"field", "answer"}}).back()["hits"], 1);
  EXPECT_EQ(ask({{"command", "grep"}, {"pattern", "1"}, {"outcome", "cannot_judge"}, {"limit", 0}}).back()["hits"], 10);
}

TEST_F(Inspect, APatternThatExplodesIsRefusedInBoundedTime) {
  WriteSet set;
  JudgedAttempt judged;
  judged.attempt.seed_example = true;
  judged.attempt.problem = sample_problem(0).id;
  judged.attempt.text = std::string(5000, 'a');
  set.seeds.push_back(judged);
  ASSERT_TRUE(store_->commit(std::move(set)).ok());
  const Status costly = error_of(R"({"command":"grep","pattern":"(a+)+[xy]"})");
  EXPECT_EQ(costly.code(), Errc::kUsage);
  EXPECT_NE(costly.message().find("costs too much"), std::string::npos);
  const auto grep = [this](const std::string& pattern) {
    return error_of(json{{"command", "grep"}, {"pattern", pattern}}.dump()).code();
  };
  EXPECT_EQ(grep("((((a{1,500}){1,500}){1,500}){1,500})"), Errc::kUsage);
  EXPECT_EQ(grep("((a{999}){999}){9}"), Errc::kUsage);
  EXPECT_EQ(grep(std::string(500, '(') + std::string(500, ')')), Errc::kUsage);
}

TEST_F(Inspect, ABadPatternNamesTheByte) {
  const Status status = error_of(R"({"command":"grep","pattern":"a[b"})");
  EXPECT_EQ(status.code(), Errc::kUsage);
  EXPECT_NE(status.message().find("byte 3"), std::string::npos) << status.message();
}

TEST_F(Inspect, StatsCountByGroupWithIntervals) {
  const auto lines = ask({{"command", "stats"}, {"by", {"version", "hinted"}}});
  EXPECT_EQ(lines[0]["type"], "store");
  EXPECT_EQ(lines[0]["attempts"].get<std::uint64_t>() >= kSampleAttempts - kSampleSeeds, true);
  ASSERT_EQ(lines.size(), 5u);  // store; seeds; v1; v1 hinted; v2
  const json& v1 = lines[2];
  EXPECT_EQ(v1["version"], 1);
  EXPECT_EQ(v1["hinted"], false);
  EXPECT_EQ(v1["attempts"], 20);
  EXPECT_EQ(v1["correct"], 10);
  EXPECT_EQ(v1["pass_rate"], 0.5);
  EXPECT_NEAR(v1["pass_rate_low"], 0.2993, 1e-3);  // Wilson, 10 of 20
  EXPECT_NEAR(v1["pass_rate_high"], 0.7007, 1e-3);
  EXPECT_EQ(v1["length_p50"], 7);
  EXPECT_EQ(v1["length_max"], 8);
  const json& hinted = lines[3];
  EXPECT_EQ(hinted["attempts"], 10);
  EXPECT_EQ(hinted["duplicates"], 1);
  EXPECT_NEAR(hinted["duplicate_rate"], 0.1, 1e-9);
  const json& v2 = lines[4];
  EXPECT_EQ(v2["attempts"], 31);
  EXPECT_EQ(v2["cannot_judge"], 10);
  EXPECT_NEAR(v2["pass_rate"], 13.0 / 21.0, 1e-9);  // what cannot be judged is not wrong
}

TEST_F(Inspect, StatsOfNothingHasNoGroups) { EXPECT_EQ(ask({{"command", "stats"}, {"version", 99}}).size(), 1u); }

TEST_F(Inspect, DiffTellsGainedFromLost) {
  const auto lines = ask({{"command", "diff"}, {"from", 1}, {"to", 2}, {"limit", 1000}});
  // On problems 0-19: version 1 solves the even ones, version 2 those with i % 3 != 0.
  std::map<std::string, std::set<std::string>> expected;
  std::size_t both = 0, neither = 0;
  for (int i = 0; i < 20; ++i) {
    const bool before = i % 2 == 0, after = i % 3 != 0;
    if (!before && after) expected["gained"].insert(std::to_string(i) + "+1=");
    if (before && !after) expected["lost"].insert(std::to_string(i) + "+1=");
    both += before && after ? 1 : 0;
    neither += !before && !after ? 1 : 0;
  }
  const json& summary = lines[0];
  EXPECT_EQ(summary["problems_shared"], 20);
  EXPECT_EQ(summary["gained"], expected["gained"].size());
  EXPECT_EQ(summary["lost"], expected["lost"].size());
  EXPECT_EQ(summary["solved_by_both"], both);
  EXPECT_EQ(summary["solved_by_neither"], neither);
  EXPECT_EQ(summary["from"]["pass_rate"], 0.5);
  EXPECT_EQ(summary["to"]["problems_tried"], 30);
  // 7 gained, 4 lost: 2 * P(Binomial(11, 1/2) <= 4)
  EXPECT_NEAR(summary["sign_test_p"], 2 * (1 + 11 + 55 + 165 + 330) / 2048.0, 1e-9);
  std::map<std::string, std::set<std::string>> found;
  for (std::size_t i = 1; i < lines.size(); ++i) found[lines[i]["change"]].insert(lines[i]["prompt"]);
  EXPECT_EQ(found, expected);
}

TEST_F(Inspect, DiffOfAVersionThatSampledNothingIsNotFound) {
  EXPECT_EQ(error_of(R"({"command":"diff","from":1,"to":3})").code(), Errc::kNotFound);
}

TEST_F(Inspect, LineageFollowsTheStepsOfAVersion) {
  const auto lines = ask({{"command", "lineage"}, {"version", 2}, {"limit", 1000}});
  const json& summary = lines[0];
  EXPECT_EQ(summary["first_step"], 101);
  EXPECT_EQ(summary["last_step"], 200);
  EXPECT_EQ(summary["draws"], 30);
  EXPECT_EQ(summary["seed_examples"], kSampleSeeds);
  EXPECT_EQ(summary["parents"], json({1}));
  EXPECT_EQ(summary["attempts"], kSampleSeeds + 11);  // attempts 0..10 of round 1
  ASSERT_EQ(summary["by_version"].size(), 2u);
  EXPECT_EQ(summary["by_version"][1]["version"], 1);
  EXPECT_EQ(summary["by_version"][1]["draws"], 20);
  std::uint64_t draws = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) draws += lines[i]["draws"].get<std::uint64_t>();
  EXPECT_EQ(draws, 30u);
  EXPECT_EQ(ask({{"command", "lineage"}, {"version", 3}})[0]["parents"], json({2, 1}));
  EXPECT_EQ(ask({{"command", "lineage"}, {"version", 1}})[0]["draws"], 0);
  EXPECT_EQ(error_of(R"({"command":"lineage","version":9})").code(), Errc::kNotFound);
}

TEST_F(Inspect, ExportOfAttemptsIsEverythingInAscendingOrder) {
  const auto rows = ask({{"command", "export"}, {"format", "attempts"}, {"tokens", true}});
  ASSERT_EQ(rows.size(), kSampleAttempts);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["id"], i + 1);
    EXPECT_EQ(rows[i].size(), rows[0].size());  // one schema: loaders infer it
  }
}

TEST_F(Inspect, ExportOfMessagesTakesWhatWasKept) {
  const auto rows = ask({{"command", "export"}, {"format", "sft"}});
  EXPECT_EQ(rows.size(), kSampleSeeds + 10 + 3 + 13);
  EXPECT_EQ(rows[0]["messages"][0], json({{"role", "user"}, {"content", "30+1="}}));
  EXPECT_EQ(rows[0]["messages"][1], json({{"role", "assistant"}, {"content", "31"}}));
  EXPECT_EQ(ask({{"command", "export"}, {"format", "sft"}, {"kept", false}}).size(), kSampleAttempts - rows.size());
}

// Problems 0-19 have at most one right and one wrong text; the fixture gives problem 0 more of both.
class GradedExports : public Inspect {
 protected:
  void SetUp() override {
    Inspect::SetUp();
    WriteSet set;
    ItemResult item;
    item.item = make_item_id(7, 0, false);
    item.problem = sample_problem(0);
    for (int i = 0; i < 600; ++i) {
      JudgedAttempt judged;
      judged.attempt.problem = item.problem.id;
      judged.attempt.text = "try " + std::to_string(i / 2);  // each text twice
      judged.attempt.tokens = {4, 1};
      judged.attempt.versions = {2, 2};
      judged.attempt.logprobs = {0, 0};
      judged.attempt.round = 7;
      judged.verdict.outcome = i % 4 < 2 ? Outcome::kCorrect : Outcome::kWrong;
      item.attempts.push_back(judged);
    }
    // Cut off after the same text that was right when it came to its end.
    item.attempts.push_back(item.attempts.front());
    item.attempts.back().verdict.outcome = Outcome::kWrong;
    set.items.push_back(std::move(item));
    ASSERT_TRUE(store_->commit(std::move(set)).ok());
  }
  std::map<std::string, std::vector<json>> by_problem(const json& request) {
    std::map<std::string, std::vector<json>> rows;
    for (const json& row : ask(request)) rows[row["problem"]].push_back(row);
    return rows;
  }
  const std::string busy_ = "abcd000000000000";
};

TEST_F(GradedExports, PairsAreDistinctAndAtMostSoManyOfAProblem) {
  for (const std::uint64_t most : {1, 8, 1000}) {
    const auto problems = by_problem({{"command", "export"}, {"format", "pairs"}, {"per_problem", most}});
    EXPECT_GT(problems.size(), 1u);
    EXPECT_EQ(problems.at(busy_).size(), most);
    std::set<std::string> pairs, texts;
    for (const json& row : problems.at(busy_)) {
      EXPECT_TRUE(pairs.insert(row["chosen"].get<std::string>() + "|" + row["rejected"].get<std::string>()).second);
      texts.insert(row["chosen"].get<std::string>());
      EXPECT_NE(row["rejected"], "try 0") << "right when it came to its end";
    }
    EXPECT_GT(texts.size(), most / 10) << "drawn from the whole product, not from a corner of it";
  }
}

TEST_F(GradedExports, SinglesAreAtMostSoManyOfEachOutcome) {
  const json request = {{"command", "export"}, {"format", "orm"}, {"per_problem", 5}};
  const auto problems = by_problem(request);
  EXPECT_GT(problems.size(), 20u) << "a problem with one outcome alone is worth its rows too";
  std::uint64_t right = 0;
  std::set<std::string> texts;
  for (const json& row : problems.at(busy_)) {
    right += row["label"].get<bool>() ? 1 : 0;
    EXPECT_TRUE(texts.insert(row["completion"].get<std::string>()).second);
    const json shown = ask({{"command", "show"}, {"ids", {row["id"]}}})[0];
    EXPECT_EQ(shown["outcome"], row["label"].get<bool>() ? "correct" : "wrong");
    EXPECT_EQ(shown["completion"], row["completion"]);
  }
  EXPECT_EQ(right, 5u);
  EXPECT_EQ(problems.at(busy_).size(), 10u);
  EXPECT_EQ(by_problem(request), problems) << "the same store gives the same rows";
}

TEST_F(GradedExports, HintedAndUnjudgedAttemptsAreLeftOut) {
  for (const char* format : {"pairs", "orm", "prm"}) {
    for (const json& row : ask({{"command", "export"}, {"format", format}})) {
      for (const char* member : {"id", "id_chosen", "id_rejected"}) {
        if (!row.contains(member)) continue;
        const json shown = ask({{"command", "show"}, {"ids", {row[member]}}})[0];
        EXPECT_EQ(shown["hinted"], false) << format;
        EXPECT_NE(shown["outcome"], "cannot_judge") << format;
      }
    }
    const Status hinted = error_of(json({{"command", "export"}, {"format", format}, {"hinted", true}}).dump());
    EXPECT_EQ(hinted.code(), Errc::kUsage);
    EXPECT_NE(hinted.message().find("hinted"), std::string::npos);
  }
}

TEST_F(Inspect, ExportOfStepsHasWhatRolloutsLabelled) {
  const auto rows = ask({{"command", "export"}, {"format", "prm"}});
  ASSERT_EQ(rows.size(), kSampleLabelled);
  EXPECT_EQ(rows[4]["id"], round1_id(4));
  EXPECT_EQ(rows[4]["values"], json({0.4, 1.0})) << "the rollouts' values, not the verifier's";
  EXPECT_EQ(rows[4]["step_ends"], json({3, 5}));
  EXPECT_EQ(rows[4]["tokens"].size(), 6u);
  EXPECT_EQ(rows[5]["correct"], false);
  EXPECT_TRUE(ask({{"command", "export"}, {"format", "prm"}, {"version", 2}}).empty());
}

TEST_F(Inspect, ExportOfPairsSetsRightAgainstWrong) {
  const auto rows = ask({{"command", "export"}, {"format", "pairs"}, {"per_problem", 10}});
  EXPECT_FALSE(rows.empty());
  for (const json& row : rows) {
    EXPECT_NE(row["chosen"], row["rejected"]);
    EXPECT_GT(row["score_chosen"], row["score_rejected"]);
    const auto chosen = ask({{"command", "show"}, {"ids", {row["id_chosen"]}}})[0];
    const auto rejected = ask({{"command", "show"}, {"ids", {row["id_rejected"]}}})[0];
    EXPECT_EQ(chosen["outcome"], "correct");
    EXPECT_EQ(rejected["outcome"], "wrong");
    EXPECT_EQ(chosen["problem"], rejected["problem"]);
    EXPECT_EQ(chosen["prompt"], row["prompt"]);
    EXPECT_FALSE(rejected["hinted"]);
  }
}

TEST_F(Inspect, PinsHoldAndGcSaysBeforeItDoes) {
  EXPECT_EQ(ask({{"command", "pin"}, {"ids", {round1_id(1), round1_id(3)}}})[0]["attempts"], 2);
  EXPECT_EQ(ids_of(ask({{"command", "ls"}, {"pinned", true}})), (std::vector<std::uint64_t>{round1_id(3), round1_id(1)}));
  const auto plan = ask({{"command", "gc"}, {"keep", 0}})[0];
  EXPECT_EQ(plan["applied"], false);
  EXPECT_GT(plan["attempts"], 0);
  EXPECT_EQ(ids_of(ask({{"command", "ls"}, {"limit", 1000}})).size(), kSampleAttempts);
  EXPECT_EQ(ask({{"command", "gc"}, {"keep", 0}, {"apply", true}})[0]["attempts"], plan["attempts"]);
  EXPECT_EQ(ids_of(ask({{"command", "ls"}, {"limit", 1000}})).size(), kSampleAttempts - plan["attempts"].get<std::size_t>());
  EXPECT_EQ(ids_of(ask({{"command", "ls"}, {"pinned", true}})).size(), 2u);
  ask({{"command", "unpin"}, {"ids", {round1_id(1)}}});
  EXPECT_EQ(ids_of(ask({{"command", "ls"}, {"pinned", true}})), (std::vector<std::uint64_t>{round1_id(3)}));
}

TEST_F(Inspect, VersionsSayWhichServes) {
  const auto versions = ask({{"command", "versions"}});
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[1]["serving"], true);
  EXPECT_EQ(versions[0]["base"], true);
  EXPECT_EQ(versions[2]["state"], "refused");
  EXPECT_EQ(versions[2]["metrics"]["accuracy"], 0.45);
}

TEST_F(Inspect, EventsByKindAndBehindACursor) {
  EXPECT_EQ(ask({{"command", "events"}}).size(), 3u);
  const auto gates = ask({{"command", "events"}, {"kind", "gate"}});
  ASSERT_EQ(gates.size(), 1u);
  EXPECT_EQ(gates[0]["detail"]["what"], "gate");
  EXPECT_EQ(ask({{"command", "events"}, {"after", 2}}).size(), 1u);
  EXPECT_EQ(ask({{"command", "events"}, {"limit", 2}}).size(), 2u);
}

TEST_F(Inspect, ReportJoinsRoundsWithHeldOutAccuracy) {
  const auto rows = ask({{"command", "report"}});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1]["version"], 2);
  EXPECT_EQ(rows[1]["sampled"], 20);
  EXPECT_EQ(rows[1]["solved"], 10);
  EXPECT_EQ(rows[1]["rationalized"], 3);
  EXPECT_EQ(rows[1]["accuracy"], 0.55);
  EXPECT_EQ(rows[1]["groups"][0]["name"], "1 digit");
}

TEST_F(Inspect, VerifyNeedsFiles) { EXPECT_EQ(error_of(R"({"command":"verify"})").code(), Errc::kUsage); }

TEST_F(Inspect, BadRequestsNameTheMember) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "JSON object"},
      {"[]", "JSON object"},
      {"{", "JSON object"},
      {R"({"command":7})", "command"},
      {R"({"command":"rm"})", "no replay command"},
      {R"({"command":"ls","limt":5})", "limt"},
      {R"({"command":"ls","limit":-1})", "limit"},
      {R"({"command":"ls","limit":1e9})", "limit"},
      {R"({"command":"ls","limit":1000000000})", "limit"},
      {R"({"command":"ls","version":4294967296})", "version"},
      {R"({"command":"ls","kept":"yes"})", "kept"},
      {R"({"command":"ls","outcome":"good"})", "outcome"},
      {R"({"command":"ls","reason":"bad"})", "reason"},
      {R"({"command":"ls","problem":"xyz"})", "problem"},
      {R"({"command":"ls","since_us":18446744073709551615})", "since_us"},
      {R"({"command":"stats","by":["version","colour"]})", "colour"},
      {R"({"command":"stats","by":"version"})", "by"},
      {R"({"command":"show"})", "ids"},
      {R"({"command":"show","ids":[1,"2"]})", "ids"},
      {R"({"command":"grep"})", "pattern"},
      {R"({"command":"grep","pattern":"x","field":"y"})", "field"},
      {R"({"command":"diff","from":1})", "to"},
      {R"({"command":"diff","from":1,"to":2,"show":"x"})", "show"},
      {R"({"command":"export","format":"parquet"})", "format"},
      {R"({"command":"gc"})", "keep"},
      {std::string(100, '[') + std::string(100, ']'), "deeply"},
  };
  for (const auto& [request, named] : cases) {
    const Status status = error_of(request);
    EXPECT_EQ(status.code(), Errc::kUsage) << request;
    EXPECT_NE(status.message().find(named), std::string::npos) << request << ": " << status.message();
  }
}

TEST_F(Inspect, AReceiverThatHasEnoughStopsTheQuery) {
  for (const char* request : {R"({"command":"ls"})", R"({"command":"export"})", R"({"command":"grep","pattern":"1"})",
                              R"({"command":"versions"})", R"({"command":"lineage","version":2})"}) {
    int lines = 0;
    const Status status = inspect(*store_, request, [&](std::string_view line) {
      lines += line.empty() ? 0 : 1;
      return lines < 2;
    });
    EXPECT_TRUE(status.ok()) << request << status.message();
    EXPECT_LE(lines, 3) << request;
  }
}

TEST_F(Inspect, RandomRequestsNeverCrash) {
  const std::string good =
      R"({"command":"ls","version":1,"limit":5,"min_score":0.5,"outcome":"wrong","by":["version"],"ids":[1]})";
  std::uint64_t state = 12345;
  for (int i = 0; i < 20'000; ++i) {
    std::string request = good;
    for (int edit = 0; edit < 3; ++edit) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      const std::size_t at = (state >> 33) % request.size();
      request[at] = static_cast<char>(state >> 56);
    }
    (void)error_of(request);
  }
}

}  // namespace
}  // namespace autodidact
