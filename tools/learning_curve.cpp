// The learning curve as SVG 1.1, drawn by hand: lines, dots and labels at the line ends, so that no legend needs matching.

#include "tools/learning_curve.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "tools/curve_series.hpp"

namespace autodidact {
namespace {

constexpr double kWidth = 820, kLeft = 66, kRight = 168, kTop = 58, kBottom = 58;  // pixels
constexpr double kLabelHeight = 19;
constexpr const char* kFont = "font-family=\"Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif\"";
constexpr const char* kInk = "#1f2328";
constexpr const char* kMuted = "#57606a";
constexpr const char* kGrid = "#e4e7eb";
// Okabe and Ito's palette (without yellow): told apart with any colour vision.
constexpr const char* kColors[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"};

bool is_utf8_tail(unsigned char c) { return (c & 0xc0) == 0x80; }

// Bytes of the UTF-8 character at `at`, or 0 when there is none that XML may hold.
std::size_t character_length(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' ? 1 : 0;
  const std::size_t length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe1 && first < 0xed ? 3 : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_utf8_tail(static_cast<unsigned char>(byte(at + i)))) return 0;
  }
  return length;  // the rarer three- and four-byte ranges are not worth their rules: they become '?'
}

std::string escape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text, i);
    switch (length == 1 ? text[i] : 0) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += length == 0 ? "?" : text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string text_at(double x, double y, const std::string& attributes, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + attributes + ">" + escape(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) + "\" " +
         attributes + "/>\n";
}

struct Frame {
  double height = 460;
  std::uint32_t first = 0, last = 1;  // rounds

  double x(std::uint32_t round) const {
    const double span = std::max(1.0, static_cast<double>(last) - first);
    return kLeft + (static_cast<double>(round) - first) / span * (kWidth - kLeft - kRight);
  }
  double y(double accuracy) const { return kTop + (1.0 - accuracy) * (height - kTop - kBottom); }
};

Frame make_frame(const std::vector<Series>& all) {
  Frame frame;
  frame.height = std::max(frame.height, kTop + kBottom + kLabelHeight * static_cast<double>(all.size()));
  bool any = false;
  for (const Series& series : all) {
    for (const SeriesPoint& point : series.points) {
      frame.first = any ? std::min(frame.first, point.round) : point.round;
      frame.last = any ? std::max(frame.last, point.round) : point.round;
      any = true;
    }
  }
  return frame;
}

std::string draw_axes(const Frame& frame) {
  std::string svg;
  const std::string small = std::string("font-size=\"13\" fill=\"") + kMuted + "\"";
  for (int percent = 0; percent <= 100; percent += 20) {
    const double y = frame.y(percent / 100.0);
    svg += line(kLeft, y, kWidth - kRight, y,
                std::string("stroke=\"") + (percent == 0 ? kMuted : kGrid) + "\" stroke-width=\"1\"");
    svg += text_at(kLeft - 10, y + 4.5, small + " text-anchor=\"end\"", std::to_string(percent) + "%");
  }
  const double axis = frame.y(0);
  const std::uint32_t step = std::max(1u, (frame.last - frame.first + 11) / 12);  // at most 13 ticks
  for (std::uint64_t round = frame.first; round <= frame.last; round += step) {
    const double x = frame.x(static_cast<std::uint32_t>(round));
    svg += line(x, axis, x, axis + 5, std::string("stroke=\"") + kMuted + "\"");
    svg += text_at(x, axis + 21, small + " text-anchor=\"middle\"", round == 0 ? "base" : std::to_string(round));
  }
  return svg + text_at((kLeft + kWidth - kRight) / 2, axis + 44, small + " text-anchor=\"middle\"", "round");
}

std::string draw_series(const Frame& frame, const Series& series, const std::string& color, bool heavy) {
  std::string path, dots;
  for (const SeriesPoint& point : series.points) {
    const std::string x = number(frame.x(point.round)), y = number(frame.y(point.accuracy));
    path += (path.empty() ? "M" : " L") + x + " " + y;
    const std::string said = series.name + ", round " + std::to_string(point.round) + ": " + number(100 * point.accuracy) + "%";
    dots += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"" + (heavy ? "4" : "3") + "\" fill=\"" + color +
            "\" stroke=\"#ffffff\" stroke-width=\"1\"><title>" + escape(said) + "</title></circle>\n";
  }
  return "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + color + "\" stroke-width=\"" + (heavy ? "3.5" : "2") +
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

std::string draw_labels(const Frame& frame, const std::vector<const Series*>& all, const std::vector<std::string>& colors) {
  std::vector<std::pair<double, std::size_t>> wanted;
  for (std::size_t i = 0; i < all.size(); ++i) wanted.push_back({frame.y(all[i]->points.back().accuracy), i});
  const std::vector<double> placed = spread(wanted, frame.y(1), frame.y(0));
  std::string svg;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const SeriesPoint& end = all[i]->points.back();
    const double x = kWidth - kRight;
    svg += line(frame.x(end.round) + 6, frame.y(end.accuracy), x + 18, placed[i],
                "stroke=\"" + colors[i] + "\" stroke-width=\"1\" stroke-opacity=\"0.55\"");
    const bool heavy = i + 1 == all.size() && all[i]->name == "overall";
    svg += text_at(x + 22, placed[i] + 4.5,
                   "font-size=\"13.5\" fill=\"" + colors[i] + "\" font-weight=\"" + (heavy ? "700" : "600") + "\"",
                   all[i]->name + "  " + number(100 * end.accuracy) + "%");
  }
  return svg;
}

}  // namespace

std::string render_svg(std::span<const RoundAccuracy> rounds, const std::string& title) {
  const std::vector<Series> all = to_series(rounds);
  const Frame frame = make_frame(all);
  const std::string size = "width=\"" + number(kWidth) + "\" height=\"" + number(frame.height) + "\"";
  std::string svg = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" " + size +
                    " viewBox=\"0 0 " + number(kWidth) + " " + number(frame.height) + "\" role=\"img\" " + kFont +
                    ">\n<title>" + escape(title) + "</title>\n<rect " + size + " fill=\"#ffffff\"/>\n";
  svg += text_at(kLeft, 30, std::string("font-size=\"17\" font-weight=\"700\" fill=\"") + kInk + "\"", title);
  svg += draw_axes(frame);

  std::vector<const Series*> drawn;
  std::vector<std::string> colors;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].points.empty()) continue;
    const bool overall = i + 1 == all.size();
    drawn.push_back(&all[i]);
    colors.push_back(overall ? kInk : kColors[i % std::size(kColors)]);
    svg += draw_series(frame, all[i], colors.back(), overall);
  }
  return svg + draw_labels(frame, drawn, colors) + "</svg>\n";
}

}  // namespace autodidact
