// show: one attempt as a page to read.

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tools/render.hpp"

namespace autodidact {

namespace {

// The label and the value; nothing for a setting that is off.
std::string given(const Json& line, const char* key, double off, const std::string& label) {
  return !line.contains(key) || number_of(line, key) == off ? "" : label + scalar_text(line.at(key));
}

constexpr std::size_t kLabel = 12;

std::string duration(std::uint64_t us) {
  char text[32];
  if (us < 1'000'000)
    std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(us) * 1e-3);
  else
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(us) * 1e-6);
  return text;
}

class ShowRenderer : public Renderer {
 public:
  explicit ShowRenderer(Output& output) : output_(output) {}

  void line(const Json& line) override {
    if (!first_) output_.text("\n");
    first_ = false;
    heading(line);
    section("problem");
    paragraphs(text_of(line, "prompt"), /*numbered=*/false);
    section(flag_of(line, "seed_example") ? "worked example" : "rationale");
    paragraphs(text_of(line, "completion"), /*numbered=*/true);
    section("verdict");
    verdict(line);
    scores(line.value("scores", Json::array()));
    if (line.contains("tokens")) {
      section("tokens");
      tokens(line);
    }
  }

 private:
  void section(const std::string& name) { output_.text("\n" + paint(output_.style(), Color::kBold, name) + "\n"); }

  void field(const std::string& name, const std::string& value, Color color = Color::kNone) {
    const std::string label = name + std::string(kLabel > name.size() ? kLabel - name.size() : 1, ' ');
    output_.text("  " + paint(output_.style(), Color::kDim, label) + paint(output_.style(), color, value) + "\n");
  }

  void heading(const Json& line) {
    const Style& style = output_.style();
    output_.text(paint(style, Color::kBold, "attempt " + std::to_string(count_of(line, "id"))) + "  " +
                 format_time(static_cast<long long>(number_of(line, "created_us"))) + "\n");
    const std::uint64_t first = count_of(line, "version_first");
    const std::uint64_t last = count_of(line, "version_last");
    field("problem id", escape_text(text_of(line, "problem")) + "  (" + escape_text(text_of(line, "task")) + ", difficulty " +
                            scalar_text(line.value("difficulty", Json())) + ", " + escape_text(text_of(line, "source")) + ")");
    field("sampled by", first == last ? "version " + std::to_string(last)
                                      : "versions " + std::to_string(first) + " to " + std::to_string(last));
    field("in", "round " + std::to_string(count_of(line, "round")) + ", " + escape_text(text_of(line, "method")) +
                    (flag_of(line, "hinted") ? ", with the answer as a hint" : "") +
                    (flag_of(line, "pinned") ? ", pinned" : ""));
    field("sampler", "temperature " + scalar_text(line.value("temperature", Json())) + ", top-p " +
                         scalar_text(line.value("top_p", Json())) + ", top-k " + scalar_text(line.value("top_k", Json())) +
                         given(line, "min_p", 0, ", min-p ") + given(line, "repetition_penalty", 1, ", repetition penalty ") +
                         ", seed " + escape_text(text_of(line, "seed")));
    field("length", std::to_string(count_of(line, "length")) + " tokens, ended by " + escape_text(text_of(line, "finish")) +
                        ", " + duration(count_of(line, "sample_us")));
  }

  void paragraphs(const std::string& text, bool numbered) {
    std::size_t number = 0;
    for (const std::string& paragraph : escape_lines(text)) {
      ++number;
      bool begin = true;
      for (const std::string& row : wrap(paragraph, output_.style().width - 8)) {
        char margin[24];
        std::snprintf(margin, sizeof margin, numbered && begin ? "%4zu  " : "      ", number);
        output_.text(paint(output_.style(), Color::kDim, margin) + row + "\n");
        begin = false;
      }
    }
  }

