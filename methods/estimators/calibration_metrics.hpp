#pragma once
// How far confidences can be believed. Pure; any thread.

#include <cstdint>
#include <span>

namespace autodidact {

struct JudgedConfidence {
  double confidence = 0;  // within [0, 1]
  bool correct = false;
};
using JudgedConfidences = std::span<const JudgedConfidence>;

// Expected calibration error: the mean over bins, by their answers, of |accuracy - mean confidence|. Bins of equal width, the
// upper edge included in the last.
double expected_calibration_error(JudgedConfidences answers, std::uint32_t bins = 15);

// The same over bins of as equal numbers of answers as ties allow: equal confidences share a bin. Sees what happens where most
// answers are, when nearly all are near 1.
double adaptive_calibration_error(JudgedConfidences answers, std::uint32_t bins = 15);

// Mean squared error of the confidences: 0.25 for always saying one half.
double brier_score(JudgedConfidences answers);

// All are NaN of no answers.

}  // namespace autodidact
