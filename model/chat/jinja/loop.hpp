#pragma once
// The variable `loop` of a for statement: knows where the loop stands, and pulls its items one ahead only when asked, so that a
// filter condition sees what the body did. One rendering's, one thread.

#include <functional>
#include <optional>

#include "model/chat/jinja/value.hpp"

namespace autodidact::jinja {

class Loop {
 public:
  using Condition = std::function<bool(const Value&)>;
  Loop(std::vector<Value> items, Condition condition, int nesting)
      : items_(std::move(items)), condition_(std::move(condition)), nesting_(nesting) {}

  bool advance();  // to the next item that meets the condition; false: there is none
  const Value& current() const { return items_[current_]; }
  // The condition refers to the statement's surroundings, which end with it.
  void finish() { condition_ = nullptr; }

  // An attribute of the variable; nothing for an unknown name.
  std::optional<Value> attribute(const std::string& name, Budget& budget);
  bool changed(Arguments& arguments, Budget& budget);
  std::int64_t index0() const { return index0_; }
  int nesting() const { return nesting_; }

 private:
  std::size_t next_match();  // its place in items_; their number: none
  std::int64_t length();

  std::vector<Value> items_;
  Condition condition_;               // null: all
  std::size_t next_ = 0;              // the first not looked at
  std::optional<std::size_t> ahead_;  // looked up, not yet current
  std::size_t current_ = 0;
  std::optional<std::size_t> before_;
  std::int64_t index0_ = -1;
  std::optional<std::vector<Value>> last_changed_;
  const int nesting_;
};

}  // namespace autodidact::jinja