  void verdict(const Json& line) {
    const Cell outcome = outcome_cell(line);
    field("outcome", outcome.text, outcome.color);
    field("answer", escape_text(text_of(line, "extracted")), flag_of(line, "answer_correct") ? Color::kGreen : Color::kRed);
    field("reference", scalar_text(line.value("reference", Json())), Color::kGreen);
    field("checker", escape_text(text_of(line, "checker")) + " version " + std::to_string(count_of(line, "checker_version")) +
                         ", score " + scalar_text(line.value("score", Json())));
    const bool kept = flag_of(line, "kept");
    field("kept",
          kept ? "yes, weight " + scalar_text(line.value("weight", Json())) : "no: " + escape_text(text_of(line, "reason")),
          kept ? Color::kGreen : Color::kYellow);
  }

  // What verifiers and rollouts made of it; their values of each step beside the step's text.
  void scores(const Json& all) {
    if (!all.is_array() || all.empty()) return;
    section("scores");
    for (const Json& score : all) field(scorer(score), scalar_text(score.value("score", Json())));
    std::vector<Json> shown;  // step ends: scorers that cut alike share a table
    for (const Json& score : all) {
      const Json ends = score.value("step_ends", Json::array());
      if (score.value("steps", Json::array()).empty() || std::find(shown.begin(), shown.end(), ends) != shown.end()) continue;
      shown.push_back(ends);
      steps(all, ends);
    }
  }

  static std::string scorer(const Json& score) {
    const std::uint64_t version = count_of(score, "scorer");
    return escape_text(text_of(score, "kind")) + (version == 0 ? "" : " v" + std::to_string(version));
  }

  void steps(const Json& all, const Json& ends) {
    std::vector<const Json*> scorers;
    for (const Json& score : all)
      if (score.value("step_ends", Json::array()) == ends && !score.value("steps", Json::array()).empty())
        scorers.push_back(&score);
    std::vector<Column> columns = {{"STEP", true}};
    for (const Json* score : scorers) columns.push_back({scorer(*score), true});
    columns.push_back({"TEXT"});
    Table table(std::move(columns));
    const Json texts = scorers.front()->value("step_texts", Json::array());
    for (std::size_t i = 0; i < ends.size(); ++i) {
      std::vector<Cell> cells = {{std::to_string(i + 1)}};
      for (const Json* score : scorers) cells.push_back(step_cell(score->value("steps", Json::array()), i));
      cells.push_back({i < texts.size() ? scalar_text(texts[i]) : "-"});
      table.add(std::move(cells));
    }
    output_.text("\n" + table.take(output_.style()));
  }

  static Cell step_cell(const Json& values, std::size_t i) {
    if (i >= values.size() || !values[i].is_number()) return {"-"};
    const double value = values[i].get<double>();
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", value);
    return {text, value >= 0.5 ? Color::kGreen : value > 0 ? Color::kYellow : Color::kRed};
  }

  // What the model thought of each token it chose: green for sure, red for a surprise.
  static Color color_of(double logprob) {
    if (logprob > std::log(0.9)) return Color::kGreen;
    return logprob > std::log(0.5) ? Color::kNone : logprob > std::log(0.1) ? Color::kYellow : Color::kRed;
  }

  void tokens(const Json& line) {
    const Json ids = line.value("tokens", Json::array());
    const Json logprobs = line.value("logprobs", Json::array());
    const Json versions = line.value("versions", Json::array());
    const Json texts = line.value("token_texts", Json::array());
    Table table({{"#", true}, {"TOKEN", true}, {"TEXT"}, {"LOGPROB", true}, {"PROB", true}, {"VER", true}});
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool scored = i < logprobs.size() && logprobs[i].is_number();
      const double logprob = scored ? logprobs[i].get<double>() : 0;
      char value[32];
      std::snprintf(value, sizeof value, "%.4f", logprob);
      table.add({{std::to_string(i)},
                 {scalar_text(ids[i])},
                 {i < texts.size() ? scalar_text(texts[i]) : "-"},
                 {scored ? value : "-", scored ? color_of(logprob) : Color::kNone},
                 {scored ? format_share(std::exp(logprob)) : "-"},
                 {i < versions.size() ? scalar_text(versions[i]) : "-"}});
    }
    output_.text(table.take(output_.style()));
  }

  Output& output_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<Renderer> make_show_renderer(Output& output) { return std::make_unique<ShowRenderer>(output); }

}  // namespace autodidact
