#include "methods/estimators/calibration_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "config/status.hpp"

namespace autodidact {
namespace {

struct Bin {
  double answers = 0, confidence = 0, correct = 0;
  void add(const JudgedConfidence& one) {
    answers += 1;
    confidence += one.confidence;
    correct += one.correct ? 1 : 0;
  }
};

double weighted_gap(const std::vector<Bin>& bins) {
  double gaps = 0, answers = 0;
  for (const Bin& bin : bins) {
    gaps += std::abs(bin.correct - bin.confidence);  // = its answers times |accuracy - mean confidence|
    answers += bin.answers;
  }
  return answers > 0 ? gaps / answers : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double expected_calibration_error(JudgedConfidences answers, std::uint32_t bins) {
  AD_REQUIRE(bins > 0, "bins of a calibration error");
  std::vector<Bin> all(bins);
  for (const JudgedConfidence& one : answers) {
    AD_REQUIRE(one.confidence >= 0 && one.confidence <= 1, "a confidence is within [0, 1]");
    all[std::min(static_cast<std::uint32_t>(one.confidence * bins), bins - 1)].add(one);
  }
  return weighted_gap(all);
}

double adaptive_calibration_error(JudgedConfidences answers, std::uint32_t bins) {
  AD_REQUIRE(bins > 0, "bins of a calibration error");
  std::vector<JudgedConfidence> sorted(answers.begin(), answers.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.confidence < b.confidence; });
  std::vector<Bin> all(bins);
  for (std::size_t i = 0; i < sorted.size();) {
    const std::size_t first = i;
    while (i < sorted.size() && sorted[i].confidence == sorted[first].confidence) ++i;
    const std::size_t bin = (first + i - 1) / 2 * bins / sorted.size();  // where the block's middle falls
    for (std::size_t j = first; j < i; ++j) all[bin].add(sorted[j]);
  }
  return weighted_gap(all);
}

double brier_score(JudgedConfidences answers) {
  if (answers.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const JudgedConfidence& one : answers) {
    const double error = one.confidence - (one.correct ? 1 : 0);
    sum += error * error;
  }
  return sum / static_cast<double>(answers.size());
}

}  // namespace autodidact
