#include "methods/compute_optimal/strategy_table.hpp"

#include <algorithm>

#include "config/files.hpp"
#include "methods/estimators/artefact_json.hpp"

namespace autodidact {
namespace {

std::string path_in(const std::string& directory) { return directory + "/strategies.json"; }

}  // namespace

const Strategy& StrategyTable::choose(double difficulty, std::uint64_t budget_tokens) const {
  AD_REQUIRE(!rows.empty(), "a strategy table without rows");
  const auto above = std::upper_bound(rows.begin(), rows.end(), budget_tokens,
                                      [](std::uint64_t budget, const StrategyRow& row) { return budget < row.budget_tokens; });
  const StrategyRow& row = above == rows.begin() ? rows.front() : *(above - 1);
  return row.strategies.at(bin_of(edges, difficulty));
}

StrategyTablePtr fixed_table(const StrategyTable& like, const Strategy& strategy) {
  auto table = std::make_shared<StrategyTable>(like);
  table->edges.clear();
  table->rows = {{1, {strategy}, 0, 0}};
  return table;
}

Result<StrategyTablePtr> load_strategy_table(const std::string& directory) {
  const std::string path = path_in(directory);
  const auto text = read_file(path, kMaxArtefactBytes);
  if (!text.ok() && text.status().code() == Errc::kNotFound)
    return Status(Errc::kNotFound, "strategy auto has no table for these weights yet; fit one: autodidact eval --fit-auto");
  if (!text.ok()) return text.status();
  auto table = StrategyTable::from_json(*text);
  if (!table.ok()) return table.status().with_context(path);
  return StrategyTablePtr(std::make_shared<const StrategyTable>(std::move(table).value()));
}

Status save_strategy_table(const StrategyTable& table, const std::string& directory) {
  return write_file_atomic(path_in(directory), table.to_json());
}

}  // namespace autodidact
