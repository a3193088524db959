// Judges lines of "mode TAB reference TAB completion" (mode r or e; \n, \t and \\ escaped) from stdin: a letter r, w or c and
// the reason for each. For math_verify_agreement.py.

#include <iostream>
#include <string>

#include "tasks/math/math_checker.hpp"

namespace {

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
  }
  return out;
}

}  // namespace

int main() {
  using autodidact::MathMode;
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    if (second == std::string::npos) return 1;
    const auto mode = line[0] == 'r' ? MathMode::kReward : MathMode::kEvaluation;
    const auto check =
        autodidact::check_math(unescaped(line.substr(second + 1)), unescaped(line.substr(first + 1, second - first - 1)), mode);
    std::cout << "rwc"[static_cast<int>(check.verdict)] << '\t' << check.why << '\n';
  }
}
