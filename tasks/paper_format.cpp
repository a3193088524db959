// The scratchpad of the STaR paper, character for character. For 47+85 the prompt is the first three lines, the completion
// the rest (without a final newline):
//
//   Input:
//   4 7 + 8 5
//   Target:
//   <scratch>
//   4 7 + 8 5 , C: 0
//   4 + 8 , 2 C: 1
//   , 3 2 C: 1
//   1 3 2
//   </scratch>
//   1 3 2
//
// Line k of the scratchpad shows the digit pair to add next, the sum digits so far (most significant first) and the carry
// into that pair; the first line shows the whole sum instead of a pair. After the line without a pair comes the last carry
// and all sum digits: 0 7 9 when there is no carry. The answer below drops that 0. The hint is that last line after "Target:".

#include "tasks/scratchpad_format.hpp"

namespace autodidact {
namespace {

constexpr std::string_view kInput = "Input:\n";
constexpr std::string_view kTarget = "\nTarget:";
constexpr std::string_view kOpen = "<scratch>\n";
constexpr std::string_view kClose = "</scratch>\n";

// "132" -> "1 3 2"
std::string spaced(std::string_view digits) {
  std::string text;
  text.reserve(2 * digits.size());
  for (char digit : digits) {
    if (!text.empty()) text += ' ';
    text += digit;
  }
  return text;
}

// "1 3 2" -> "132"; nothing unless it is digits with one space between.
std::optional<std::string> unspaced(std::string_view text) {
  if (text.size() % 2 == 0) return std::nullopt;
  std::string digits;
  digits.reserve(text.size() / 2 + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 2 == 1) {
      if (text[i] != ' ') return std::nullopt;
    } else {
      digits += text[i];
    }
  }
  if (!is_digits(digits)) return std::nullopt;
  return digits;
}

std::string operands(const Sum& sum) { return spaced(sum.a) + " + " + spaced(sum.b); }

std::string digit_text(int digit) { return std::string(1, static_cast<char>('0' + digit)); }

class PaperFormat final : public ScratchpadFormat {
 public:
  std::string prompt(const Sum& sum) const override {
    return std::string(kInput) + operands(sum) + std::string(kTarget) + "\n";
  }

  std::string hinted_prompt(const Sum& sum) const override {
    return std::string(kInput) + operands(sum) + std::string(kTarget) + " " + spaced(padded_sum(sum)) + "\n";
  }

  std::optional<Sum> parse_prompt(std::string_view prompt) const override {
    const std::string tail = std::string(kTarget) + "\n";
    if (!prompt.starts_with(kInput) || !prompt.ends_with(tail) || prompt.size() < kInput.size() + tail.size())
      return std::nullopt;
    prompt.remove_prefix(kInput.size());
    prompt.remove_suffix(tail.size());
    const std::size_t plus = prompt.find(" + ");
    if (plus == std::string_view::npos) return std::nullopt;
    const auto a = unspaced(prompt.substr(0, plus)), b = unspaced(prompt.substr(plus + 3));
    if (!a || !b || a->size() != b->size() || a->size() > kMaxDigits) return std::nullopt;
    return Sum{*a, *b};
  }

  std::string completion(const Sum& sum) const override {
    const std::size_t digits = sum.a.size();
    const std::string total = padded_sum(sum);
    std::string text = std::string(kOpen) + operands(sum) + " , C: 0\n";
    int carry = 0;
    for (std::size_t place = 0; place < digits; ++place) {
      carry = add_column(sum, place, carry).carry_out;
      const std::size_t next = place + 1;
      if (next < digits) {
        const Column pair = add_column(sum, next, carry);
        text += digit_text(pair.a) + " + " + digit_text(pair.b) + " ";
      }
      text += ", " + spaced(std::string_view(total).substr(total.size() - next)) + " C: " + digit_text(carry) + "\n";
    }
    return text + spaced(total) + "\n" + std::string(kClose) + spaced(add(sum));
  }

  char step_separator() const override { return '\n'; }

  std::optional<std::string> answer(std::string_view completion) const override {
    const std::size_t close = completion.rfind(kClose);
    if (close == std::string_view::npos) return std::nullopt;
    return unspaced(completion.substr(close + kClose.size()));
  }

  bool has_hint_marks(std::string_view completion) const override {
    return completion.find("Target:") != std::string_view::npos || completion.find("Input:") != std::string_view::npos;
  }

  std::string alphabet() const override { return "0123456789+,:<>/ \nInputTargetscratchC"; }

 private:
  // The final carry and all digits: one digit more than the operands, "079" for 34 + 45.
  static std::string padded_sum(const Sum& sum) {
    const std::string total = add(sum);
    return std::string(sum.a.size() + 1 - total.size(), '0') + total;
  }
};

}  // namespace

std::unique_ptr<const ScratchpadFormat> make_paper_format() { return std::make_unique<PaperFormat>(); }

}  // namespace autodidact
