#include "tasks/addition_problems.hpp"

#include <algorithm>
#include <cmath>

#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

// Swapping the operands is no new problem.
std::string key_of(const Sum& sum) { return std::min(sum.a, sum.b) + "+" + std::max(sum.a, sum.b); }

// Sums of a length, saturating: 100 for one digit, 8,100 for two.
std::uint64_t count_sums(std::size_t digits) {
  if (digits > 8) return UINT64_MAX;
  std::uint64_t operands = digits == 1 ? 10 : 9;
  for (std::size_t i = 1; i < digits; ++i) operands *= 10;
  return operands * operands;
}

Status bad(const std::string& key, const std::string& expected) { return {Errc::kConfig, "task." + key + ": " + expected}; }

Status check_digits(const TaskOptions& options) {
  if (options.min_digits < 1) return bad("min_digits", "must be at least 1");
  if (options.max_digits < options.min_digits) return bad("max_digits", "must be at least task.min_digits");
  if (options.max_digits > static_cast<std::int64_t>(kMaxDigits)) {
    return bad("max_digits", "must be at most " + std::to_string(kMaxDigits));
  }
  if (options.held_out_per_digit < 1) return bad("held_out_per_digit", "must be at least 1");
  return {};
}

Result<std::vector<double>> cumulative_shares(const TaskOptions& options) {
  const auto lengths = static_cast<std::size_t>(options.max_digits - options.min_digits + 1);
  std::vector<double> shares = options.digit_weights;
  if (shares.empty()) shares.assign(lengths, 1.0);
  if (shares.size() != lengths) {
    return bad("digit_weights", "must be empty or have one weight per length, " + std::to_string(lengths));
  }
  double total = 0;
  for (double& share : shares) {
    if (!std::isfinite(share) || share < 0) return bad("digit_weights", "must be finite and not negative");
    total += share;
    share = total;
  }
  if (!(total > 0) || !std::isfinite(total)) return bad("digit_weights", "must have a positive, finite sum");
  for (double& share : shares) share /= total;
  return shares;
}

}  // namespace

Result<AdditionProblems> AdditionProblems::make(const TaskOptions& options, std::uint64_t seed) {
  AD_RETURN_IF_ERROR(check_digits(options));
  AD_ASSIGN_OR_RETURN(auto cumulative, cumulative_shares(options));
  AdditionProblems problems;
  problems.seed_ = seed;
  problems.min_digits_ = static_cast<std::size_t>(options.min_digits);
  problems.max_digits_ = static_cast<std::size_t>(options.max_digits);
  problems.cumulative_ = std::move(cumulative);
  for (std::size_t digits = problems.min_digits_; digits <= problems.max_digits_; ++digits) {
    problems.hold_out(digits, static_cast<std::uint64_t>(options.held_out_per_digit));
  }
  return problems;
}

void AdditionProblems::hold_out(std::size_t digits, std::uint64_t wanted) {
  const std::uint64_t count = std::min(wanted, count_sums(digits) / 5);
  std::uint64_t held = 0;
  for (std::uint64_t index = 0; held < count; ++index) {
    Sum sum = draw(SumStream::kHeldOut, digits, index, 0);
    if (!held_out_keys_.insert(key_of(sum)).second) continue;
    held_out_.push_back(std::move(sum));
    ++held;
  }
}

Sum AdditionProblems::training(std::uint64_t index) const { return draw_free(SumStream::kTraining, draw_digits(index), index); }

Sum AdditionProblems::seed_example(std::size_t digits, std::uint64_t index) const {
  return draw_free(SumStream::kSeeds, digits, index);
}

// Draws until a sum is not held out. At most two fifths of a length are (each with its swap), so this ends soon.
Sum AdditionProblems::draw_free(SumStream stream, std::size_t digits, std::uint64_t index) const {
  for (std::uint64_t attempt = 0;; ++attempt) {
    Sum sum = draw(stream, digits, index, attempt);
    if (!held_out_keys_.contains(key_of(sum))) return sum;
  }
}

Sum AdditionProblems::draw(SumStream stream, std::size_t digits, std::uint64_t index, std::uint64_t attempt) const {
  const std::uint64_t base = counter_hash({seed_, static_cast<std::uint64_t>(stream), digits, index, attempt});
  const auto operand = [&](std::uint64_t which) {
    std::string text(digits, '0');
    for (std::size_t i = 0; i < digits; ++i) {
      const std::uint64_t hash = counter_hash({base, which, i});
      const bool leading = i == 0 && digits > 1;
      text[i] = static_cast<char>(leading ? '1' + below(hash, 9) : '0' + below(hash, 10));
    }
    return text;
  };
  return {operand(0), operand(1)};
}

std::size_t AdditionProblems::draw_digits(std::uint64_t index) const {
  const double u = unit(counter_hash({seed_, static_cast<std::uint64_t>(SumStream::kTraining), index}));
  const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), u) - cumulative_.begin();
  return std::min(min_digits_ + static_cast<std::size_t>(at), max_digits_);
}

}  // namespace autodidact
