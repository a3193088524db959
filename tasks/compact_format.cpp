// The compact scratchpad: about 6 characters per column, so that a model of 0.1M parameters learns it in minutes on a CPU.
//
//   prompt           47+85=
//   hinted prompt    47+85=(132)
//   completion       75021,48131,132
//
// One group per column, units first: digit of a, digit of b, carry in, digit of the sum, carry out. Every group can be
// computed from the prompt and the group before it. Then the answer as one writes it.

#include "tasks/scratchpad_format.hpp"

namespace autodidact {
namespace {

class CompactFormat final : public ScratchpadFormat {
 public:
  std::string prompt(const Sum& sum) const override { return sum.a + "+" + sum.b + "="; }
  std::string hinted_prompt(const Sum& sum) const override { return prompt(sum) + "(" + add(sum) + ")"; }

  std::optional<Sum> parse_prompt(std::string_view prompt) const override {
    if (prompt.empty() || prompt.back() != '=') return std::nullopt;
    prompt.remove_suffix(1);
    const std::size_t plus = prompt.find('+');
    if (plus == std::string_view::npos || prompt.size() != 2 * plus + 1 || plus > kMaxDigits) return std::nullopt;
    const Sum sum{std::string(prompt.substr(0, plus)), std::string(prompt.substr(plus + 1))};
    if (!is_digits(sum.a) || !is_digits(sum.b)) return std::nullopt;
    return sum;
  }

  std::string completion(const Sum& sum) const override {
    std::string text;
    text.reserve(7 * sum.a.size() + 1);
    int carry = 0;
    for (std::size_t place = 0; place < sum.a.size(); ++place) {
      const Column column = add_column(sum, place, carry);
      for (int value : {column.a, column.b, column.carry_in, column.digit, column.carry_out}) {
        text += static_cast<char>('0' + value);
      }
      text += ',';
      carry = column.carry_out;
    }
    return text + add(sum);
  }

  char step_separator() const override { return ','; }

  std::optional<std::string> answer(std::string_view completion) const override {
    const std::size_t comma = completion.rfind(',');
    if (comma != std::string_view::npos) completion.remove_prefix(comma + 1);
    if (!is_digits(completion)) return std::nullopt;
    return std::string(completion);
  }

  bool has_hint_marks(std::string_view completion) const override {
    return completion.find_first_of("()") != std::string_view::npos;
  }

  std::string alphabet() const override { return "0123456789+=,()"; }
};

}  // namespace

std::unique_ptr<const ScratchpadFormat> make_compact_format() { return std::make_unique<CompactFormat>(); }

}  // namespace autodidact
