#include "tools/render.hpp"

#include <cstdint>
#include <cstdio>
#include <utility>

namespace autodidact {

namespace {

constexpr std::size_t kRowsAtOnce = 500;

// ls and tail: one table that goes on.
class RowRenderer : public Renderer {
 public:
  explicit RowRenderer(Output& output) : output_(output), table_(attempt_columns()) {}

  void line(const Json& line) override {
    if (text_of(line, "type") == "page") return;
    any_ = true;
    table_.add(attempt_cells(line));
    if (table_.waiting() >= kRowsAtOnce) output_.text(table_.take(output_.style()));
  }

  void end() override {
    if (any_ && table_.waiting() > 0) output_.text(table_.take(output_.style()));
    if (!any_ && !told_) output_.text("no attempts\n");
    told_ = true;
  }

 private:
  Output& output_;
  Table table_;
  bool any_ = false, told_ = false;
};

class HitRenderer : public Renderer {
 public:
  explicit HitRenderer(Output& output) : output_(output) {}

  void line(const Json& line) override {
    if (text_of(line, "type") == "searched") {
      output_.text(paint(
          output_.style(), Color::kDim,
          format_count(count_of(line, "hits")) + " of " + format_count(count_of(line, "attempts")) + " attempts searched\n"));
      return;
    }
    const Style& style = output_.style();
    const Json snippet = line.value("snippet", Json::object());
    const Cell outcome = outcome_cell(line);
    output_.text(paint(style, Color::kBold, std::to_string(count_of(line, "id"))) + "  v" +
                 std::to_string(count_of(line, "version")) + "  " + paint(style, outcome.color, outcome.text) + "  " +
                 escape_text(text_of(snippet, "before")) + paint(style, Color::kRed, escape_text(text_of(snippet, "match"))) +
                 escape_text(text_of(snippet, "after")) + (flag_of(snippet, "cut") ? " …" : "") + "\n");
  }

 private:
  Output& output_;
};

}  // namespace

std::string text_of(const Json& line, const char* member) {
  const auto found = line.find(member);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_of(const Json& line, const char* member) {
  const auto found = line.find(member);
  return found != line.end() && found->is_number() ? found->get<double>() : 0;
}

std::uint64_t count_of(const Json& line, const char* member) {
  const auto found = line.find(member);
  return found != line.end() && found->is_number_integer() ? found->get<std::uint64_t>() : 0;
}

bool flag_of(const Json& line, const char* member) {
  const auto found = line.find(member);
  return found != line.end() && found->is_boolean() && found->get<bool>();
}

Cell outcome_cell(const Json& line) {
  const std::string outcome = text_of(line, "outcome");
  if (outcome == "correct") return {outcome, Color::kGreen};
  return {escape_text(outcome), outcome == "wrong" ? Color::kRed : Color::kYellow};
}

std::vector<Column> attempt_columns() {
  return {{"ID", true},    {"ROUND", true}, {"VER", true}, {"OUTCOME"}, {"KEPT"},
          {"SCORE", true}, {"LEN", true},   {"FLAGS"},     {"WHEN"},    {"PROBLEM"}};
}

std::vector<Cell> attempt_cells(const Json& line) {
  char score[16];
  std::snprintf(score, sizeof score, "%.2f", number_of(line, "score"));
  std::string flags;
  for (const auto& [member, word] :
       {std::pair("hinted", "hinted"), std::pair("seed_example", "seed"), std::pair("pinned", "pinned")}) {
    if (flag_of(line, member)) flags += (flags.empty() ? "" : ",") + std::string(word);
  }
  if (count_of(line, "scores") > 0) flags += (flags.empty() ? "" : ",") + std::string("scored");
  const bool kept = flag_of(line, "kept");
  const std::string problem = line.contains("prompt") ? text_of(line, "prompt") : text_of(line, "problem");
  return {{std::to_string(count_of(line, "id"))},
          {std::to_string(count_of(line, "round"))},
          {std::to_string(count_of(line, "version"))},
          outcome_cell(line),
          {kept ? "yes" : escape_text(text_of(line, "reason")), kept ? Color::kGreen : Color::kDim},
          {score},
          {std::to_string(count_of(line, "length"))},
          {flags.empty() ? "-" : flags},
          {format_time(static_cast<long long>(number_of(line, "created_us"))), Color::kDim},
          {escape_text(problem)}};
}

std::unique_ptr<Renderer> make_row_renderer(Output& output) { return std::make_unique<RowRenderer>(output); }
std::unique_ptr<Renderer> make_hit_renderer(Output& output) { return std::make_unique<HitRenderer>(output); }

std::unique_ptr<Renderer> make_renderer(const std::string& command, Output& output) {
  if (command == "ls" || command == "tail") return make_row_renderer(output);
  if (command == "grep") return make_hit_renderer(output);
  if (command == "show") return make_show_renderer(output);
  if (command == "stats") return make_stats_renderer(output);
  if (command == "report") return make_report_renderer(output);
  if (command == "diff") return make_diff_renderer(output);
  if (command == "lineage") return make_lineage_renderer(output);
  if (command == "versions") return make_versions_renderer(output);
  if (command == "events") return make_events_renderer(output);
  return make_upkeep_renderer(output);
}

}  // namespace autodidact
