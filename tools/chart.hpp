#pragma once
// Lines over a common axis as an SVG: shares upward, labels at the line ends so that no legend needs matching, and a <title> on
// every point, which browsers show on hover. Pure functions of plain values; any thread. No dependency.

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace autodidact {

struct ChartPoint {
  double x = 0, y = 0;  // y within [0, 1]
  // An error bar where both are finite.
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
  std::string said;  // its <title>
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;  // ascending x; none: takes a place, but is not drawn
  bool heavy = false;              // the one that matters, in ink
};

struct ChartTick {
  double at = 0;
  std::string label;
};

struct ChartLook {
  std::string title, x_name;
  std::vector<ChartTick> ticks;
  bool log_x = false;                   // then all x > 0
  double y_top = 1;                     // a share
  bool one_span = false;                // the axis is a unit long at least, as rounds need
  std::optional<double> x_low, x_high;  // the axis; absent: as far as there are points
  bool dots = true;                     // false for lines of many points
};

std::string render_chart(std::span<const ChartSeries> all, const ChartLook& look);

// 1, 2, 5, 10 … times powers of ten within [low, high], as "2k": ticks of a logarithmic axis.
std::vector<ChartTick> log_ticks(double low, double high);
// The smallest of 5 %, 10 %, 20 %, 50 % and 100 % that `value` does not exceed.
double share_top(double value);

}  // namespace autodidact
