#include "tools/chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "tools/svg.hpp"

namespace autodidact {
namespace {

using svg::number;

constexpr double kWidth = 820, kLeft = 66, kTop = 58, kBottom = 58;  // pixels
constexpr double kLabelHeight = 19, kLetter = 8, kLeastRight = 168;  // of a label
// Okabe and Ito's palette (without yellow): told apart with any colour vision, on light paper and on dark.
constexpr const char* kColors[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"};

struct Frame {
  double height = 460, right = kLeastRight;
  double first = 0, last = 1;
  double y_top = 1;
  bool log_x = false, one_span = false;

  double place(double x) const { return log_x ? std::log(x) : x; }
  double x(double value) const {
    double span = place(last) - place(first);
    if (one_span) span = std::max(1.0, span);
    const double share = span > 0 ? (place(value) - place(first)) / span : 0.5;
    return kLeft + share * (kWidth - kLeft - right);
  }
  double y(double share) const { return kTop + (1.0 - std::clamp(share / y_top, 0.0, 1.0)) * (height - kTop - kBottom); }
};

Frame make_frame(std::span<const ChartSeries> all, const ChartLook& look) {
  Frame frame;
  frame.height = std::max(frame.height, kTop + kBottom + kLabelHeight * static_cast<double>(all.size()));
  frame.y_top = look.y_top;
  frame.log_x = look.log_x;
  frame.one_span = look.one_span;
  bool any = false;
  for (const ChartSeries& series : all) {
    frame.right = std::clamp(kLetter * static_cast<double>(series.name.size() + 10), frame.right, kWidth / 2);
    for (const ChartPoint& point : series.points) {
      frame.first = any ? std::min(frame.first, point.x) : point.x;
      frame.last = any ? std::max(frame.last, point.x) : point.x;
      any = true;
    }
  }
  if (!any && look.log_x) frame.first = 1, frame.last = 10;
  frame.first = look.x_low.value_or(frame.first);
  frame.last = look.x_high.value_or(frame.last);
  return frame;
}

std::string draw_axes(const Frame& frame, const ChartLook& look) {
  std::string out;
  const std::string small = std::string("font-size=\"13\" ") + svg::kMuted;
  for (int fifth = 0; fifth <= 5; ++fifth) {
    const double share = look.y_top * fifth / 5;
    const double y = frame.y(share);
    char percent[16];
    std::snprintf(percent, sizeof percent, "%.0f%%", 100 * share);
    out += svg::line(kLeft, y, kWidth - frame.right, y, fifth == 0 ? svg::kAxis : svg::kGrid);
    out += svg::text_at(kLeft - 10, y + 4.5, small + " text-anchor=\"end\"", percent);
  }
  const double axis = frame.y(0);
  for (const ChartTick& tick : look.ticks) {
    const double x = frame.x(tick.at);
    out += svg::line(x, axis, x, axis + 5, svg::kAxis);
    out += svg::text_at(x, axis + 21, small + " text-anchor=\"middle\"", tick.label);
  }
  return out + svg::text_at((kLeft + kWidth - frame.right) / 2, axis + 44, small + " text-anchor=\"middle\"", look.x_name);
}

struct Pen {
  std::string color;  // empty: ink
  std::string stroke() const { return color.empty() ? "class=\"heavy\"" : "stroke=\"" + color + "\""; }
  std::string dot() const { return color.empty() ? "class=\"ink rim\"" : "fill=\"" + color + "\" class=\"rim\""; }
  std::string fill() const { return color.empty() ? svg::kInk : "fill=\"" + color + "\""; }
};

std::string draw_bar(const Frame& frame, const ChartPoint& point, const Pen& pen) {
  if (!std::isfinite(point.low) || !std::isfinite(point.high)) return "";
  const double x = frame.x(point.x), low = frame.y(point.low), high = frame.y(point.high);
  const std::string thin = pen.stroke() + " stroke-opacity=\"0.55\"";
  return svg::line(x, low, x, high, thin) + svg::line(x - 3, low, x + 3, low, thin) + svg::line(x - 3, high, x + 3, high, thin);
}

std::string draw_series(const Frame& frame, const ChartSeries& series, const Pen& pen, bool with_dots) {
  std::string path, bars, dots;
  for (const ChartPoint& point : series.points) {
    const std::string x = number(frame.x(point.x)), y = number(frame.y(point.y));
    path += (path.empty() ? "M" : " L") + x + " " + y;
    bars += draw_bar(frame, point, pen);
    if (!with_dots) continue;
    dots += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"" + (series.heavy ? "4" : "3") + "\" " + pen.dot() + "><title>" +
            svg::escape(point.said) + "</title></circle>\n";
  }
  return bars + "<path d=\"" + path + "\" fill=\"none\" " + pen.stroke() + " stroke-width=\"" + (series.heavy ? "3.5" : "2") +
         "\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n" + dots;
}

// Labels want to stand at their line's end; where lines end together they are pushed apart, keeping their order.
std::vector<double> spread(std::vector<std::pair<double, std::size_t>> wanted, double top, double bottom) {
  std::sort(wanted.begin(), wanted.end());
  double floor = top;
  for (auto& [y, which] : wanted) {
    y = std::max(y, floor);
    floor = y + kLabelHeight;
  }
  double ceiling = bottom;
  for (auto it = wanted.rbegin(); it != wanted.rend(); ++it) {
    it->first = std::min(it->first, ceiling);
    ceiling = it->first - kLabelHeight;
  }
  std::vector<double> placed(wanted.size());
  for (const auto& [y, which] : wanted) placed[which] = y;
  return placed;
}

std::string draw_labels(const Frame& frame, const std::vector<const ChartSeries*>& all, const std::vector<Pen>& pens) {
  std::vector<std::pair<double, std::size_t>> wanted;
  for (std::size_t i = 0; i < all.size(); ++i) wanted.push_back({frame.y(all[i]->points.back().y), i});
  const std::vector<double> placed = spread(wanted, kTop, frame.y(0));
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ChartPoint& end = all[i]->points.back();
    const double x = kWidth - frame.right;
    out += svg::line(frame.x(end.x) + 6, frame.y(end.y), x + 18, placed[i],
                     pens[i].stroke() + " stroke-width=\"1\" stroke-opacity=\"0.55\" stroke-dasharray=\"2 3\"");
    out += svg::text_at(x + 22, placed[i] + 4.5,
                        "font-size=\"13.5\" " + pens[i].fill() + " font-weight=\"" + (all[i]->heavy ? "700" : "600") + "\"",
                        all[i]->name + "  " + number(100 * end.y) + "%");
  }
  return out;
}

}  // namespace

std::string render_chart(std::span<const ChartSeries> all, const ChartLook& look) {
  const Frame frame = make_frame(all, look);
  std::string out = svg::open(kWidth, frame.height, look.title);
  out += svg::text_at(kLeft, 30, std::string("font-size=\"17\" font-weight=\"700\" ") + svg::kInk, look.title);
  out += draw_axes(frame, look);
  std::vector<const ChartSeries*> drawn;
  std::vector<Pen> pens;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].points.empty()) continue;
    drawn.push_back(&all[i]);
    pens.push_back({all[i].heavy ? "" : kColors[i % std::size(kColors)]});
    out += draw_series(frame, all[i], pens.back(), look.dots);
  }
  return out + draw_labels(frame, drawn, pens) + "</svg>\n";
}

std::vector<ChartTick> log_ticks(double low, double high) {
  std::vector<ChartTick> ticks;
  if (!(low > 0) || !(high >= low) || !std::isfinite(high)) return ticks;
  const bool sparse = high / low > 1000;  // powers of ten alone: the others would run into each other
  for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10) {
    for (const double times : {1.0, 2.0, 5.0}) {
      const double at = power * times;
      if (at < low || at > high || (sparse && times != 1.0)) continue;
      char label[32];
      if (at >= 1e6)
        std::snprintf(label, sizeof label, "%gM", at / 1e6);
      else if (at >= 1e3)
        std::snprintf(label, sizeof label, "%gk", at / 1e3);
      else
        std::snprintf(label, sizeof label, "%g", at);
      ticks.push_back({at, label});
    }
  }
  return ticks;
}

double share_top(double value) {
  for (const double top : {0.05, 0.1, 0.2, 0.5})
    if (value <= top) return top;
  return 1;
}

}  // namespace autodidact
