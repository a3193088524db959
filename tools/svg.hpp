#pragma once
// Pieces of an SVG 1.1 drawing as text. What they say is escaped; colours of paper and ink follow the reader's light or dark
// setting. Pure functions; any thread.

#include <string>

namespace autodidact::svg {

std::string escape(const std::string& text);  // for XML; bytes that no XML may hold become '?'
std::string number(double value);             // one decimal

// Classes of the style sheet that open() writes: text and lines of a drawing.
inline constexpr const char* kInk = "class=\"ink\"";
inline constexpr const char* kMuted = "class=\"muted\"";
inline constexpr const char* kGrid = "class=\"grid\"";
inline constexpr const char* kAxis = "class=\"axis\"";

// The beginning of a drawing, its title and its paper; "</svg>\n" ends it.
std::string open(double width, double height, const std::string& title);
std::string text_at(double x, double y, const std::string& attributes, const std::string& text);
std::string line(double x1, double y1, double x2, double y2, const std::string& attributes);

}  // namespace autodidact::svg
