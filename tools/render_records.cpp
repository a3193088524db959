// versions, events, and what pin, unpin, gc and verify came to.

#include "tools/render.hpp"

namespace autodidact {

namespace {

class VersionsRenderer : public Renderer {
 public:
  explicit VersionsRenderer(Output& output)
      : output_(output),
        table_({{"VERSION", true},
                {"PARENT", true},
                {"ROUND", true},
                {"STEP", true},
                {"STATE"},
                {"HELD OUT", true},
                {"WHEN"},
                {"SHA256", false, 12},
                {"PATH"},
                {"NOTE"}}) {}

  void line(const Json& line) override {
    const Json metrics = line.value("metrics", Json::object());
    const std::string note = flag_of(line, "serving") ? "serving" : text_of(line, "reason");
    const std::string state = text_of(line, "state");
    table_.add({{"v" + std::to_string(count_of(line, "id"))},
                {std::to_string(count_of(line, "parent"))},
                {std::to_string(count_of(line, "round"))},
                {format_count(count_of(line, "step"))},
                {escape_text(state), state == "promoted"    ? Color::kGreen
                                     : state == "candidate" ? Color::kNone
                                                            : Color::kRed},
                {metrics.contains("accuracy") ? format_share(number_of(metrics, "accuracy")) : "-"},
                {format_time(static_cast<long long>(number_of(line, "created_us"))), Color::kDim},
                {escape_text(text_of(line, "digest"))},
                {escape_text(text_of(line, "path"))},
                {escape_text(note), flag_of(line, "serving") ? Color::kBold : Color::kNone}});
  }

  void end() override { output_.text(table_.waiting() > 0 ? table_.take(output_.style()) : "no versions yet\n"); }

 private:
  Output& output_;
  Table table_;
};

class EventsRenderer : public Renderer {
 public:
  explicit EventsRenderer(Output& output)
      : output_(output), table_({{"SEQ", true}, {"WHEN"}, {"STEP", true}, {"KIND"}, {"DETAIL"}}) {}

  void line(const Json& line) override {
    table_.add({{std::to_string(count_of(line, "seq"))},
                {format_time(static_cast<long long>(number_of(line, "created_us"))), Color::kDim},
                {format_count(count_of(line, "step"))},
                {escape_text(text_of(line, "kind")), Color::kBold},
                {escape_text(line.value("detail", Json::object()).dump())}});
  }

  void end() override { output_.text(table_.waiting() > 0 ? table_.take(output_.style()) : "no events\n"); }

 private:
  Output& output_;
  Table table_;
};

class UpkeepRenderer : public Renderer {
 public:
  explicit UpkeepRenderer(Output& output) : output_(output) {}

  void line(const Json& line) override {
    const std::string type = text_of(line, "type");
    const std::string attempts = format_count(count_of(line, "attempts"));
    if (type == "pin") {
      output_.text(attempts + (flag_of(line, "pinned") ? " pinned\n" : " unpinned\n"));
    } else if (type == "gc") {
      output_.text(flag_of(line, "applied") ? attempts + " attempts deleted\n"
                                            : attempts + " attempts would be deleted; repeat with --apply to do it\n");
    } else if (type == "damage") {
      output_.text(paint(output_.style(), Color::kRed, "damage") + "  " + escape_text(text_of(line, "message")) + "\n");
    } else if (type == "verify") {
      const bool sound = flag_of(line, "sound");
      output_.text(paint(output_.style(), sound ? Color::kGreen : Color::kRed, sound ? "sound" : "NOT sound") + ": " +
                   attempts + " attempts, " + format_count(count_of(line, "items")) + " items, " +
                   format_count(count_of(line, "versions")) + " versions checked" +
                   (flag_of(line, "deep") ? ", every byte read" : "") + ", " + format_count(count_of(line, "problems")) +
                   " problems\n");
    }
  }

 private:
  Output& output_;
};

}  // namespace

std::unique_ptr<Renderer> make_versions_renderer(Output& output) { return std::make_unique<VersionsRenderer>(output); }
std::unique_ptr<Renderer> make_events_renderer(Output& output) { return std::make_unique<EventsRenderer>(output); }
std::unique_ptr<Renderer> make_upkeep_renderer(Output& output) { return std::make_unique<UpkeepRenderer>(output); }

}  // namespace autodidact
