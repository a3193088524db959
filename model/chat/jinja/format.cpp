#include "model/chat/jinja/format.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace autodidact::jinja {
namespace {

constexpr int kMaxWidth = 1000;

// One conversion, "%-5.2f".
struct Conversion {
  std::string flags;
  int width = 0, precision = -1;
  char letter = 0;
};

class Percent {
 public:
  Percent(const Markup& format, const Value& values, Budget& budget) : format_(format), values_(values), budget_(budget) {}

  Markup run() {
    const std::string& text = format_.text;
    while (at_ < text.size()) {
      const std::size_t percent = std::min(text.find('%', at_), text.size());
      append(out_, slice(format_, at_, percent));
      at_ = percent;
      if (at_ < text.size()) convert();
    }
    const Sequence* tuple = as_sequence(values_);
    const bool many = tuple != nullptr && tuple->kind == Sequence::Kind::kTuple;
    // Python takes whatever can be indexed for a mapping, which need not be used up.
    const bool mapping =
        as_dict(values_) != nullptr || is<Undefined>(values_) || (tuple != nullptr && !many && tuple->indexable());
    if (!mapping && used_ < (many ? tuple->items.size() : 1)) {
      fail("not all arguments converted during string formatting");
    }
    return std::move(out_);
  }

 private:
  char peek() const {
    if (at_ >= format_.text.size()) fail("incomplete format");
    return format_.text[at_];
  }
  int number() {
    int out = 0;
    while (peek() >= '0' && peek() <= '9') {
      out = out * 10 + (format_.text[at_++] - '0');
      if (out > kMaxWidth) fail("a format wider than " + std::to_string(kMaxWidth));
    }
    return out;
  }

  void convert() {
    ++at_;
    Value value = Undefined{};
    bool named = false;
    if (peek() == '(') {
      const std::size_t close = format_.text.find(')', at_);
      const Dict* dict = as_dict(values_);
      if (close == std::string::npos || dict == nullptr) fail("format requires a mapping");
      const Value* found = dict->find(format_.text.substr(at_ + 1, close - at_ - 1));
      if (found == nullptr) fail("the format names a key that is not there");
      value = *found;
      named = true;
      at_ = close + 1;
    }
    Conversion conversion;
    while (std::string_view("-+ 0#").find(peek()) != std::string_view::npos) conversion.flags += format_.text[at_++];
    conversion.width = number();
    if (peek() == '.') {
      ++at_;
      conversion.precision = number();
    }
    conversion.letter = peek();
    ++at_;
    if (conversion.letter == '%') return append(out_, "%");
    put(conversion, named ? value : next());
  }

  const Value& next() {
    const Sequence* tuple = as_sequence(values_);
    const bool many = tuple != nullptr && tuple->kind == Sequence::Kind::kTuple;
    if (used_ >= (many ? tuple->items.size() : 1)) fail("not enough arguments for format string");
    return many ? tuple->items[used_++] : (++used_, values_);
  }

  void put(const Conversion& conversion, const Value& value) {
    Markup text;
    if (conversion.letter == 's' || conversion.letter == 'r') {
      text = conversion.letter == 's' ? to_text(value, budget_) : to_repr(value, budget_);
      if (conversion.precision >= 0) {
        text = slice(text, 0, offset_of(text.text, static_cast<std::size_t>(conversion.precision)));
      }
    } else {
      append(text, numeric(conversion, value));
    }
    const std::size_t length = count_characters(text.text), width = static_cast<std::size_t>(conversion.width);
    const std::string padding(length < width ? width - length : 0, ' ');
    budget_.bytes(text.text.size() + padding.size());
    const bool left = conversion.flags.find('-') != std::string::npos;
    if (!left) append(out_, padding);
    append(out_, text);
    if (left) append(out_, padding);
  }

  static std::string numeric(const Conversion& c, const Value& value) {
    double real = 0;
    std::int64_t whole = 0;
    if (!to_number(value, real)) fail(std::string("%") + c.letter + " format: a number is required, not " + type_name(value));
    const bool is_real = std::string_view("fFeEgG").find(c.letter) != std::string_view::npos;
    if (!is_real && std::string_view("dixXo").find(c.letter) == std::string_view::npos) {
      fail(std::string("unsupported format character '") + c.letter + "'");
    }
    if (!is_real && !to_integer(value, whole)) {
      if (!(std::abs(real) < 9e18) || (c.letter != 'd' && c.letter != 'i')) fail("a whole number is required");
      whole = static_cast<std::int64_t>(real);
    }
    std::string format = "%" + c.flags + std::to_string(c.width) + (c.precision >= 0 ? "." + std::to_string(c.precision) : "");
    if (c.width == 0) format = "%" + c.flags + (c.precision >= 0 ? "." + std::to_string(c.precision) : "");
    format += is_real ? std::string(1, c.letter) : std::string("ll") + (c.letter == 'i' ? 'd' : c.letter);
    char buffer[3 * kMaxWidth];
    const int length = is_real ? std::snprintf(buffer, sizeof buffer, format.c_str(), real)
                               : std::snprintf(buffer, sizeof buffer, format.c_str(), static_cast<long long>(whole));
    return std::string(buffer, static_cast<std::size_t>(length));
  }

  const Markup& format_;
  const Value& values_;
  Budget& budget_;
  std::size_t at_ = 0, used_ = 0;
  Markup out_;
};

const Value& field(const std::string& name, std::size_t& automatic, const Arguments& arguments) {
  if (name.find_first_of(".[!:{") != std::string::npos) fail("format(): only {}, {0} and {name} are supported");
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool numbered = !name.empty() && error == std::errc() && end == name.data() + name.size();
  if (name.empty()) index = automatic++;
  if (name.empty() || numbered) {
    if (index >= arguments.positional.size()) fail("Replacement index " + std::to_string(index) + " out of range");
    return arguments.positional[index];
  }
  for (const auto& [key, value] : arguments.named) {
    if (key == name) return value;
  }
  fail("format(): no argument is named '" + name + "'");
}

}  // namespace

Markup format_percent(const Markup& format, const Value& values, Budget& budget) {
  budget.bytes(format.text.size());
  return Percent(format, values, budget).run();
}

Markup format_braces(const Markup& format, const Arguments& arguments, Budget& budget) {
  const std::string& text = format.text;
  budget.bytes(text.size());
  Markup out;
  std::size_t automatic = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
    append(out, slice(format, at, brace));
    if (brace == text.size()) break;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      append(out, slice(format, brace, brace + 1));
      at = brace + 2;
      continue;
    }
    const std::size_t close = text.find('}', brace);
    if (text[brace] == '}' || close == std::string::npos) fail("format(): a single brace");
    append(out, to_text(field(text.substr(brace + 1, close - brace - 1), automatic, arguments), budget));
    at = close + 1;
  }
  return out;
}

}  // namespace autodidact::jinja
