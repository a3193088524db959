#include "model/chat/jinja/loop.hpp"

namespace autodidact::jinja {

std::size_t Loop::next_match() {
  if (ahead_) return *ahead_;
  while (next_ < items_.size() && condition_ && !condition_(items_[next_])) ++next_;
  ahead_ = next_;
  if (next_ < items_.size()) ++next_;
  return *ahead_;
}

bool Loop::advance() {
  const std::size_t next = next_match();
  ahead_.reset();
  if (next == items_.size()) return false;
  if (index0_ >= 0) before_ = current_;
  current_ = next;
  ++index0_;
  return true;
}

// As Python does: counting looks at all that is left, so the condition is asked for each now.
std::int64_t Loop::length() {
  if (condition_) {
    const std::size_t first = next_match();
    std::size_t kept = first;
    for (std::size_t i = first; i < items_.size(); ++i) {
      if (i == first || condition_(items_[i])) std::swap(items_[kept++], items_[i]);
    }
    items_.resize(kept);
    ahead_ = first;
    next_ = std::min(first + 1, kept);
    condition_ = nullptr;
    return index0_ + 1 + static_cast<std::int64_t>(kept - first);
  }
  return index0_ + 1 + static_cast<std::int64_t>(items_.size() - (ahead_ ? *ahead_ : next_));
}

std::optional<Value> Loop::attribute(const std::string& name, Budget& budget) {
  if (name == "index") return index0_ + 1;
  if (name == "index0") return index0_;
  if (name == "first") return index0_ == 0;
  if (name == "last") return next_match() == items_.size();
  if (name == "length") return length();
  if (name == "revindex") return length() - index0_;
  if (name == "revindex0") return length() - index0_ - 1;
  if (name == "depth") return std::int64_t{1};
  if (name == "depth0") return std::int64_t{0};
  if (name == "previtem") return before_ ? items_[*before_] : undefined("there is no previous item");
  if (name == "nextitem") return next_match() < items_.size() ? items_[*ahead_] : undefined("there is no next item");
  return std::nullopt;
}

bool Loop::changed(Arguments& arguments, Budget& budget) {
  for (const Value& value : arguments.positional) {
    if (nesting_of(value) > 0 || is<std::shared_ptr<Namespace>>(value)) fail("loop.changed() takes numbers and strings only");
  }
  bool same = last_changed_ && last_changed_->size() == arguments.positional.size();
  for (std::size_t i = 0; same && i < last_changed_->size(); ++i) {
    same = equal((*last_changed_)[i], arguments.positional[i], budget);
  }
  last_changed_ = std::move(arguments.positional);
  return !same;
}

}  // namespace autodidact::jinja
