#include <algorithm>
#include <cmath>
#include <cstdio>

#include "methods/report.hpp"
#include "methods/report_series.hpp"

namespace autodidact {
namespace {

using Row = std::vector<std::string>;

std::string percent(double share) {
  if (!std::isfinite(share)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%%", 100.0 * share);
  return text;
}

// Right-aligned, two spaces between columns.
std::string align(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += std::string(widths[i] - row[i].size() + (i > 0 ? 2 : 0), ' ') + row[i];
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string render_table(std::span<const RoundAccuracy> rounds) {
  const std::vector<std::string> groups = group_names(rounds);
  Row header = {"round", "version"};
  header.insert(header.end(), groups.begin(), groups.end());
  header.insert(header.end(), {"overall", "sampled", "kept", "hinted kept"});
  std::vector<Row> rows = {header};
  for (const RoundAccuracy& round : rounds) {
    Row row = {std::to_string(round.round), std::to_string(round.version)};
    for (const std::string& name : groups) row.push_back(percent(group_accuracy(round, name)));
    row.push_back(percent(round.accuracy));
    for (std::uint64_t count : {round.sampled, round.kept, round.hinted_kept}) row.push_back(std::to_string(count));
    rows.push_back(std::move(row));
  }
  return align(rows);
}

}  // namespace autodidact
