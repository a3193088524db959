#include "tools/learning_curve.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>

namespace autodidact {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<RoundAccuracy> climbing() {
  std::vector<RoundAccuracy> rounds;
  for (std::uint32_t round = 0; round < 4; ++round) {
    rounds.push_back({round, 0.25 + 0.2 * round, {{"1 digit", 1.0}, {"2 digits", 0.3 * round}, {"3 digits", 0.123 * round}}});
  }
  return rounds;
}

// Tags nest and close, attributes are quoted, text holds no bare < or &: what a strict XML reader asks.
bool well_formed(std::string_view xml) {
  std::vector<std::string> open;
  std::size_t at = xml.starts_with("<?xml") ? xml.find("?>") + 2 : 0;
  while (at < xml.size()) {
    if (xml[at] != '<') {
      if (xml[at] == '&' && xml.substr(at, 5) != "&amp;" && xml.substr(at, 4) != "&lt;" && xml.substr(at, 4) != "&gt;" &&
          xml.substr(at, 6) != "&quot;") {
        return false;
      }
      ++at;
      continue;
    }
    const std::size_t end = xml.find('>', at);
    if (end == std::string_view::npos) return false;
    const std::string_view tag = xml.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string_view::npos || std::count(tag.begin(), tag.end(), '"') % 2 != 0) return false;
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(std::string(tag.substr(0, tag.find(' '))));
    }
    at = end + 1;
  }
  return open.empty();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(LearningCurve, HoldsEveryPointOfEveryGroupAndOfTheWhole) {
  const std::string svg = render_svg(climbing(), "Addition");
  EXPECT_TRUE(well_formed(svg)) << svg;
  EXPECT_EQ(count(svg, "<circle"), 4u * 4u);
  EXPECT_EQ(count(svg, "<path"), 4u);
  for (const char* point : {"1 digit, round 0: 100.0%", "2 digits, round 2: 60.0%", "3 digits, round 3: 36.9%",
                            "overall, round 0: 25.0%", "overall, round 3: 85.0%"}) {
    EXPECT_THAT(svg, HasSubstr(point));
  }
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(LearningCurve, IsSelfContained) {
  const std::string svg = render_svg(climbing(), "Addition");
  EXPECT_EQ(count(svg, "http"), 1u) << "the namespace only";
  EXPECT_THAT(svg, Not(HasSubstr("href")));
}

TEST(LearningCurve, EscapesWhatCouldBeMarkup) {
  auto rounds = climbing();
  rounds[1].groups[0].name = "a<b>&\"c\"";
  const std::string svg = render_svg(rounds, "</title><script>\0\x01\xC3(\xE2\x80"s + "caf\xC3\xA9");
  EXPECT_TRUE(well_formed(svg)) << svg;
  EXPECT_THAT(svg, HasSubstr("a&lt;b&gt;&amp;&quot;c&quot;"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, HasSubstr("caf\xC3\xA9"));
  EXPECT_EQ(svg.find('\0'), std::string::npos);
  EXPECT_EQ(svg.find('\x01'), std::string::npos);
}

TEST(LearningCurve, NoRoundsOneRoundAndUnmeasuredGroupsStillDraw) {
  EXPECT_TRUE(well_formed(render_svg({}, "nothing yet")));
  const std::string one = render_svg(std::vector<RoundAccuracy>{climbing()[2]}, "one");
  EXPECT_TRUE(well_formed(one));
  EXPECT_EQ(count(one, "<circle"), 4u);
  auto rounds = climbing();
  rounds[0].groups[1].accuracy = std::numeric_limits<double>::quiet_NaN();
  rounds[1].groups.pop_back();
  rounds[2].accuracy = 7;  // out of range: drawn at the edge, not outside
  const std::string svg = render_svg(rounds, "gaps");
  EXPECT_TRUE(well_formed(svg));
  EXPECT_EQ(count(svg, "<circle"), 14u);
  EXPECT_THAT(svg, HasSubstr("overall, round 2: 100.0%"));
}

TEST(LearningCurve, ManyRoundsGetFewTicksAndManyGroupsRoom) {
  std::vector<RoundAccuracy> rounds;
  for (std::uint32_t round = 0; round < 500; ++round) {
    rounds.push_back({round, 0.5, {}});
    for (int group = 0; group < 40; ++group) rounds.back().groups.push_back({"group " + std::to_string(group), group / 40.0});
  }
  const std::string svg = render_svg(rounds, "wide");
  EXPECT_LE(count(svg, "text-anchor=\"middle\""), 14u);
  EXPECT_THAT(svg, HasSubstr("height=\"895.0\""));
  EXPECT_TRUE(well_formed(render_svg(std::vector<RoundAccuracy>{{0, 0, {}}, {4'000'000'000u, 1, {}}}, "far")));
}

}  // namespace
}  // namespace autodidact
