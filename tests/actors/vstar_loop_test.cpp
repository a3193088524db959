// All actors together on a fake model, with a verifier trained behind each generator.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "methods/preference.hpp"
#include "tests/actors/gate_store.hpp"
#include "tests/actors/store_audit.hpp"
#include "tests/actors/test_loop.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;

TestLoop::Settings vstar_settings(const std::string& kind) {
  TestLoop::Settings settings;
  Options& o = settings.options;
  o.deterministic = true;
  o.method.name = "vstar";
  o.method.rationalize = false;
  o.loop.problems_per_round = 60;
  o.sample.samples_per_problem = 4;
  o.sample.temperature = 1;
  o.eval.samples = 4;
  o.eval.sample_problems = 12;
  o.verifier.kind = kind;
  o.verifier.steps = 12;
  o.verifier.batch = 4;
  o.verifier.checkpoints = 3;
  o.verifier.validation_share = 0.3;
  o.verifier.rollouts = 2;
  o.verifier.label_attempts = 40;
  return settings;
}

std::string audit(TestLoop& loop) {
  return joined(audit_store(loop.store(), loop.options(), loop.task(), {loop.data_dir(), 2}));
}

// The steps that trained version `id`: those after the version before it.
std::set<ProblemId> problems_learnt(TestLoop& loop, VersionId id) {
  const auto versions = loop.store().versions().value();
  const std::uint64_t before = versions.at(id - 2).step, steps = static_cast<std::uint64_t>(loop.options().verifier.steps);
  std::set<ProblemId> problems;
  for (const auto& row : loop.store().consumption(before + 1, before + steps).value())
    problems.insert(loop.store().summary(row.attempt)->problem);
  return problems;
}

class VStarLoop : public ::testing::TestWithParam<const char*> {};

TEST_P(VStarLoop, TrainsAGeneratorAndAVerifierEachRound) {
  TestLoop loop(vstar_settings(GetParam()));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(audit(loop), "");
  const auto versions = loop.store().versions().value();
  ASSERT_EQ(versions.size(), 5u) << "the base, and both lines in two rounds";
  for (const auto& version : versions) {
    const bool verifier = version.id == 3 || version.id == 5;
    EXPECT_EQ(version.line, verifier ? VersionLine::kVerifier : VersionLine::kGenerator) << version.id;
    EXPECT_EQ(version.parent, version.id == 1 ? 0u : 1u) << "both begin from the base";
    EXPECT_EQ(version.state, VersionState::kPromoted) << version.id;
    const auto metrics = nlohmann::json::parse(version.metrics_json);
    if (!verifier) continue;
    EXPECT_EQ(version.method, std::string("vstar/") + GetParam());
    const auto k = metrics.at("k").get<std::uint64_t>();  // of the problem that was asked most often in the round
    EXPECT_TRUE(k >= 4 && k % 4 == 0) << k;
    EXPECT_GT(metrics.at("problems"), 5);
    EXPECT_GE(metrics.at("best_of_k"), 0);
    EXPECT_EQ(metrics.at("step").get<std::uint64_t>() % 4, 0u) << "twelve steps, three checkpoints";
    EXPECT_EQ(version.step, versions.at(version.id - 2).step + metrics.at("step").get<std::uint64_t>());
  }
  const auto state = loop.store().loop_state().value();
  EXPECT_EQ(state.serving, 4u);
  EXPECT_EQ(state.verifier, 5u);
}

TEST_P(VStarLoop, KeepsTheProblemsThatChooseCheckpointsAwayFromTraining) {
  TestLoop loop(vstar_settings(GetParam()));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  for (const VersionId verifier : {3u, 5u}) {
    const auto learnt = problems_learnt(loop, verifier);
    EXPECT_GT(learnt.size(), 3u);
    for (const ProblemId problem : learnt)
      EXPECT_FALSE(
          is_validation(problem, loop.options().verifier.validation_share, static_cast<std::uint64_t>(loop.options().seed)));
  }
}

