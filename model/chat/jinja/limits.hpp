#pragma once
// What a template may cost. Templates come with checkpoints from strangers, conversations from other strangers: whoever passes
// a limit gets one clear error. Inside the interpreter errors travel as the exception `Failure`, which ChatTemplate turns
// into a Status: an evaluator written with Result at each of its three hundred steps would hide what it evaluates. One thread.

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace autodidact::jinja {

constexpr std::size_t kMaxTemplateBytes = 1 << 20;
constexpr int kMaxParseDepth = 200;         // nested tags and brackets
constexpr int kMaxTreeHeight = 200;         // of an expression, e.g. terms in a sum; Python's own limit for nested brackets
constexpr int kMaxNesting = 100;            // lists in lists, in values
constexpr int kMaxDepth = 600;              // of evaluation, macros calling macros included
constexpr std::int64_t kMaxRange = 100000;  // as the sandbox of jinja2

// Defaults: far above what a conversation of a million characters needs.
struct Limits {
  std::int64_t steps = 10'000'000;         // expressions and statements evaluated, values compared
  std::int64_t value_bytes = 256ll << 20;  // of all values ever made or searched: bounds memory and time
  std::int64_t output_bytes = 64ll << 20;
};

// The line is known to who catches it.
class Failure : public std::exception {
 public:
  explicit Failure(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};
[[noreturn]] inline void fail(std::string message) { throw Failure(std::move(message)); }

// What is left of the limits.
class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits), steps_(limits.steps), bytes_(limits.value_bytes) {}
  void step() {
    if (--steps_ < 0) fail("the template takes more than " + std::to_string(limits_.steps) + " steps");
  }
  void bytes(std::size_t count) {
    if (count > static_cast<std::size_t>(bytes_)) {
      fail("the template handles more than " + std::to_string(limits_.value_bytes) + " bytes of values");
    }
    bytes_ -= static_cast<std::int64_t>(count);
  }
  // `count` times `size`, before either is made.
  void bytes(std::size_t count, std::size_t size) {
    if (size != 0 && count > static_cast<std::size_t>(limits_.value_bytes) / size) count = static_cast<std::size_t>(-1) / size;
    bytes(count * size);
  }
  void check_output(std::size_t size) const {
    if (size > static_cast<std::size_t>(limits_.output_bytes)) {
      fail("the template writes more than " + std::to_string(limits_.output_bytes) + " bytes");
    }
  }

 private:
  const Limits limits_;
  std::int64_t steps_, bytes_;
};

}  // namespace autodidact::jinja
