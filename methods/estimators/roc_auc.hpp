#pragma once
// How well values tell two kinds apart, whatever the threshold. Pure; any thread.

#include <span>

namespace autodidact {

struct LabelledValue {
  double value = 0;
  bool positive = false;
};

// Area under the ROC curve: the probability that a random positive has a higher value than a random negative, ties counting
// half (the Mann-Whitney statistic). NaN unless there are both. O(n log n).
double roc_auc(std::span<const LabelledValue> values);

}  // namespace autodidact
