#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "config/diff.hpp"
#include "config/files.hpp"
#include "config/loader.hpp"
#include "config/report.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// How many members an aggregate has: the most values it can be made from.
struct Anything {
  template <class T>
  operator T() const;
};
template <class T, class... Values>
constexpr std::size_t member_count() {
  if constexpr (requires { T{Values{}..., Anything{}}; }) {
    return member_count<T, Values..., Anything>();
  } else {
    return sizeof...(Values);
  }
}

std::size_t rows(const std::string& section) {
  std::size_t count = 0;
  for (const Field& field : schema()) count += field.section() == section ? 1 : 0;
  return count;
}

TEST(Schema, HasARowForEveryMemberOfOptions) {
  EXPECT_EQ(rows("task"), member_count<TaskOptions>());
  EXPECT_EQ(rows("model"), member_count<ModelOptions>());
  EXPECT_EQ(rows("method"), member_count<MethodOptions>());
  EXPECT_EQ(rows("loop"), member_count<LoopOptions>());
  EXPECT_EQ(rows("sample"), member_count<SampleOptions>());
  EXPECT_EQ(rows("verify"), member_count<VerifyOptions>());
  EXPECT_EQ(rows("train"), member_count<TrainOptions>());
  EXPECT_EQ(rows("eval"), member_count<EvalOptions>());
  EXPECT_EQ(rows("placement"), member_count<PlacementOptions>());
  EXPECT_EQ(rows("replay"), member_count<ReplayOptions>());
  EXPECT_EQ(rows("store"), member_count<StoreOptions>());
  EXPECT_EQ(rows("supervise"), member_count<SuperviseOptions>());
  EXPECT_EQ(rows("gateway"), member_count<GatewayOptions>());
  EXPECT_EQ(rows("log"), member_count<LogOptions>());
  EXPECT_EQ(rows("") + sections().size(), member_count<Options>());
}

TEST(Schema, HasEachKeyAndEachPlaceOnce) {
  std::set<std::string> keys;
  std::set<const void*> places;
  Options options;
  for (const Field& field : schema()) {
    EXPECT_TRUE(keys.insert(field.key).second) << field.key;
    const void* place = std::visit([](auto* p) -> const void* { return p; }, field.access.ref(options));
    EXPECT_TRUE(places.insert(place).second) << field.key;
    EXPECT_EQ(place, std::visit([](auto* p) -> const void* { return p; }, field.access.get(options))) << field.key;
    EXPECT_THAT(field.meaning, Not(IsEmpty())) << field.key;
  }
}

TEST(Schema, AllowsItsOwnDefaults) {
  for (const Field& field : schema()) EXPECT_EQ(limits_error(field, Options{}), "") << field.key;
}

TEST(Schema, ValuesReadBackAsTomlUnchanged) {
  Options options;
  options.data_dir = "a\"b\\c\n\x01ü";
  options.sample.temperature = 0.1 + 0.2;
  options.train.lr = 1e-7;
  options.train.adam_eps = 1;
  options.task.seed_examples = {1, 20};
  options.task.digit_weights = {0.5, 3, 1, 1, 1};
  std::string text;
  for (const Field& field : schema()) text += field.key + " = " + value_text(field, options) + "\n";
  const LoadedConfig loaded = parse_config(text, "all.toml");
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_THAT(diff_options(options, loaded.options), IsEmpty());
}

TEST(Schema, NamesNearMisses) {
  EXPECT_THAT(near_misses("batchsize", {"batch", "batch_size", "size"}), ElementsAre("batch_size"));
  EXPECT_THAT(near_misses("foo", {"bar", "baz"}), IsEmpty());
  EXPECT_THAT(near_misses("", {"a", "bb"}), IsEmpty());
  EXPECT_THAT(near_misses("ab", {"aa", "bb", "ac"}), ElementsAre("aa", "bb"));
}

TEST(Diff, NamesWhatChangedWithOldAndNewValue) {
  Options running, wanted;
  wanted.loop.rounds = 12;
  wanted.log.level = "debug";
  wanted.task.seed_examples = {1, 2};
  std::vector<std::string> lines;
  for (const Change& change : diff_options(running, wanted)) lines.push_back(to_string(change));
  EXPECT_THAT(lines, ElementsAre("task.seed_examples: [] -> [1, 2] (restart)", "loop.rounds: 8 -> 12 (next round)",
                                 "log.level: \"info\" -> \"debug\" (live)"));
  EXPECT_THAT(diff_options(wanted, wanted), IsEmpty());
}

