// stats, report, diff, lineage: numbers with their uncertainty.

#include <algorithm>
#include <cstdio>
#include <map>

#include "tools/render.hpp"

namespace autodidact {

namespace {

// "43.1 % (40.2-46.0)", "-" of nothing.
std::string share_text(const Json& line, const std::string& member) {
  if (!line.contains(member) || !line[member].is_number()) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %% (%.1f-%.1f)", 100 * number_of(line, member.c_str()),
                100 * number_of(line, (member + "_low").c_str()), 100 * number_of(line, (member + "_high").c_str()));
  return text;
}

class StatsRenderer : public Renderer {
 public:
  explicit StatsRenderer(Output& output) : output_(output) {}

  void line(const Json& line) override {
    if (text_of(line, "type") == "store") {
      output_.text("store: " + format_count(count_of(line, "attempts")) + " attempts of " +
                   format_count(count_of(line, "problems")) + " problems, " + format_count(count_of(line, "kept")) + " kept, " +
                   format_count(count_of(line, "consumed")) + " draws by the trainer, " +
                   format_count(count_of(line, "versions")) + " versions, " + format_count(count_of(line, "scores")) +
                   " scores, " + format_count(count_of(line, "quarantined")) + " items quarantined\n\n");
      return;
    }
    if (!table_) open_table(line);
    std::vector<Cell> cells;
    for (const std::string& key : keys_) cells.push_back({scalar_text(line[key])});
    for (const char* count : {"attempts", "correct", "wrong", "cannot_judge"})
      cells.push_back({format_count(count_of(line, count))});
    cells.push_back({share_text(line, "pass_rate")});
    cells.push_back({share_text(line, "kept_rate")});
    cells.push_back({format_count(count_of(line, "hinted_attempts"))});
    cells.push_back({share_text(line, "duplicate_rate")});
    std::string lengths;
    for (const char* quantile : {"length_p10", "length_p50", "length_p90", "length_p99", "length_max"}) {
      lengths += (lengths.empty() ? "" : "/") + std::to_string(count_of(line, quantile));
    }
    cells.push_back({lengths});
    table_->add(std::move(cells));
  }

  void end() override { output_.text(table_ ? table_->take(output_.style()) : "no attempts\n"); }

 private:
  // The members before "attempts" are what was grouped by.
  void open_table(const Json& line) {
    std::vector<Column> columns;
    for (const auto& [name, value] : line.items()) {
      if (name == "attempts") break;
      if (name == "type") continue;
      keys_.push_back(name);
      columns.push_back({name, value.is_number()});
    }
    for (const char* title : {"ATTEMPTS", "CORRECT", "WRONG", "UNJUDGED", "PASS RATE (95 %)", "KEPT", "HINTED", "DUPLICATES"}) {
      columns.push_back({title, true});
    }
    columns.push_back({"TOKENS 10/50/90/99/MAX", true});
    table_ = std::make_unique<Table>(std::move(columns));
  }

  Output& output_;
  std::vector<std::string> keys_;
  std::unique_ptr<Table> table_;
};

class ReportRenderer : public Renderer {
 public:
  explicit ReportRenderer(Output& output) : output_(output) {}

  void line(const Json& line) override { lines_.push_back(line); }

  void end() override {
    if (lines_.empty()) return output_.text("no versions yet\n");
    std::vector<std::string> groups;
    for (const Json& line : lines_) {
      for (const Json& group : line.value("groups", Json::array())) {
        const std::string name = text_of(group, "name");
        if (std::find(groups.begin(), groups.end(), name) == groups.end()) groups.push_back(name);
      }
    }
    std::vector<Column> columns = {{"VERSION", true},      {"ROUND", true},   {"STATE"},
                                   {"STEP", true},         {"SAMPLED", true}, {"SOLVED", true},
                                   {"RATIONALIZED", true}, {"HELD OUT", true}};
    for (const std::string& group : groups) columns.push_back({escape_text(group), true});
    Table table(std::move(columns));
    for (const Json& line : lines_) table.add(cells(line, groups));
    output_.text(table.take(output_.style()));
  }

 private:
  static std::string accuracy_text(const Json& of) {
    return of.contains("accuracy") && of["accuracy"].is_number() ? format_share(number_of(of, "accuracy")) : "-";
  }

  static std::vector<Cell> cells(const Json& line, const std::vector<std::string>& groups) {
    std::map<std::string, std::string> by_group;
    for (const Json& group : line.value("groups", Json::array())) by_group[text_of(group, "name")] = accuracy_text(group);
    std::vector<Cell> cells = {{"v" + std::to_string(count_of(line, "version"))},
                               {std::to_string(count_of(line, "round"))},
                               {escape_text(text_of(line, "state"))},
                               {format_count(count_of(line, "step"))},
                               {format_count(count_of(line, "sampled"))},
                               {format_count(count_of(line, "solved"))},
                               {format_count(count_of(line, "rationalized"))},
                               {accuracy_text(line), Color::kBold}};
    for (const std::string& group : groups) cells.push_back({by_group.count(group) > 0 ? by_group[group] : "-"});
    return cells;
  }

