// Fitting strategy `auto`: the plan, the report, and the whole of it on a loop with a fake model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "actors/auto_report.hpp"
#include "actors/auto_trials.hpp"
#include "tests/actors/test_loop.hpp"

namespace autodidact {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

Result<AutoPlan> plan_of(const std::vector<std::string>& strategies, const std::vector<std::uint64_t>& budgets) {
  return auto_plan(strategies, budgets);
}

TEST(AutoPlan, SortsBudgetsAndDropsWhatIsGivenTwice) {
  const auto plan = plan_of({"majority:n=4", "greedy", "majority:n=4"}, {400, 100, 400});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->strategies.size(), 2u);
  EXPECT_EQ(plan->budgets, (std::vector<std::uint64_t>{100, 400}));
}

TEST(AutoPlan, RefusesWhatCannotBeFitted) {
  EXPECT_EQ(plan_of({"auto"}, {100}).status().code(), Errc::kUsage);
  EXPECT_EQ(plan_of({"tree"}, {100}).status().code(), Errc::kUsage);
  std::vector<std::uint64_t> many;
  for (std::uint64_t i = 1; i <= StrategyTable::kMaxRows + 1; ++i) many.push_back(i);
  EXPECT_EQ(plan_of({"greedy"}, many).status().code(), Errc::kUsage);
  many.resize(60);
  EXPECT_EQ(plan_of({}, many).status().code(), Errc::kUsage) << "the default ones count too";
  EXPECT_EQ(plan_of({"greedy", "sample", "majority:n=2", "majority:n=4", "majority:n=8"}, many).status().code(), Errc::kUsage);
}

TEST(DefaultStrategies, AreThoseThatTheVerifierAllows) {
  const auto names = [](bool verifier, bool steps) {
    std::set<std::string> all;
    for (const Strategy& strategy : default_strategies(verifier, steps)) all.insert(strategy.name);
    return all;
  };
  EXPECT_EQ(names(false, false), (std::set<std::string>{"greedy", "majority"}));
  EXPECT_EQ(names(true, false), (std::set<std::string>{"greedy", "majority", "best_of_n", "weighted"}));
  EXPECT_EQ(names(true, true), (std::set<std::string>{"greedy", "majority", "best_of_n", "weighted", "beam", "dvts"}));
}

// Easy questions need 10 tokens, hard ones 160: "majority:n=1" answers the easy ones, "majority:n=16" all.
Recorded two_kinds() {
  Recorded recorded;
  recorded.strategies = {parse_strategy("majority:n=1").value(), parse_strategy("majority:n=16").value()};
  recorded.budgets = {200};
  for (std::size_t i = 0; i < 40; ++i) {
    const bool hard = i % 2 == 1;
    recorded.sets.push_back({i, {hard ? 0.9 : 0.1}, {10}, hard ? 1.0 : 0.0, {{!hard, 10}, {true, 160}}});
  }
  return recorded;
}

TEST(AutoReport, SaysWhatChoosingByDifficultySaves) {
  const json report = auto_report(two_kinds(), 2);
  const json& row = report.at("budgets").at(0);
  const json& own = row.at("compute_optimal").at("predicted");
  EXPECT_EQ(own.at("accuracy"), 1);
  EXPECT_EQ(own.at("tokens"), 85) << "half at 10, half at 160";
  EXPECT_EQ(own.at("probe_tokens"), 10);
  EXPECT_EQ(row.at("compute_optimal").at("gap"), 0);
  EXPECT_EQ(row.at("fixed").at("majority").at("strategy"), "majority:n=16");
  EXPECT_EQ(row.at("fixed").at("majority").at("tokens"), 160);
  EXPECT_DOUBLE_EQ(row.at("saving").at("majority").get<double>(), 160.0 / 85);
  EXPECT_EQ(report.at("questions"), 40);
  EXPECT_EQ(report.at("strategies").size(), 3u) << "two fixed ones and auto";
}

TEST(AutoReport, NamesNoSavingWhereNoFixedStrategyIsRightAsOften) {
  Recorded recorded = two_kinds();
  for (TrialSet& set : recorded.sets) set.trials[1].right = !set.trials[0].right;  // each is right on one kind alone
  const json row = auto_report(recorded, 2).at("budgets").at(0);
  EXPECT_EQ(row.at("compute_optimal").at("predicted").at("accuracy"), 1);
  EXPECT_TRUE(row.at("saving").at("majority").is_null());
}

TEST(AutoReport, TheTablesBinsAreListedWithWhatTheyChose) {
  const Recorded recorded = two_kinds();
  const json table = table_report(recorded, fit_table(recorded, 2));
  const json& bins = table.at(0).at("bins");
  ASSERT_EQ(bins.size(), 2u);
  EXPECT_EQ(bins[0].at("strategy"), "majority:n=1");
  EXPECT_EQ(bins[0].at("tokens"), 10);
  EXPECT_EQ(bins[1].at("strategy"), "majority:n=16");
  EXPECT_EQ(bins[1].at("sets"), 20);
}

// ---- the whole