TEST(Diff, AppliesWhatCanBeAndLeavesTheRestPending) {
  Options running, wanted;
  wanted.train.lr = 1e-3;
  wanted.eval.max_regression = 0.2;
  wanted.model.layers = 9;
  Result<ReloadPlan> plan = apply_live(running, wanted);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->merged.eval.max_regression, 0.2);
  EXPECT_EQ(plan->merged.train.lr, 1e-3);
  EXPECT_EQ(plan->merged.model.layers, running.model.layers);
  ASSERT_THAT(plan->applied, SizeIs(2));
  EXPECT_EQ(plan->applied[0].reload, Reload::kNextRound);
  EXPECT_EQ(plan->applied[1].reload, Reload::kLive);
  ASSERT_THAT(plan->pending, SizeIs(1));
  EXPECT_EQ(plan->pending[0].key, "model.layers");
  EXPECT_THAT(diff_options(plan->merged, wanted), SizeIs(1));
}

TEST(Diff, RefusesAPartThatDoesNotFitWithoutTheRest) {
  Options running, wanted;
  wanted.model.max_positions = 1000;  // restart
  wanted.sample.max_tokens = 900;     // next round, but needs the former
  const Result<ReloadPlan> plan = apply_live(running, wanted);
  EXPECT_EQ(plan.status().code(), Errc::kConfig);
  EXPECT_THAT(plan.status().message(), AllOf(HasSubstr("sample.max_tokens"), HasSubstr("restart the daemon")));
}

TEST(Report, OptionsBecomeNestedJson) {
  Options options;
  options.data_dir = "a\"b\n";
  options.task.digit_weights = {0.5};
  const auto json = nlohmann::json::parse(options_to_json(options));
  EXPECT_EQ(json["data_dir"], "a\"b\n");
  EXPECT_EQ(json["loop"]["rounds"], 8);
  EXPECT_EQ(json["train"]["lr"], 2e-3);
  EXPECT_EQ(json["method"]["rationalize"], true);
  EXPECT_EQ(json["task"]["digit_weights"], nlohmann::json::array({0.5}));
}

TEST(Report, ChangesAndErrorsBecomeJson) {
  Options wanted;
  wanted.loop.rounds = 12;
  const auto changes = nlohmann::json::parse(changes_to_json(diff_options(Options{}, wanted)));
  EXPECT_EQ(changes, nlohmann::json::parse(R"([{"key":"loop.rounds","old":8,"new":12,"reload":"next round"}])"));
  const LoadedConfig loaded = parse_config("sed = 1\n", "\xff.toml");
  const auto errors = nlohmann::json::parse(errors_to_json(loaded.errors));
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[1]["line"], 1);
  EXPECT_EQ(errors[0]["suggestion"], "seed");
}

TEST(Report, DefaultFileLoadsAsTheDefaultsCommentedOrNot) {
  const LoadedConfig commented = parse_config(default_config_toml(), "default.toml");
  ASSERT_TRUE(commented.ok()) << commented.status().message();
  EXPECT_THAT(diff_options(Options{}, commented.options), IsEmpty());

  std::set<std::string> leaves;
  for (const Field& field : schema()) leaves.insert(field.leaf());
  std::string bare;  // every "# key = value" line made active
  std::istringstream lines(default_config_toml());
  for (std::string line; std::getline(lines, line);) {
    const std::string body = line.starts_with("# ") ? line.substr(2) : line;
    const bool assignment = leaves.contains(body.substr(0, body.find(" = ")));
    bare += (assignment ? body : line) + "\n";
  }
  const LoadedConfig active = parse_config(bare, "active.toml");
  ASSERT_TRUE(active.ok()) << active.status().message();
  EXPECT_THAT(diff_options(Options{}, active.options), IsEmpty());
}

TEST(Report, CommittedConfigurationPageIsTheGeneratedOne) {
  Result<std::string> page = read_file(std::string(std::getenv("AD_SOURCE_DIR")) + "/docs/configuration.md", 1 << 20);
  ASSERT_TRUE(page.ok()) << page.status().message();
  EXPECT_TRUE(*page == configuration_page()) << "run: build/<preset>/bin/autodidact-docgen > docs/configuration.md";
}

}  // namespace
}  // namespace autodidact
