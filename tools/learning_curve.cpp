#include "tools/learning_curve.hpp"

#include <algorithm>

#include "tools/chart.hpp"
#include "tools/curve_series.hpp"
#include "tools/svg.hpp"

namespace autodidact {
namespace {

std::vector<ChartSeries> to_chart(const std::vector<Series>& all) {
  std::vector<ChartSeries> lines;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ChartSeries line{all[i].name, {}, /*heavy=*/i + 1 == all.size()};  // the whole comes last
    for (const SeriesPoint& point : all[i].points) {
      ChartPoint& drawn = line.points.emplace_back();
      drawn.x = point.round;
      drawn.y = point.accuracy;
      drawn.said = line.name + ", round " + std::to_string(point.round) + ": " + svg::number(100 * point.accuracy) + "%";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<ChartTick> round_ticks(const std::vector<Series>& all) {
  std::uint32_t first = UINT32_MAX, last = 0;
  for (const Series& series : all) {
    for (const SeriesPoint& point : series.points) {
      first = std::min(first, point.round);
      last = std::max(last, point.round);
    }
  }
  if (first > last) first = 0, last = 1;  // nothing measured yet
  std::vector<ChartTick> ticks;
  const std::uint32_t step = std::max(1u, (last - first + 11) / 12);  // at most 13
  for (std::uint64_t round = first; round <= last; round += step)
    ticks.push_back({static_cast<double>(round), round == 0 ? "base" : std::to_string(round)});
  return ticks;
}

}  // namespace

std::string render_svg(std::span<const RoundAccuracy> rounds, const std::string& title) {
  const std::vector<Series> all = to_series(rounds);
  ChartLook look;
  look.title = title;
  look.x_name = "round";
  look.ticks = round_ticks(all);
  look.one_span = true;
  return render_chart(to_chart(all), look);
}

}  // namespace autodidact
