#pragma once
// What a run has learnt, as a picture: the accuracy of each version, over all held-out problems and per group. Pure function
// of plain values; any thread. No dependency, so that the demo draws its curve on a bare machine.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace autodidact {

struct GroupAccuracy {
  std::string name;     // "3 digits"
  double accuracy = 0;  // share of the held-out problems solved, 0 to 1; NaN = not measured
};

// One evaluated version. Round 0 is the base model.
struct RoundAccuracy {
  std::uint32_t round = 0;
  double accuracy = 0;  // over all held-out problems
  std::vector<GroupAccuracy> groups;
};

// A self-contained SVG: rounds to the right, accuracy upward, one line per group and a heavy one for the whole. Every point
// carries a <title>, which browsers show on hover. `title` is escaped.
std::string render_svg(std::span<const RoundAccuracy> rounds, const std::string& title);

}  // namespace autodidact
