#include "tools/eval_view.hpp"

#include <cmath>
#include <cstdio>

#include "config/interval.hpp"
#include "tools/render.hpp"
#include "tools/table.hpp"

namespace autodidact {
namespace {

bool has_number(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_number();
}

Json object_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

Json list_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_array() ? *found : Json::array();
}

// "43.1 % (40.2-46.0)"
std::string with_interval(double value, double low, double high) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %% (%.1f-%.1f)", 100 * value, 100 * low, 100 * high);
  return text;
}

std::string estimate_text(const Json& row, const char* member) {
  const Json estimate = object_of(row, member);
  if (!has_number(estimate, "value")) return "-";
  return with_interval(number_of(estimate, "value"), number_of(estimate, "low"), number_of(estimate, "high"));
}

std::string share_of(const Json& object, const char* member) {
  return has_number(object, member) ? format_share(number_of(object, member)) : "-";
}

std::string decimals(const Json& object, const char* member) {
  if (!has_number(object, member)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", number_of(object, member));
  return text;
}

std::string whole(const Json& object, const char* member) {
  return has_number(object, member) ? format_count(static_cast<unsigned long long>(number_of(object, member) + 0.5)) : "-";
}

std::string origin(const Json& measured) {
  const std::uint64_t verifier = count_of(measured, "verifier");
  return (verifier == 0 ? "no verifier" : "verifier v" + std::to_string(verifier)) + ", temperature " +
         scalar_text(measured.value("temperature", Json()));
}

std::string strategies_text(const Json& evaluation, const Style& style) {
  Table table({{"STRATEGY"},
               {"BUDGET", true},
               {"PROBLEMS", true},
               {"ACCURACY (95 %)", true},
               {"TOKENS", true},
               {"SCORED", true},
               {"ECE", true},
               {"ERROR", true},
               {"WITHOUT THE LEAST SURE 20 %", true}});
  for (const Json& row : list_of(evaluation, "strategies")) {
    const Json confidence = object_of(row, "confidence");
    table.add({{escape_text(text_of(row, "strategy"))},
               {whole(row, "budget_tokens")},
               {whole(row, "n")},
               {with_interval(number_of(row, "accuracy"), number_of(row, "low"), number_of(row, "high")), Color::kBold},
               {whole(row, "tokens")},
               {whole(row, "tokens_scored")},
               {decimals(confidence, "ece")},
               {share_of(confidence, "error")},
               {share_of(confidence, "error_after_abstaining_20")}});
  }
  return "version " + std::to_string(count_of(evaluation, "version")) + ", " + origin(evaluation) +
         "; tokens are means over problems\n\n" + table.take(style);
}

std::string groups_text(const Json& evaluation, const Style& style) {
  Table table({{"GROUP"}, {"PROBLEMS", true}, {"ACCURACY (95 %)", true}, {"WITH RIGHT STEPS", true}});
  const auto add = [&](const std::string& name, const Json& of, Color color) {
    const auto interval = wilson(count_of(of, "correct"), count_of(of, "n"));
    table.add({{escape_text(name), color},
               {format_count(count_of(of, "n"))},
               {with_interval(number_of(of, "accuracy"), interval.low, interval.high), color},
               {share_of(of, "process_accuracy")}});
  };
  for (const Json& group : list_of(evaluation, "groups")) add(text_of(group, "name"), group, Color::kNone);
  add("all", evaluation, Color::kBold);
  std::string text = table.take(style);
  if (has_number(evaluation, "logprob_gap"))
    text += "\nsampler and trainer differ by at most " + scalar_text(evaluation["logprob_gap"]) + " nats a token\n";
  return text;
}

// The highest threshold that still answers so much: coverage ascends with the points.
std::string coverage_text(const Json& confidence, const Style& style) {
  const Json points = list_of(confidence, "risk_coverage");
  Table table({{"ANSWERED", true}, {"WHEN CONFIDENT", true}, {"ERROR OF THESE", true}});
  double shown = 0;
  for (const double wanted : {0.2, 0.4, 0.6, 0.8, 0.9, 1.0}) {
    for (const Json& point : points) {
      if (!point.is_array() || point.size() != 3 || !point[1].is_number() || point[1].get<double>() < wanted - 1e-9) continue;
      if (point[1].get<double>() == shown) break;  // ties: this row is there already
      shown = point[1].get<double>();
      table.add({{format_share(shown)},
                 {"at least " + (point[0].is_number() ? scalar_text(point[0]) : "-")},
                 {point[2].is_number() ? format_share(point[2].get<double>()) : "-"}});
      break;
    }
  }
  return table.waiting() == 0 ? "" : "\n" + table.take(style);
}

std::string confidence_text(const Json& confidence, const Style& style) {
  return paint(style, Color::kBold, "confidence") + " of " + format_count(count_of(confidence, "answers")) + " answers: ECE " +
         decimals(confidence, "ece") + " (adaptive " + decimals(confidence, "adaptive_ece") + "), Brier " +
         decimals(confidence, "brier") + ", AURC " + decimals(confidence, "aurc") + "\n" + share_of(confidence, "error") +
         " wrong; without the least sure 20 %: " + share_of(confidence, "error_after_abstaining_20") + "\n" +
         coverage_text(confidence, style);
}

std::string candidates_text(const Json& candidates, const Style& style) {
  Table table(
      {{"K", true}, {"TOKENS", true}, {"PASS@K", true}, {"MAJORITY@K", true}, {"WEIGHTED@K", true}, {"BEST-OF-K", true}});
  for (const Json& row : list_of(candidates, "curve")) {
    table.add({{std::to_string(count_of(row, "k"))},
               {whole(row, "tokens")},
               {estimate_text(row, "pass")},
               {estimate_text(row, "majority")},
               {estimate_text(row, "weighted")},
               {estimate_text(row, "best")}});
  }
  std::string text = paint(style, Color::kBold, "candidates") + ": " + format_count(count_of(candidates, "samples")) +
                     " for each of " + format_count(count_of(candidates, "problems")) + " problems, " + origin(candidates) +
                     "; 95 % intervals\n\n" + table.take(style);
  const Json confidence = object_of(candidates, "confidence");
  return confidence.empty() ? text : text + "\n" + confidence_text(confidence, style);
}

}  // namespace

std::string eval_text(const Json& evaluation, const Style& style) {
  if (!evaluation.is_object()) return view_json(evaluation, style);
  if (!list_of(evaluation, "strategies").empty()) return strategies_text(evaluation, style);
  if (!has_number(evaluation, "accuracy") || !has_number(evaluation, "n")) return view_json(evaluation, style);
  const Json candidates = object_of(evaluation, "candidates");
  return groups_text(evaluation, style) + (candidates.empty() ? "" : "\n" + candidates_text(candidates, style));
}

}  // namespace autodidact
