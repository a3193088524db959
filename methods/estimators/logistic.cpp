#include "methods/estimators/logistic.hpp"

#include <algorithm>
#include <cmath>

#include "config/status.hpp"

namespace autodidact {
namespace {

// The problem with a leading column of ones; parameter 0 is the intercept.
struct Problem {
  std::span<const double> rows, targets;
  std::size_t columns;
  double ridge;

  std::size_t size() const { return columns + 1; }
  double at(std::size_t row, std::size_t j) const { return j == 0 ? 1 : rows[row * columns + j - 1]; }
  double logit(std::size_t row, const std::vector<double>& beta) const {
    double sum = 0;
    for (std::size_t j = 0; j < size(); ++j) sum += at(row, j) * beta[j];
    return sum;
  }
};

double objective(const Problem& problem, const std::vector<double>& beta) {
  double sum = 0;
  for (std::size_t j = 1; j < problem.size(); ++j) sum += 0.5 * problem.ridge * beta[j] * beta[j];
  for (std::size_t i = 0; i < problem.targets.size(); ++i) {
    const double z = problem.logit(i, beta);
    sum += std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))) - problem.targets[i] * z;
  }
  return sum;
}

struct Local {
  std::vector<double> gradient, hessian;  // the latter square, by rows
};

Local expand(const Problem& problem, const std::vector<double>& beta) {
  const std::size_t size = problem.size();
  Local local{std::vector<double>(size), std::vector<double>(size * size)};
  for (std::size_t i = 0; i < problem.targets.size(); ++i) {
    const double p = sigmoid(problem.logit(i, beta));
    for (std::size_t j = 0; j < size; ++j) {
      local.gradient[j] += (p - problem.targets[i]) * problem.at(i, j);
      for (std::size_t k = 0; k <= j; ++k) local.hessian[j * size + k] += p * (1 - p) * problem.at(i, j) * problem.at(i, k);
    }
  }
  for (std::size_t j = 1; j < size; ++j) {
    local.gradient[j] += problem.ridge * beta[j];
    local.hessian[j * size + j] += problem.ridge;
  }
  return local;
}

// hessian^-1 gradient by Cholesky, the lower triangle in place. A grain on the diagonal: the intercept has no ridge, and its
// curvature vanishes where every p has saturated.
std::vector<double> newton_step(Local local) {
  const std::size_t size = local.gradient.size();
  auto& a = local.hessian;
  auto& x = local.gradient;
  for (std::size_t j = 0; j < size; ++j) {
    a[j * size + j] += 1e-9;
    for (std::size_t k = 0; k < j; ++k) a[j * size + j] -= a[j * size + k] * a[j * size + k];
    a[j * size + j] = std::sqrt(std::max(a[j * size + j], 1e-12));
    for (std::size_t i = j + 1; i < size; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i * size + j] -= a[i * size + k] * a[j * size + k];
      a[i * size + j] /= a[j * size + j];
    }
  }
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t k = 0; k < j; ++k) x[j] -= a[j * size + k] * x[k];
    x[j] /= a[j * size + j];
  }
  for (std::size_t j = size; j-- > 0;) {
    for (std::size_t k = j + 1; k < size; ++k) x[j] -= a[k * size + j] * x[k];
    x[j] /= a[j * size + j];
  }
  return x;
}

}  // namespace

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

LogisticFit fit_logistic(std::span<const double> rows, std::span<const double> targets, std::size_t columns, double ridge) {
  AD_REQUIRE(!targets.empty() && rows.size() == targets.size() * columns && ridge > 0,
             "rows and targets of a ridge regression");
  const Problem problem{rows, targets, columns, ridge};
  std::vector<double> beta(columns + 1, 0.0);
  double value = objective(problem, beta);
  for (int iteration = 0; iteration < 100; ++iteration) {
    const std::vector<double> step = newton_step(expand(problem, beta));
    std::vector<double> next(beta.size());
    double shrink = 1, reached = value;
    do {  // far from the minimum a whole step may overshoot
      for (std::size_t j = 0; j < beta.size(); ++j) next[j] = beta[j] - shrink * step[j];
      reached = objective(problem, next);
      shrink /= 2;
    } while (!(reached <= value) && shrink > 1e-10);
    if (!(reached < value)) break;  // as far down as doubles tell
    beta = next;
    value = reached;
  }
  return {beta[0], std::vector<double>(beta.begin() + 1, beta.end())};
}

}  // namespace autodidact
