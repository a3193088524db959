#pragma once
// What a terminal may be shown, and how. Free functions without state: any thread may call them. Text of samples is hostile:
// escape sequences, bidirectional overrides and stray bytes are made visible instead of obeyed.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace autodidact {

enum class Color { kNone, kBold, kDim, kRed, kGreen, kYellow, kBlue };

// How output is made: constant for the life of a command.
struct Style {
  bool color = false;
  std::size_t width = 100;  // columns of the terminal
};

// Control characters, C1 codes, bidi controls and bytes that are not UTF-8, spelled out: "\n", "\u001b", "\xff". The result
// is one line, safe to print; JSON lines stay the same JSON.
std::string escape_text(std::string_view text);
// The lines of `text`, each escaped.
std::vector<std::string> escape_lines(std::string_view text);

// Columns that escaped text takes; wide characters count two, combining ones none.
std::size_t display_width(std::string_view text);
// At most `width` columns, the last one "…" when something was cut.
std::string clip(std::string_view text, std::size_t width);
std::string paint(const Style& style, Color color, std::string_view text);
// Cut into lines of at most `width` columns, at spaces where there are some.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// "2026-11-22 21:34:54" in the machine's time zone.
std::string format_time(long long unix_us);
// 1234567 -> "1,234,567"
std::string format_count(unsigned long long number);
// 0.1234 -> "12.3 %"
std::string format_share(double share);

}  // namespace autodidact
