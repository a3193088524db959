#pragma once
// What a run has learnt, for people: the accuracy of each version per group of problems as a text table and as a picture.
// Pure functions of plain values; any thread. No dependency, so that the demo draws its curve on a bare machine.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace autodidact {

struct GroupAccuracy {
  std::string name;     // "3 digits"
  double accuracy = 0;  // share of the held-out problems solved, 0 to 1; NaN = not measured
  std::uint64_t problems = 0;
};

// One evaluated version. Round 0 is the base model.
struct RoundAccuracy {
  std::uint32_t round = 0;
  std::uint32_t version = 0;
  double accuracy = 0;  // over all held-out problems
  std::vector<GroupAccuracy> groups;
  std::uint64_t sampled = 0;      // attempts of the round
  std::uint64_t kept = 0;         // of these, fit to learn from
  std::uint64_t hinted_kept = 0;  // of the kept, found with a hint
};

// Aligned columns, one line per round, percent with one decimal, "-" for what was not measured. Ends in a newline.
std::string render_table(std::span<const RoundAccuracy> rounds);

// A self-contained SVG: rounds to the right, accuracy upward, one line per group and a heavy one for the whole. Every point
// carries a <title>, which browsers show on hover. `title` is escaped.
std::string render_svg(std::span<const RoundAccuracy> rounds, const std::string& title);

}  // namespace autodidact
