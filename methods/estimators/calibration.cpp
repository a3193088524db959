#include "methods/estimators/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "methods/estimators/logistic.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kSize = kEvidenceNames.size();

}  // namespace

void Calibration::learn_scales(std::span<const JudgedAnswer> answers) {
  for (std::size_t j = 0; j < kSize; ++j) {
    double count = 0, sum = 0, squares = 0;
    for (const JudgedAnswer& one : answers) {
      if (!std::isfinite(one.evidence[j])) continue;
      count += 1;
      sum += one.evidence[j];
    }
    mean_[j] = count > 0 ? sum / count : 0;
    for (const JudgedAnswer& one : answers) {
      if (std::isfinite(one.evidence[j])) squares += (one.evidence[j] - mean_[j]) * (one.evidence[j] - mean_[j]);
    }
    const double deviation = count > 0 ? std::sqrt(squares / count) : 0;
    scale_[j] = deviation > 1e-9 * (1 + std::abs(mean_[j])) ? deviation : 0;              // else it is rounding
    if (!std::isfinite(mean_[j]) || !std::isfinite(scale_[j])) mean_[j] = scale_[j] = 0;  // beyond doubles: of no use
  }
}

AnswerEvidence Calibration::standardised(const AnswerEvidence& evidence) const {
  AnswerEvidence z = {};
  for (std::size_t j = 0; j < kSize; ++j) {
    if (scale_[j] > 0 && std::isfinite(evidence[j])) z[j] = (evidence[j] - mean_[j]) / scale_[j];
  }
  return z;
}

Result<Calibration> Calibration::fit(std::span<const JudgedAnswer> answers, double ridge) {
  if (answers.empty()) return {Errc::kBadInput, "no judged answers to calibrate on"};
  AD_REQUIRE(ridge > 0, "a calibration's ridge");
  Calibration fitted;
  fitted.answers_ = answers.size();
  fitted.learn_scales(answers);

  double right = 0;
  for (const JudgedAnswer& one : answers) right += one.correct ? 1 : 0;
  const double wrong = static_cast<double>(answers.size()) - right;
  std::vector<double> rows, targets;
  for (const JudgedAnswer& one : answers) {
    const AnswerEvidence z = fitted.standardised(one.evidence);
    for (std::size_t j = 0; j < kSize; ++j) {
      fitted.least_[j] = std::min(fitted.least_[j], z[j]);
      fitted.most_[j] = std::max(fitted.most_[j], z[j]);
    }
    rows.insert(rows.end(), z.begin(), z.end());
    targets.push_back(one.correct ? (right + 1) / (right + 2) : 1 / (wrong + 2));
  }
  const LogisticFit logistic = fit_logistic(rows, targets, kSize, ridge);
  fitted.intercept_ = logistic.intercept;
  std::copy(logistic.weights.begin(), logistic.weights.end(), fitted.weights_.begin());
  return fitted;
}

double Calibration::confidence(const AnswerEvidence& evidence) const {
  const AnswerEvidence z = standardised(evidence);
  double logit = intercept_;
  for (std::size_t j = 0; j < kSize; ++j) logit += weights_[j] * std::clamp(z[j], least_[j], most_[j]);
  return sigmoid(std::clamp(logit, -30.0, 30.0));  // short of 0 and 1: nothing is certain
}

}  // namespace autodidact
