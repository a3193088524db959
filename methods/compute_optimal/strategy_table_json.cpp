// A strategy table as a file: {"format", "version", "generator", "verifier", "measure", "probes", "temperature", "questions",
// "probe_tokens", "edges": [number …], "rows": [{"budget_tokens", "accuracy", "tokens", "strategies": ["weighted:n=16" …]} …]}.

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "methods/compute_optimal/strategy_table.hpp"
#include "methods/estimators/artefact_json.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kFormat = "autodidact-strategies";
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 48;
constexpr double kMostTokens = static_cast<double>(kMostCounted);

Status bad(const std::string& key, const std::string& what) { return {Errc::kBadInput, "field \"" + key + "\" " + what}; }

Result<VersionId> version_field(const json& object, const std::string& key) {
  AD_ASSIGN_OR_RETURN(const std::uint64_t id, count_field(object, key, std::numeric_limits<VersionId>::max()));
  return static_cast<VersionId>(id);
}

Status read_what_for(const json& object, StrategyTable& table) {
  AD_ASSIGN_OR_RETURN(table.generator, version_field(object, "generator"));
  AD_ASSIGN_OR_RETURN(table.verifier, version_field(object, "verifier"));
  AD_ASSIGN_OR_RETURN(const std::string measure, name_field(object, "measure", 64));
  const auto known = parse_measure(measure);
  if (!known) return bad("measure", "is none this program knows; fit it again");
  table.measure = *known;
  AD_ASSIGN_OR_RETURN(const std::uint64_t probes, count_field(object, "probes", StrategyTable::kMaxProbes));
  if (probes == 0) return bad("probes", "must be at least 1");
  table.probes = static_cast<std::uint32_t>(probes);
  AD_ASSIGN_OR_RETURN(table.temperature, number_field(object, "temperature", {0, 1000}));
  AD_ASSIGN_OR_RETURN(table.questions, count_field(object, "questions", kMostCounted));
  AD_ASSIGN_OR_RETURN(table.probe_tokens, number_field(object, "probe_tokens", {0, kMostTokens}));
  AD_ASSIGN_OR_RETURN(table.edges, numbers_field(object, "edges", StrategyTable::kMaxBins - 1, {0, 1}));
  if (!std::is_sorted(table.edges.begin(), table.edges.end())) return bad("edges", "must ascend");
  return {};
}

Result<StrategyRow> read_row(const json& object, std::size_t bins) {
  StrategyRow row;
  AD_ASSIGN_OR_RETURN(row.budget_tokens, count_field(object, "budget_tokens", ~std::uint64_t{0}));
  AD_ASSIGN_OR_RETURN(row.accuracy, number_field(object, "accuracy", {0, 1}));
  AD_ASSIGN_OR_RETURN(row.tokens, number_field(object, "tokens", {0, kMostTokens}));
  AD_ASSIGN_OR_RETURN(const json* strategies, array_field(object, "strategies", bins));
  if (strategies->size() != bins) return bad("strategies", "must hold one for each of " + std::to_string(bins) + " bins");
  for (const json& text : *strategies) {
    if (!text.is_string() || text.get_ref<const std::string&>().size() > 256)
      return bad("strategies", "must hold strings of at most 256 bytes");
    AD_ASSIGN_OR_RETURN(Strategy strategy, parse_strategy(text.get_ref<const std::string&>()));
    if (strategy.name == "auto") return bad("strategies", "must not hold auto itself");
    row.strategies.push_back(std::move(strategy));
  }
  return row;
}

}  // namespace

std::string StrategyTable::to_json() const {
  ordered_json out_rows = ordered_json::array();
  for (const StrategyRow& row : rows) {
    ordered_json texts = ordered_json::array();
    for (const Strategy& strategy : row.strategies) texts.push_back(strategy.text());
    out_rows.push_back({{"budget_tokens", row.budget_tokens},
                        {"accuracy", row.accuracy},
                        {"tokens", row.tokens},
                        {"strategies", std::move(texts)}});
  }
  const ordered_json out = {{"format", kFormat},
                            {"version", kVersion},
                            {"generator", generator},
                            {"verifier", verifier},
                            {"measure", name(measure)},
                            {"probes", probes},
                            {"temperature", temperature},
                            {"questions", questions},
                            {"probe_tokens", probe_tokens},
                            {"edges", edges},
                            {"rows", std::move(out_rows)}};
  return out.dump(2) + "\n";
}

Result<StrategyTable> StrategyTable::from_json(std::string_view text) {
  AD_ASSIGN_OR_RETURN(const json object, parse_artefact(text, kFormat, kVersion));
  StrategyTable table;
  AD_RETURN_IF_ERROR(read_what_for(object, table));
  AD_ASSIGN_OR_RETURN(const json* read_rows, array_field(object, "rows", kMaxRows));
  if (read_rows->empty()) return bad("rows", "must hold at least one");
  for (std::size_t i = 0; i < read_rows->size(); ++i) {
    auto row = read_row((*read_rows)[i], table.edges.size() + 1);
    if (!row.ok()) return Status(Errc::kBadInput, "row " + std::to_string(i) + ": " + row.status().message());
    if (row->budget_tokens == 0 || (i > 0 && row->budget_tokens <= table.rows.back().budget_tokens))
      return bad("rows", "must have budgets that ascend from 1");
    table.rows.push_back(std::move(row).value());
  }
  return table;
}

}  // namespace autodidact
