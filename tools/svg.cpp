#include "tools/svg.hpp"

#include <algorithm>
#include <cstdio>

namespace autodidact::svg {
namespace {

// A style sheet, since an attribute cannot ask what the reader likes; an SVG in an <img> obeys it too.
constexpr const char* kStyle =
    "<style>\n"
    ".ink{fill:#1f2328}.muted{fill:#57606a}.grid{stroke:#e4e7eb}.axis{stroke:#57606a}.paper{fill:#ffffff}\n"
    ".rim{stroke:#ffffff}.heavy{stroke:#1f2328}\n"
    "@media (prefers-color-scheme:dark){.ink{fill:#e6edf3}.muted{fill:#9198a1}.grid{stroke:#30363d}.axis{stroke:#9198a1}\n"
    // Of the palette of charts only blue is too dark for dark paper.
    "[fill='#0072b2']{fill:#4aa3df}[stroke='#0072b2']{stroke:#4aa3df}\n"
    ".paper{fill:#0d1117}.rim{stroke:#0d1117}.heavy{stroke:#e6edf3}}\n"
    "</style>\n";

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

}  // namespace

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

std::string open(double width, double height, const std::string& title) {
  const std::string size = "width=\"" + number(width) + "\" height=\"" + number(height) + "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" " + size + " viewBox=\"0 0 " +
         number(width) + " " + number(height) +
         "\" role=\"img\" font-family=\"Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif\">\n<title>" + escape(title) +
         "</title>\n" + kStyle + "<rect " + size + " class=\"paper\"/>\n";
}

std::string text_at(double x, double y, const std::string& attributes, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + attributes + ">" + escape(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) + "\" " +
         attributes + "/>\n";
}

}  // namespace autodidact::svg
