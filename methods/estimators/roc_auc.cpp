#include "methods/estimators/roc_auc.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace autodidact {

double roc_auc(std::span<const LabelledValue> values) {
  std::vector<LabelledValue> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  double won = 0, negatives = 0, positives = 0;  // of the values below
  for (std::size_t first = 0, end = 0; first < sorted.size(); first = end) {
    double same_positive = 0, same_negative = 0;
    for (; end < sorted.size() && sorted[end].value == sorted[first].value; ++end)
      ++(sorted[end].positive ? same_positive : same_negative);
    won += same_positive * (negatives + same_negative / 2);
    positives += same_positive;
    negatives += same_negative;
  }
  return positives == 0 || negatives == 0 ? std::numeric_limits<double>::quiet_NaN() : won / (positives * negatives);
}

}  // namespace autodidact
