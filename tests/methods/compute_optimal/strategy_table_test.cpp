#include "methods/compute_optimal/strategy_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

StrategyTable sample() {
  StrategyTable table;
  table.generator = 12;
  table.verifier = 7;
  table.measure = DifficultyMeasure::kTokenLikelihood;
  table.probes = 6;
  table.temperature = 0.7;
  table.questions = 200;
  table.probe_tokens = 123.25;
  table.edges = {0.1, 1.0 / 3};
  const auto of = [](const char* text) { return parse_strategy(text).value(); };
  table.rows = {{100, {of("greedy"), of("majority:n=4,early_stop"), of("majority:n=16")}, 0.5, 80.5},
                {400, {of("majority:n=4"), of("beam:n=16,width=4"), of("revise:n=8,length=4")}, 2.0 / 3, 300}};
  return table;
}

TEST(StrategyTable, TakesTheLargestFittedBudgetThatFits) {
  const StrategyTable table = sample();
  EXPECT_EQ(table.choose(0.05, 100).text(), "greedy");
  EXPECT_EQ(table.choose(0.05, 399).text(), "greedy");
  EXPECT_EQ(table.choose(0.05, 400).text(), "majority:n=4");
  EXPECT_EQ(table.choose(0.05, ~std::uint64_t{0}).text(), "majority:n=4");
  EXPECT_EQ(table.choose(0.05, 1).text(), "greedy") << "less than any: the smallest";
}

TEST(StrategyTable, TakesTheStrategyOfTheBin) {
  const StrategyTable table = sample();
  EXPECT_EQ(table.choose(0, 400).text(), "majority:n=4");
  EXPECT_EQ(table.choose(0.2, 400).text(), "beam:n=16,width=4");
  EXPECT_EQ(table.choose(1, 400).text(), "revise:n=8,length=4");
}

TEST(StrategyTable, IsTheSameWhenReadBack) {
  const std::string text = sample().to_json();
  const auto read = StrategyTable::from_json(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->to_json(), text);
  EXPECT_EQ(read->generator, 12u);
  EXPECT_EQ(read->verifier, 7u);
  EXPECT_EQ(read->measure, DifficultyMeasure::kTokenLikelihood);
  EXPECT_EQ(read->probes, 6u);
  EXPECT_EQ(read->edges[1], 1.0 / 3) << "to the last bit: what falls where must not move";
  EXPECT_TRUE(read->rows[0].strategies[1].early_stop);
}

TEST(StrategyTable, IsKeptBesideTheWeightsAndSaysHowToFitOneWhereThereIsNone) {
  const TempDirectory directory;
  const auto missing = load_strategy_table(directory.path());
  EXPECT_EQ(missing.status().code(), Errc::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr("autodidact eval --fit-auto"));
  ASSERT_TRUE(save_strategy_table(sample(), directory.path()).ok());
  const auto read = load_strategy_table(directory.path());
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ((*read)->to_json(), sample().to_json());
  ASSERT_TRUE(write_file_atomic(directory.path() + "/strategies.json", "{}").ok());
  const auto broken = load_strategy_table(directory.path());
  EXPECT_EQ(broken.status().code(), Errc::kBadInput);
  EXPECT_THAT(broken.status().message(), HasSubstr("strategies.json"));
}

TEST(StrategyTable, HostileFilesAreRefusedWithTheFieldAtFault) {
  const json good = json::parse(sample().to_json());
  const std::pair<const char*, json> changes[] = {
      {"/format", "autodidact-calibration"},
      {"/version", 2},
      {"/generator", -1},
      {"/generator", 4294967296},
      {"/verifier", "7"},
      {"/measure", "horoscope"},
      {"/probes", 0},
      {"/probes", 65},
      {"/probes", 1.5},
      {"/temperature", -1},
      {"/temperature", nullptr},
      {"/questions", -3},
      {"/probe_tokens", 1e300},
      {"/edges", {0.5, 0.1}},
      {"/edges", {0.5, 1.5}},
      {"/edges", {"a", "b"}},
      {"/edges", json::array()},  // then there is one bin, and three strategies
      {"/edges", std::vector<double>(32, 0.5)},
      {"/rows", json::array()},
      {"/rows", 3},
      {"/rows/0", 3},
      {"/rows/0/budget_tokens", 0},
      {"/rows/0/budget_tokens", 400},
      {"/rows/0/budget_tokens", -1},
      {"/rows/1/accuracy", 1.01},
      {"/rows/1/tokens", -1},
      {"/rows/1/strategies", json::array()},
      {"/rows/1/strategies/0", 5},
      {"/rows/1/strategies/0", "auto"},
      {"/rows/1/strategies/0", "beam:n=3,width=2"},
      {"/rows/1/strategies/0", "majority:n=1000000000"},
      {"/rows/1/strategies/0", std::string(1000, 'a')},
  };
  for (const auto& [place, value] : changes) {
    json bad = good;
    bad[json::json_pointer(place)] = value;
    const auto read = StrategyTable::from_json(bad.dump());
    ASSERT_FALSE(read.ok()) << place << " = " << value;
    EXPECT_NE(read.status().code(), Errc::kInternal);
    EXPECT_LT(read.status().message().size(), 400u);
  }
  for (const auto& [key, value] : good.items()) {
    json bad = good;
    bad.erase(key);
    EXPECT_FALSE(StrategyTable::from_json(bad.dump()).ok()) << "without " << key;
  }
}

TEST(StrategyTable, NoTruncationOrNoiseIsReadAsATable) {
  const std::string text = sample().to_json();
  for (std::size_t length = 0; length + 2 < text.size(); ++length)
    EXPECT_FALSE(StrategyTable::from_json(std::string_view(text).substr(0, length)).ok()) << length;
  EXPECT_FALSE(StrategyTable::from_json(std::string(100000, '[')).ok());
  EXPECT_FALSE(StrategyTable::from_json(std::string(3 << 20, ' ')).ok());
  json many = json::parse(text);
  for (std::uint64_t i = 0; i < 100; ++i) {
    many["rows"].push_back(many["rows"][1]);
    many["rows"].back()["budget_tokens"] = 401 + i;
  }
  EXPECT_THAT(StrategyTable::from_json(many.dump()).status().message(), HasSubstr("rows"));
}

}  // namespace
}  // namespace autodidact
