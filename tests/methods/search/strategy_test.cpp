#include "methods/search/strategy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autodidact {
namespace {

using ::testing::HasSubstr;

TEST(ParseStrategy, ReadsWhatItWrites) {
  for (const char* text : {"greedy", "sample", "majority:n=7", "majority:n=64,early_stop", "best_of_n:n=1", "weighted:n=1024",
                           "weighted:n=2,early_stop", "beam:n=12,width=3", "lookahead:n=4,width=4,k=3", "dvts:n=16,width=4",
                           "revise:n=8,length=2", "auto"}) {
    const auto strategy = parse_strategy(text);
    ASSERT_TRUE(strategy.ok()) << text << ": " << strategy.status().message();
    EXPECT_EQ(strategy->text(), text);
  }
}

TEST(ParseStrategy, TakesDefaultsAndBothSpellingsOfAFlag) {
  EXPECT_EQ(parse_strategy("beam")->text(), "beam:n=16,width=4");
  EXPECT_EQ(parse_strategy("majority:early_stop=true,n=4")->text(), "majority:n=4,early_stop");
  EXPECT_EQ(parse_strategy("majority:n=4,early_stop=false")->text(), "majority:n=4");
  EXPECT_EQ(parse_strategy("greedy")->n, 1u);
}

struct Bad {
  std::string text, says;
};
class BadStrategy : public ::testing::TestWithParam<Bad> {};

TEST_P(BadStrategy, IsRefusedWithWhatIsWrong) {
  const auto strategy = parse_strategy(GetParam().text);
  ASSERT_FALSE(strategy.ok()) << strategy->text();
  EXPECT_EQ(strategy.status().code(), Errc::kUsage);
  EXPECT_THAT(strategy.status().message(), HasSubstr(GetParam().says));
  const std::string message = strategy.status().message();
  for (const char c : message) ASSERT_TRUE(c >= ' ' && c <= '~') << "it goes into JSON";
  EXPECT_LT(strategy.status().message().size(), 300u);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadStrategy,
    ::testing::Values(Bad{"", "there are auto, beam"}, Bad{"tree", "\"tree\" is not known"}, Bad{"Greedy", "not known"},
                      Bad{" greedy", "not known"}, Bad{std::string(100000, 'x'), "not known"},
                      Bad{std::string(63, 'x') + "\xc3\xa4", "not known"}, Bad{"\xff\xfe\n", "\"???\" is not known"},
                      Bad{"greedy:n=2", "it has none"}, Bad{"beam:k=2", "it has n, width"},
                      Bad{"majority:\xf0\x9f=1", "no parameter \"??\""},
                      Bad{"majority:n", "n is a whole number from 1 to 1024"}, Bad{"majority:n=", "whole number"},
                      Bad{"majority:n=0", "whole number"}, Bad{"majority:n=1025", "whole number"},
                      Bad{"majority:n=-1", "whole number"}, Bad{"majority:n=+1", "whole number"},
                      Bad{"majority:n=4.0", "whole number"}, Bad{"majority:n=99999999999999999999", "whole number"},
                      Bad{"majority:n= 4", "whole number"}, Bad{"majority:early_stop=1", "true or false"},
                      Bad{"majority:,n=4", "no parameter \"\""}, Bad{"lookahead:k=65", "k is a whole number from 1 to 64"},
                      Bad{"beam:n=10,width=4", "no multiple of width = 4"}, Bad{"dvts:n=2,width=4", "no multiple"},
                      Bad{"revise:n=9,length=4", "no multiple of length = 4"}));

TEST(StrategyNames, AreAllReadable) {
  EXPECT_EQ(strategy_names().size(), 10u);
  for (const std::string& name : strategy_names()) EXPECT_TRUE(parse_strategy(name).ok()) << name;
}

}  // namespace
}  // namespace autodidact
