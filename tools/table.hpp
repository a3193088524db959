#pragma once
// Aligned columns. Rows are taken in parts: the first part fixes the widths and prints the heading, so that a stream of rows
// stays one table. A value of one thread.

#include <string>
#include <vector>

#include "tools/terminal.hpp"

namespace autodidact {

struct Column {
  std::string title;
  bool right = false;         // numbers
  std::size_t max_width = 0;  // 0 = what it takes; the last column may use the rest of the terminal
};

struct Cell {
  std::string text;  // escaped already
  Color color = Color::kNone;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  std::size_t waiting() const { return rows_.size(); }
  // The rows added since the last call, as lines.
  std::string take(const Style& style);

 private:
  std::string line(const Style& style, const std::vector<Cell>& row) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::size_t> widths_;  // empty until the first take
};

}  // namespace autodidact