  Output& output_;
  std::vector<Json> lines_;
};

class DiffRenderer : public Renderer {
 public:
  explicit DiffRenderer(Output& output)
      : output_(output), table_({{"CHANGE"}, {"BEFORE", true}, {"AFTER", true}, {"EXAMPLES"}, {"PROBLEM"}}) {}

  void line(const Json& line) override {
    if (text_of(line, "type") == "diff") return summary(line);
    const std::string change = text_of(line, "change");
    const Color color = change == "gained" ? Color::kGreen : change == "lost" ? Color::kRed : Color::kNone;
    table_.add({{escape_text(change), color},
                {std::to_string(count_of(line, "before_correct")) + "/" + std::to_string(count_of(line, "before_attempts"))},
                {std::to_string(count_of(line, "after_correct")) + "/" + std::to_string(count_of(line, "after_attempts"))},
                {std::to_string(count_of(line, "before_example")) + " " + std::to_string(count_of(line, "after_example"))},
                {escape_text(text_of(line, "prompt"))}});
  }

  void end() override {
    if (table_.waiting() > 0) output_.text("\n" + table_.take(output_.style()));
  }

 private:
  void summary(const Json& line) {
    for (const char* which : {"from", "to"}) {
      const Json side = line.value(which, Json::object());
      output_.text("version " + std::to_string(count_of(side, "version")) + ": " + share_text(side, "pass_rate") + " of " +
                   format_count(count_of(side, "attempts")) + " attempts right, " + format_count(count_of(side, "solved")) +
                   " of " + format_count(count_of(side, "problems_shared")) + " shared problems solved, mean length " +
                   scalar_text(side.value("mean_length", Json())) + "\n");
    }
    char chance[32];
    std::snprintf(chance, sizeof chance, "%.3g", number_of(line, "sign_test_p"));
    output_.text(paint(output_.style(), Color::kGreen, "gained " + format_count(count_of(line, "gained"))) + ", " +
                 paint(output_.style(), Color::kRed, "lost " + format_count(count_of(line, "lost"))) + ", both " +
                 format_count(count_of(line, "solved_by_both")) + ", neither " +
                 format_count(count_of(line, "solved_by_neither")) + "; p = " + chance +
                 " if nothing had changed (sign test)\n");
    if (count_of(line, "problems_shared") == 0) {
      output_.text("the two versions tried no problem in common: rounds that sample fresh problems cannot be compared so\n");
    }
  }

  Output& output_;
  Table table_;
};

class LineageRenderer : public Renderer {
 public:
  explicit LineageRenderer(Output& output) : output_(output), table_(columns()) {}

  void line(const Json& line) override {
    if (text_of(line, "type") == "lineage") return summary(line);
    std::vector<Cell> cells = attempt_cells(line);
    cells.insert(cells.begin() + 1, Cell{format_count(count_of(line, "draws"))});
    table_.add(std::move(cells));
  }

  void end() override {
    if (table_.waiting() > 0) output_.text("\n" + table_.take(output_.style()));
  }

 private:
  static std::vector<Column> columns() {
    std::vector<Column> columns = attempt_columns();
    columns.insert(columns.begin() + 1, Column{"DRAWS", true});
    return columns;
  }

  void summary(const Json& line) {
    const Json version = line.value("version", Json::object());
    output_.text(paint(output_.style(), Color::kBold, "version " + std::to_string(count_of(version, "id"))) + "  " +
                 escape_text(text_of(version, "state")) + ", round " + std::to_string(count_of(version, "round")) +
                 ", weights from " + scalar_text(line.value("parents", Json::array())) + "\n");
    output_.text("trained by steps " + format_count(count_of(line, "first_step")) + " to " +
                 format_count(count_of(line, "last_step")) + ": " + format_count(count_of(line, "draws")) + " draws of " +
                 format_count(count_of(line, "attempts")) + " attempts (" + format_count(count_of(line, "seed_examples")) +
                 " seed examples, " + format_count(count_of(line, "hinted")) + " rationalizations, " +
                 format_count(count_of(line, "deleted_since")) + " deleted since)\n");
    for (const char* by : {"by_version", "by_round"}) {
      const Json rows = line.value(by, Json::array());
      if (!rows.empty()) output_.text("\n" + view_json(rows, output_.style()));
    }
  }

  Output& output_;
  Table table_;
};

}  // namespace

std::unique_ptr<Renderer> make_stats_renderer(Output& output) { return std::make_unique<StatsRenderer>(output); }
std::unique_ptr<Renderer> make_report_renderer(Output& output) { return std::make_unique<ReportRenderer>(output); }
std::unique_ptr<Renderer> make_diff_renderer(Output& output) { return std::make_unique<DiffRenderer>(output); }
std::unique_ptr<Renderer> make_lineage_renderer(Output& output) { return std::make_unique<LineageRenderer>(output); }

}  // namespace autodidact
