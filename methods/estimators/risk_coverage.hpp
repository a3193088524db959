#pragma once
// Answering only when confident: how the error falls as more is withheld, and which threshold answers how much. Pure; any
// thread.

#include <vector>

#include "methods/estimators/calibration_metrics.hpp"

namespace autodidact {

// Of answering whenever confidence >= threshold.
struct RiskPoint {
  double threshold = 0;
  double coverage = 0;  // share answered
  double error = 0;     // share of these that are wrong
};

// One point for each confidence there is, the highest first: what a threshold can do. Empty of no answers.
std::vector<RiskPoint> risk_coverage_curve(JudgedConfidences answers);

// AURC: the mean error over the coverages 1/n … n/n. Within equal confidences the order is random, and the expected error is
// taken: a constant confidence has the overall error as its area. NaN of no answers.
double area_under_risk_coverage(JudgedConfidences answers);

// The point with the highest threshold that still answers a share of at least `coverage`, in (0, 1]. Its `threshold` is what to
// set for abstaining, its `error` what to expect; its coverage is larger than wanted where confidences tie. There must be
// answers.
RiskPoint at_coverage(JudgedConfidences answers, double coverage);

// The error of what is answered when the least confident `share` of all, in [0, 1), is withheld: 0.2 is the usual one. Within
// equal confidences the order is random, as for the area. NaN of no answers.
double error_after_abstaining(JudgedConfidences answers, double share = 0.2);

}  // namespace autodidact
