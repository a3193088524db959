// `report`: the learning curve of a run.

#include "config/files.hpp"
#include "tools/cli.hpp"
#include "tools/learning_curve.hpp"
#include "tools/replay_query.hpp"

namespace autodidact {

namespace {

struct ReportArguments {
  std::string directory, svg;
};

// The report's lines as a picture. Versions follow each other as rounds do; the continuous schedule has several in one round.
Status write_curve(const std::vector<Json>& lines, const std::string& title, const std::string& path) {
  std::vector<RoundAccuracy> rounds;
  for (const Json& line : lines) {
    RoundAccuracy round{static_cast<std::uint32_t>(rounds.size()), number_of(line, "accuracy"), {}};
    for (const Json& group : line.value("groups", Json::array())) {
      round.groups.push_back({text_of(group, "name"), number_of(group, "accuracy")});
    }
    if (line.contains("accuracy")) rounds.push_back(std::move(round));
  }
  return write_file_atomic(path, render_svg(rounds, title));
}

Result<int> report(const Globals& globals, Output& output, const ReportArguments& a) {
  AD_ASSIGN_OR_RETURN(ReplaySource source, open_source(globals, a.directory, ReplaySource::Access::kRead));
  ReplayQuery query(output, "report");
  std::vector<Json> lines;
  if (!a.svg.empty()) query.enrich = [&](Json& line) { lines.push_back(line); };
  AD_RETURN_IF_ERROR(query.run(source, {{"command", "report"}}));
  if (a.svg.empty()) return 0;
  AD_RETURN_IF_ERROR(write_curve(lines, "Held-out accuracy by round", a.svg));
  remark(globals, "the curve is in " + a.svg);
  return 0;
}

}  // namespace

void add_report_command(CLI::App& app, Cli& cli) {
  const auto arguments = std::make_shared<ReportArguments>();
  auto* command = app.add_subcommand(
      "report", "The learning curve: per version, what its round sampled and how it does on held-out problems");
  command->footer(
      "Examples:\n  autodidact report\n  autodidact report runs/addition --json\n  autodidact report --svg curve.svg");
  command->callback([&cli, arguments] {
    cli.action = [&cli, arguments](Output& output) { return report(cli.globals, output, *arguments); };
  });
  command->add_option("DIR", arguments->directory,
                      "Data directory, or a checkpoint of a store; default: -d, -c or runs/addition");
  command->add_option("--svg", arguments->svg, "Draw it into this file too");
}

}  // namespace autodidact