TEST_P(VStarLoop, MeasuresCandidatesOfEveryRound) {
  TestLoop loop(vstar_settings(GetParam()));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  const auto metrics = nlohmann::json::parse(loop.store().versions().value().at(3).metrics_json);
  const auto text = metrics.dump();
  EXPECT_NE(text.find("\"curve\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"best\""), std::string::npos) << "ranked by the verifier of its round: " << text;
}

// Ended anywhere in a verifier's training, taken up again: the same weights as without.
TEST_P(VStarLoop, ARestartAmidstAVerifierChangesNothing) {
  TestLoop whole(vstar_settings(GetParam()));
  ASSERT_TRUE(whole.wait_finished(60s)) << whole.status().dump(1);
  for (const std::uint64_t after : {1u, 4u, 7u}) {
    const auto store = make_memory_store();
    TestLoop::Settings settings = vstar_settings(GetParam());
    settings.train_step = 15ms;
    settings.store = store.get();
    settings.data_dir = std::filesystem::absolute("restarted").string();
    std::filesystem::remove_all(settings.data_dir);
    {
      TestLoop loop(settings);
      ASSERT_TRUE(TestLoop::wait_until(
          [&] {
            const auto state = store->trainer_state().value();
            return state.plan_line == VersionLine::kVerifier && state.step >= state.plan_first_step + after;
          },
          60s))
          << loop.status().dump(1);
    }
    EXPECT_EQ(store->loop_state().value().phase, "verifier") << "the test came too late";
    TestLoop loop(settings);
    ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
    EXPECT_EQ(audit(loop), "");
    const auto versions = store->versions().value(), wanted = whole.store().versions().value();
    ASSERT_EQ(versions.size(), wanted.size());
    for (std::size_t i = 0; i < versions.size(); ++i) {
      EXPECT_EQ(versions[i].digest, wanted[i].digest) << "version " << i + 1 << " after " << after;
      EXPECT_EQ(versions[i].step, wanted[i].step);
    }
  }
}

// Its last step is durable, its measurement never came.
TEST_P(VStarLoop, ARestartBehindTheLastStepStillMeasuresIt) {
  GateStore store;
  TestLoop::Settings settings = vstar_settings(GetParam());
  settings.options.verifier.checkpoints = 1;
  settings.options.verifier.steps = 1;
  settings.store = &store;
  settings.data_dir = std::filesystem::absolute("unmeasured").string();
  std::filesystem::remove_all(settings.data_dir);
  store.hold_at([](const WriteSet& set) { return set.trainer && set.trainer->plan_line == VersionLine::kVerifier; });
  {
    TestLoop loop(settings);
    ASSERT_TRUE(TestLoop::wait_until([&] { return store.held(); }, 60s)) << loop.status().dump(1);
    loop.tell_supervisor(Drain{});
    ASSERT_TRUE(TestLoop::wait_until([&] { return loop.status().dump().find("\"draining\":true") != std::string::npos; }, 20s))
        << loop.status().dump(1);
    std::this_thread::sleep_for(100ms);  // the trainer was told with the same breath
    store.hold_at({});
    store.hold(false);
    ASSERT_TRUE(loop.drain(20000));
  }
  EXPECT_EQ(store.loop_state().value().phase, "verifier");
  EXPECT_EQ(store.versions().value().size(), 2u);
  TestLoop loop(settings);
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(loop.store().versions().value().size(), 5u);
  EXPECT_EQ(audit(loop), "");
}

INSTANTIATE_TEST_SUITE_P(Kinds, VStarLoop, ::testing::Values("dpo", "orm", "prm"),
                         [](const auto& info) { return std::string(info.param); });

// All scores of a loop's store by who gave them.
std::map<VersionId, std::vector<AttemptScore>> scores_by_scorer(TestLoop& loop) {
  std::vector<AttemptId> ids;
  for (const auto& judged : all_attempts(loop.store())) ids.push_back(judged.attempt.id);
  std::map<VersionId, std::vector<AttemptScore>> by_scorer;
  for (AttemptScore& score : loop.store().scores(ids).value()) by_scorer[score.scorer].push_back(std::move(score));
  return by_scorer;
}

