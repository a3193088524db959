#include "tools/table.hpp"

#include <algorithm>

namespace autodidact {

std::string Table::take(const Style& style) {
  const bool first = widths_.empty();
  if (first) {
    for (const Column& column : columns_) widths_.push_back(display_width(column.title));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::size_t most = columns_[i].max_width == 0 ? style.width : columns_[i].max_width;
      widths_[i] = std::max(widths_[i], std::min(most, display_width(row[i].text)));
    }
  }
  std::string text;
  if (first) {
    std::vector<Cell> titles;
    for (const Column& column : columns_) titles.push_back({column.title, Color::kBold});
    text += line(style, titles);
  }
  for (const auto& row : rows_) text += line(style, row);
  rows_.clear();
  return text;
}

std::string Table::line(const Style& style, const std::vector<Cell>& row) const {
  std::string text;
  std::size_t used = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool last = i + 1 == columns_.size();
    std::size_t room = widths_[i];
    if (last) room = std::min(room, std::max<std::size_t>(style.width > used ? style.width - used : 0, 8));
    const std::string shown = clip(row[i].text, room);
    const std::string pad(room > display_width(shown) ? room - display_width(shown) : 0, ' ');
    if (columns_[i].right) text += pad;
    text += paint(style, row[i].color, shown);
    if (!columns_[i].right && !last) text += pad;
    if (!last) text += "  ";
    used += room + 2;
  }
  return text + "\n";
}

}  // namespace autodidact