// One digit is always right, three digits half of the time: the vote of many is worth its tokens there alone.
std::string by_length(const std::string& prompt, std::uint64_t seed, VersionId version) {
  static const Oracle sure = addition_oracle("compact", [](VersionId, bool) { return 1.0; });
  static const Oracle unsure = addition_oracle("compact", [](VersionId, bool) { return 0.55; });
  return prompt.size() < 6 ? sure(prompt, seed, version) : unsure(prompt, seed, version);
}

class AutoFit : public ::testing::Test {
 protected:
  AutoFit() {
    TestLoop::Settings settings;
    settings.options.eval.sample_problems = 30;
    settings.oracle = by_length;
    settings.decode_step = settings.train_step = 0us;
    settings.tokens_per_step = 16;
    loop_ = std::make_unique<TestLoop>(std::move(settings));
  }

  Result<json> eval(EvalRequest request) {
    request.version = loop_->store().loop_state().value().serving;
    auto promise = std::make_shared<std::promise<Result<std::string>>>();
    auto answer = promise->get_future();
    request.done = [promise](Result<std::string> result) { promise->set_value(std::move(result)); };
    loop_->tell_supervisor(std::move(request));
    if (answer.wait_for(60s) != std::future_status::ready) return Status(Errc::kTemporary, "no answer within a minute");
    AD_ASSIGN_OR_RETURN(const std::string text, answer.get());
    return json::parse(text);
  }
  static EvalRequest strategies(std::vector<std::string> names, std::vector<std::uint64_t> budgets, bool fit) {
    EvalRequest request;
    request.strategies = std::move(names);
    request.budgets = std::move(budgets);
    request.fit_auto = fit;
    return request;
  }

  std::unique_ptr<TestLoop> loop_;
};

TEST_F(AutoFit, FitsATableThatAutoThenAnswersBy) {
  ASSERT_TRUE(loop_->wait_finished(60s)) << loop_->status().dump(1);
  const auto early = eval(strategies({"auto"}, {400}, false));
  EXPECT_EQ(early.status().code(), Errc::kNotFound);
  EXPECT_THAT(early.status().message(), HasSubstr("autodidact eval --fit-auto"));

  const auto fitted = eval(strategies({"greedy", "majority:n=4", "majority:n=16"}, {100, 400}, true));
  ASSERT_TRUE(fitted.ok()) << fitted.status().message();
  EXPECT_EQ(fitted->at("measure"), "agreement") << "no verifier serves here";
  EXPECT_EQ(fitted->at("questions"), 30);
  EXPECT_EQ(fitted->at("sets"), 90);
  EXPECT_GT(fitted->at("probe_tokens"), 0);
  ASSERT_EQ(fitted->at("budgets").size(), 2u);
  for (const json& row : fitted->at("budgets")) {
    const json& own = row.at("compute_optimal").at("predicted");
    EXPECT_LE(own.at("tokens"), row.at("budget_tokens"));
    EXPECT_LE(own.at("probe_tokens"), own.at("tokens"));
  }
  const std::string file = fitted->at("file");
  ASSERT_TRUE(std::filesystem::exists(file));
  const auto table = load_strategy_table(std::filesystem::path(file).parent_path());
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ((*table)->generator, fitted->at("version"));
  EXPECT_EQ((*table)->rows.size(), 2u);

  const auto used = eval(strategies({"auto"}, {400}, false));
  ASSERT_TRUE(used.ok()) << used.status().message();
  const json& row = used->at("strategies").at(0);
  EXPECT_EQ(row.at("strategy"), "auto");
  EXPECT_LE(row.at("tokens"), 400);
  EXPECT_GT(row.at("probe_tokens"), 0);
  std::size_t chosen = 0;
  for (const auto& [strategy, count] : row.at("chosen").items()) chosen += count.get<std::size_t>();
  EXPECT_EQ(chosen, 30u) << row.dump();
}

TEST_F(AutoFit, WithoutStrategiesOrBudgetsMeasuresSensibleOnes) {
  ASSERT_TRUE(loop_->wait_finished(60s)) << loop_->status().dump(1);
  const auto fitted = eval(strategies({}, {}, true));
  ASSERT_TRUE(fitted.ok()) << fitted.status().message();
  EXPECT_EQ(fitted->at("budgets").size(), 4u);
  EXPECT_EQ(fitted->at("budgets").at(3).at("fixed").size(), 2u) << "greedy and majority";
  EXPECT_EQ(fitted->at("oracle_samples"), 32);
}

TEST_F(AutoFit, AStrategyThatCannotRunIsNamedAndNoTableIsKept) {
  ASSERT_TRUE(loop_->wait_finished(60s)) << loop_->status().dump(1);
  const auto refused = eval(strategies({"greedy", "best_of_n:n=4"}, {100}, true));
  EXPECT_EQ(refused.status().code(), Errc::kUsage);
  EXPECT_THAT(refused.status().message(), HasSubstr("best_of_n:n=4 needs a learned verifier"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(loop_->data_dir()))
    EXPECT_NE(entry.path().filename(), "strategies.json");
}

}  // namespace
}  // namespace autodidact
