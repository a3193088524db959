#include "tasks/countdown/countdown_problems.hpp"

#include <algorithm>
#include <utility>

#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kMaxIntermediate = 1'000'000;

std::string key_of(const Countdown& problem) {
  auto numbers = problem.numbers;
  std::sort(numbers.begin(), numbers.end());
  std::string key;
  for (const std::int64_t number : numbers) key += std::to_string(number) + ",";
  return key + "=" + std::to_string(problem.target);
}

struct Part {
  std::int64_t value = 0;
  std::string text;
  bool leaf = true;
};

std::string bracketed(const Part& part) { return part.leaf ? part.text : "(" + part.text + ")"; }

// a and b by the operation that `hash` picks: always a whole number above zero, as in the game. Where it does not apply, +.
Part combine(Part a, Part b, std::uint64_t hash, std::vector<std::string>& steps) {
  if (a.value < b.value) std::swap(a, b);
  char operation = "+-*/"[below(hash, 4)];
  if (operation == '-' && a.value == b.value) operation = '+';
  if (operation == '*' && a.value > kMaxIntermediate / b.value) operation = '+';
  if (operation == '/' && (a.value % b.value != 0 || b.value == 1)) operation = '+';
  Part whole;
  switch (operation) {
    case '-': whole.value = a.value - b.value; break;
    case '*': whole.value = a.value * b.value; break;
    case '/': whole.value = a.value / b.value; break;
    default: whole.value = a.value + b.value; break;
  }
  whole.leaf = false;
  whole.text = bracketed(a) + operation + bracketed(b);
  steps.push_back(std::to_string(a.value) + operation + std::to_string(b.value) + "=" + std::to_string(whole.value));
  return whole;
}

Part take(std::vector<Part>& parts, std::uint64_t hash) {
  const std::size_t at = below(hash, static_cast<std::uint32_t>(parts.size()));
  Part part = std::move(parts[at]);
  parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at));
  return part;
}

}  // namespace

Result<CountdownProblems> CountdownProblems::make(const TaskOptions& options, std::uint64_t seed) {
  CountdownProblems problems;
  problems.seed_ = seed;
  problems.min_numbers_ = static_cast<std::size_t>(options.min_numbers);
  problems.max_numbers_ = static_cast<std::size_t>(options.max_numbers);
  problems.max_number_ = options.max_number;
  problems.min_target_ = options.min_target;
  problems.max_target_ = options.max_target;
  if (options.min_numbers < 2 || options.max_numbers > 6 || options.min_numbers > options.max_numbers) {
    return Status(Errc::kConfig, "task.min_numbers, task.max_numbers: must be 2 to 6, the first no more than the second");
  }
  if (options.max_number < 2 || options.max_number > 1000 || options.min_target < 1 ||
      options.min_target > options.max_target) {
    return Status(Errc::kConfig, "task.max_number must be 2 to 1000, task.min_target at least 1 and at most task.max_target");
  }
  AD_RETURN_IF_ERROR(problems.hold_out(options.held_out_size > 0 ? static_cast<std::uint64_t>(options.held_out_size) : 200));
  AD_RETURN_IF_ERROR(problems.check_rest());
  return problems;
}

// A thousand draws find another problem, or the ranges are off.
Status CountdownProblems::hold_out(std::uint64_t wanted) {
  for (std::uint64_t index = 0; held_out_.size() < wanted && index < 1000 * (held_out_.size() + 10); ++index) {
    Countdown problem;
    if (!draw(CountdownStream::kHeldOut, index, 0, problem) || !held_out_keys_.insert(key_of(problem)).second) continue;
    held_out_.push_back(std::move(problem));
  }
  if (held_out_.size() == wanted) return {};
  return {Errc::kConfig, "task.held_out_size: only " + std::to_string(held_out_.size()) + " of " + std::to_string(wanted) +
                             " problems found; widen task.min_target to task.max_target or raise task.max_number"};
}

// draw_free() must end soon: one draw in a hundred at least is a problem to train on.
Status CountdownProblems::check_rest() const {
  constexpr std::uint64_t kDraws = 5000;
  std::uint64_t fresh = 0;
  for (std::uint64_t index = 0; index < kDraws; ++index) {
    Countdown problem;
    fresh += draw(CountdownStream::kTraining, index, 0, problem) && !held_out_keys_.contains(key_of(problem)) ? 1 : 0;
  }
  if (fresh >= kDraws / 100) return {};
  return {Errc::kConfig, "task.held_out_size: hardly a problem is left to train on; hold out fewer than " +
                             std::to_string(held_out_.size()) +
                             ", widen task.min_target to task.max_target or raise task.max_number"};
}

Countdown CountdownProblems::draw_free(CountdownStream stream, std::uint64_t index) const {
  for (std::uint64_t attempt = 0;; ++attempt) {
    Countdown problem;
    if (draw(stream, index, attempt, problem) && !held_out_keys_.contains(key_of(problem))) return problem;
  }
}

bool CountdownProblems::draw(CountdownStream stream, std::uint64_t index, std::uint64_t attempt, Countdown& problem) const {
  const std::uint64_t base = counter_hash({seed_, static_cast<std::uint64_t>(stream), index, attempt});
  std::uint64_t drawn = 0;
  const auto next = [&] { return counter_hash({base, drawn++}); };
  const std::size_t count = min_numbers_ + below(next(), static_cast<std::uint32_t>(max_numbers_ - min_numbers_ + 1));
  std::vector<Part> parts;
  problem = {};
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t number = 1 + below(next(), static_cast<std::uint32_t>(max_number_));
    problem.numbers.push_back(number);
    parts.push_back({number, std::to_string(number), true});
  }
  while (parts.size() > 1) {
    Part a = take(parts, next()), b = take(parts, next());
    parts.push_back(combine(std::move(a), std::move(b), next(), problem.steps));
  }
  problem.target = parts[0].value;
  problem.solution = std::move(parts[0].text);
  return problem.target >= min_target_ && problem.target <= max_target_;
}

}  // namespace autodidact
