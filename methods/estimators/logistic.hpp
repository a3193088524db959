#pragma once
// Ridge logistic regression of a few columns by Newton's method (iteratively reweighted least squares). Private to
// methods/estimators. Pure; any thread.

#include <span>
#include <vector>

namespace autodidact {

double sigmoid(double x);

struct LogisticFit {
  double intercept = 0;
  std::vector<double> weights;
};

// Minimises sum_i log-loss(targets[i], sigmoid(intercept + weights . row_i)) + ridge / 2 * |weights|^2; the intercept is free.
// rows: one behind the other, `columns` each, finite. targets within (0, 1), so that the minimum is finite; ridge > 0.
LogisticFit fit_logistic(std::span<const double> rows, std::span<const double> targets, std::size_t columns, double ridge);

}  // namespace autodidact
