#include "methods/estimators/risk_coverage.hpp"

#include <algorithm>
#include <limits>

#include "config/status.hpp"

namespace autodidact {
namespace {

// Answers of one confidence, highest first.
struct Tied {
  double confidence = 0, answers = 0, wrong = 0;
};

std::vector<Tied> group_ties(JudgedConfidences answers) {
  std::vector<JudgedConfidence> sorted(answers.begin(), answers.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
  std::vector<Tied> groups;
  for (const JudgedConfidence& one : sorted) {
    if (groups.empty() || groups.back().confidence != one.confidence) groups.push_back({one.confidence, 0, 0});
    groups.back().answers += 1;
    groups.back().wrong += one.correct ? 0 : 1;
  }
  return groups;
}

}  // namespace

std::vector<RiskPoint> risk_coverage_curve(JudgedConfidences answers) {
  std::vector<RiskPoint> curve;
  double answered = 0, wrong = 0;
  for (const Tied& group : group_ties(answers)) {
    answered += group.answers;
    wrong += group.wrong;
    curve.push_back({group.confidence, answered / static_cast<double>(answers.size()), wrong / answered});
  }
  return curve;
}

double area_under_risk_coverage(JudgedConfidences answers) {
  if (answers.empty()) return std::numeric_limits<double>::quiet_NaN();
  double area = 0, answered = 0, wrong = 0;
  for (const Tied& group : group_ties(answers)) {
    for (double i = 1; i <= group.answers; ++i) area += (wrong + group.wrong * i / group.answers) / (answered + i);
    answered += group.answers;
    wrong += group.wrong;
  }
  return area / static_cast<double>(answers.size());
}

RiskPoint at_coverage(JudgedConfidences answers, double coverage) {
  AD_REQUIRE(!answers.empty() && coverage > 0 && coverage <= 1, "a coverage in (0, 1] of some answers");
  for (const RiskPoint& point : risk_coverage_curve(answers)) {
    if (point.coverage >= coverage - 1e-12) return point;  // 0.3 of ten is three
  }
  die("a risk-coverage curve ends at coverage 1");
}

double error_after_abstaining(JudgedConfidences answers, double share) {
  AD_REQUIRE(share >= 0 && share < 1, "a share of answers to withhold, in [0, 1)");
  if (answers.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double kept = (1 - share) * static_cast<double>(answers.size());
  double answered = 0, wrong = 0;
  for (const Tied& group : group_ties(answers)) {
    const double taken = std::min(group.answers, kept - answered);
    if (taken <= 0) break;
    answered += taken;
    wrong += group.wrong * taken / group.answers;
  }
  return wrong / answered;
}

}  // namespace autodidact
