#include "tools/eval_chart.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "tools/render.hpp"
#include "tools/svg.hpp"

namespace autodidact {
namespace {

struct Measured {
  double tokens = 0, value = 0, low = 0, high = 0;
};

std::string percent(double share) { return svg::number(100 * share) + "%"; }

void add_point(std::vector<ChartSeries>& lines, const std::string& name, const std::string& what, const Measured& m) {
  if (!(m.tokens > 0) || !std::isfinite(m.tokens) || !std::isfinite(m.value)) return;
  auto line = std::find_if(lines.begin(), lines.end(), [&](const ChartSeries& known) { return known.name == name; });
  if (line == lines.end()) line = lines.insert(lines.end(), ChartSeries{name, {}, false});
  ChartPoint point{m.tokens, std::clamp(m.value, 0.0, 1.0), m.low, m.high, ""};
  point.said = what + ": " + percent(m.value) + " (" + percent(m.low) + " to " + percent(m.high) + ") with " +
               format_count(static_cast<unsigned long long>(m.tokens + 0.5)) + " tokens";
  line->points.push_back(std::move(point));
}

void sort_points(std::vector<ChartSeries>& lines) {
  for (ChartSeries& line : lines)
    std::stable_sort(line.points.begin(), line.points.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
}

Json list_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_array() ? *found : Json::array();
}

ChartSeries risk_line(const std::string& name, const Json& confidence) {
  ChartSeries line{name, {}, false};
  for (const Json& point : list_of(confidence, "risk_coverage")) {
    const auto number = [](const Json& value) { return value.is_number(); };
    if (!point.is_array() || point.size() != 3 || !std::all_of(point.begin(), point.end(), number)) continue;
    ChartPoint& drawn = line.points.emplace_back();
    drawn.x = point[1].get<double>();
    drawn.y = std::clamp(point[2].get<double>(), 0.0, 1.0);
  }
  return line;
}

}  // namespace

std::string strategy_family(const std::string& strategy) {
  const std::size_t colon = strategy.find(':');
  if (colon == std::string::npos) return strategy;
  std::string kept;
  for (std::size_t begin = colon + 1; begin <= strategy.size();) {
    const std::size_t end = std::min(strategy.find(',', begin), strategy.size());
    const std::string parameter = strategy.substr(begin, end - begin);
    if (!parameter.empty() && parameter.rfind("n=", 0) != 0) kept += (kept.empty() ? ":" : ",") + parameter;
    begin = end + 1;
  }
  return strategy.substr(0, colon) + kept;
}

std::vector<ChartSeries> token_curves(const Json& evaluation) {
  std::vector<ChartSeries> lines;
  for (const Json& row : list_of(evaluation, "strategies")) {
    const std::string strategy = text_of(row, "strategy");
    add_point(lines, strategy_family(strategy), strategy + ", budget " + std::to_string(count_of(row, "budget_tokens")),
              {number_of(row, "tokens"), number_of(row, "accuracy"), number_of(row, "low"), number_of(row, "high")});
  }
  const Json candidates = evaluation.value("candidates", Json::object());
  for (const Json& row : list_of(candidates, "curve")) {
    const std::string k = std::to_string(count_of(row, "k"));
    for (const auto& [member, name] :
         {std::pair("pass", "Pass@k"), {"best", "Best-of-k"}, {"majority", "majority@k"}, {"weighted", "weighted@k"}}) {
      const Json estimate = row.value(member, Json::object());
      if (!estimate.contains("value") || !estimate["value"].is_number()) continue;
      add_point(
          lines, name, std::string(name) + ", k = " + k,
          {number_of(row, "tokens"), number_of(estimate, "value"), number_of(estimate, "low"), number_of(estimate, "high")});
    }
  }
  sort_points(lines);
  return lines;
}

std::vector<ChartSeries> risk_curves(const Json& evaluation) {
  std::vector<ChartSeries> lines;
  std::set<std::uint64_t> budgets;
  for (const Json& row : list_of(evaluation, "strategies")) budgets.insert(count_of(row, "budget_tokens"));
  for (const Json& row : list_of(evaluation, "strategies")) {
    const std::string budget = budgets.size() < 2 ? "" : ", " + std::to_string(count_of(row, "budget_tokens"));
    lines.push_back(risk_line(text_of(row, "strategy") + budget, row.value("confidence", Json::object())));
  }
  const Json candidates = evaluation.value("candidates", Json::object());
  if (candidates.is_object()) lines.push_back(risk_line("votes", candidates.value("confidence", Json::object())));
  std::erase_if(lines, [](const ChartSeries& line) { return line.points.empty(); });
  sort_points(lines);
  return lines;
}

std::string render_token_chart(const std::vector<ChartSeries>& lines, const std::string& title) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const ChartSeries& line : lines) {
    for (const ChartPoint& point : line.points) {
      low = std::min(low, point.x);
      high = std::max(high, point.x);
    }
  }
  ChartLook look;
  look.title = title;
  look.x_name = "generated tokens per problem";
  look.ticks = log_ticks(low, high);
  look.log_x = true;
  return render_chart(lines, look);
}

std::string render_risk_chart(const std::vector<ChartSeries>& lines, const std::string& title) {
  double worst = 0;
  for (const ChartSeries& line : lines)
    for (const ChartPoint& point : line.points) worst = std::max(worst, point.y);
  ChartLook look;
  look.title = title;
  look.x_name = "share answered, the most confident first";
  look.y_top = share_top(worst);
  look.x_low = 0;
  look.x_high = 1;
  for (int fifth = 0; fifth <= 5; ++fifth) look.ticks.push_back({fifth / 5.0, std::to_string(20 * fifth) + "%"});
  look.dots = false;
  return render_chart(lines, look);
}

}  // namespace autodidact
