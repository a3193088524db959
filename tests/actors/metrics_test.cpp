#include "actors/metrics.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace autodidact {
namespace {

std::string read_source_file(const std::string& path) {
  const char* root = std::getenv("AD_SOURCE_DIR");
  std::ifstream in(std::string(root != nullptr ? root : ".") + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Metrics, ThePageListsEveryFamilyAndNoOther) {
  const std::string page = read_source_file("docs/metrics.md");
  const char* kinds[] = {"counter", "gauge", "histogram"};
  std::size_t count = 0;
  const auto* families = Metrics::families(&count);
  ASSERT_GT(count, 20u);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& f = families[i];
    const std::string row = std::string("| `") + f.name + "` | " + kinds[f.kind] + " | `" + f.label + "` | " + f.help + " |";
    EXPECT_NE(page.find(row), std::string::npos) << "docs/metrics.md lacks: " << row;
  }
  std::size_t rows = 0;
  for (auto at = page.find("| `autodidact_"); at != std::string::npos; at = page.find("| `autodidact_", at + 1)) ++rows;
  EXPECT_EQ(rows, count);
}

TEST(Metrics, AreShownInPrometheusTextFormatOnceTouched) {
  Metrics metrics;
  metrics.add("autodidact_attempts_total", "correct", 3);
  metrics.set("autodidact_version", "serving", 7);
  metrics.observe("autodidact_commit_seconds", "item", 0.004);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("autodidact_attempts_total{outcome=\"correct\"} 3"), std::string::npos) << text;
  EXPECT_NE(text.find("autodidact_version{which=\"serving\"} 7"), std::string::npos);
  EXPECT_NE(text.find("autodidact_commit_seconds_bucket{kind=\"item\",le=\"0.005\"} 1"), std::string::npos);
  EXPECT_DOUBLE_EQ(metrics.value("autodidact_attempts_total", "correct"), 3);
}

}  // namespace
}  // namespace autodidact