TEST(VStarLoopOfSteps, StoresTheRolloutsValueOfEveryStep) {
  TestLoop loop(vstar_settings("prm"));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  const auto attempts = all_attempts(loop.store());
  const auto rollouts = scores_by_scorer(loop)[0];
  EXPECT_GT(rollouts.size(), 30u);
  for (const AttemptScore& score : rollouts) {
    EXPECT_EQ(score.kind, "rollouts");
    const auto attempt =
        std::find_if(attempts.begin(), attempts.end(), [&](const auto& a) { return a.attempt.id == score.attempt; });
    ASSERT_EQ(score.steps.size(), score.step_ends.size());
    EXPECT_EQ(score.step_ends.back() + 1, attempt->attempt.tokens.size());
    EXPECT_EQ(score.steps.back(), attempt->verdict.outcome == Outcome::kCorrect ? 1.0f : 0.0f);
    EXPECT_EQ(score.score, score.steps.back());
    for (const float step : score.steps) EXPECT_TRUE(step == 0 || step == 0.5f || step == 1) << "of two rollouts";
  }
}

// So that a person can ask what it makes of an attempt: of those that chose its checkpoint.
TEST_P(VStarLoop, StoresWhatEachVerifierMakesOfTheAttemptsThatChoseIt) {
  TestLoop loop(vstar_settings(GetParam()));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  auto by_scorer = scores_by_scorer(loop);
  const double share = loop.options().verifier.validation_share;
  for (const VersionId verifier : {3u, 5u}) {
    EXPECT_GT(by_scorer[verifier].size(), 20u);
    for (const AttemptScore& score : by_scorer[verifier]) {
      EXPECT_EQ(score.kind, GetParam());
      EXPECT_EQ(score.steps.empty(), std::string(GetParam()) != "prm");
      EXPECT_EQ(score.steps.size(), score.step_ends.size());
      EXPECT_TRUE(
          is_validation(loop.store().summary(score.attempt)->problem, share, static_cast<std::uint64_t>(loop.options().seed)));
    }
  }
}

TEST(VStarLoopWithoutPairs, GoesOnWithoutAVerifier) {
  TestLoop::Settings settings = vstar_settings("dpo");
  settings.oracle = addition_oracle("compact", [](VersionId, bool) { return 1.0; });
  TestLoop loop(std::move(settings));
  ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
  EXPECT_EQ(loop.store().versions().value().size(), 3u) << "nobody was ever wrong";
  EXPECT_EQ(loop.store().loop_state().value().verifier, 0u);
}

TEST(VStarLoopWithRevisions, LearnsThemAndEndsAlikeAfterARestart) {
  std::vector<std::string> ends;
  for (const bool interrupted : {false, true}) {
    const auto store = make_memory_store();
    TestLoop::Settings settings = vstar_settings("dpo");
    settings.options.model.max_positions = 256;
    settings.options.method.revisions = 1;
    settings.train_step = 3ms;
    settings.store = store.get();
    settings.data_dir = std::filesystem::absolute("revisions").string();
    std::filesystem::remove_all(settings.data_dir);
    if (interrupted) {
      TestLoop loop(settings);
      ASSERT_TRUE(TestLoop::wait_until([&] { return store->loop_state().value().round == 2; }, 60s));
    }
    TestLoop loop(settings);
    ASSERT_TRUE(loop.wait_finished(60s)) << loop.status().dump(1);
    ends.push_back(store->versions().value().at(3).digest);
  }
  EXPECT_EQ(ends[0], ends[1]);
  TestLoop::Settings plain = vstar_settings("dpo");
  plain.options.model.max_positions = 256;
  TestLoop loop(plain);
  ASSERT_TRUE(loop.wait_finished(60s));
  EXPECT_NE(loop.store().versions().value().at(3).digest, ends[0]) << "they are other examples";
}

}  // namespace
}  // namespace autodidact
