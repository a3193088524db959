#include "tools/replay_export.hpp"

#include <ctime>
#include <functional>
#include <memory>

#include "config/clock.hpp"
#include "tools/export_writer.hpp"
#include "tools/replay_filters.hpp"
#include "tools/replay_source.hpp"
#include "tools/token_texts.hpp"

namespace autodidact {

namespace {

struct ExportArguments {
  FilterArguments filters;
  std::string directory, format = "attempts", out;
  std::uint64_t per_problem = 8;
  bool tokens = false;
};

// exports/sft-20261122-213454 in the data directory.
std::string default_target(const Place& place, const std::string& format) {
  const std::time_t now = static_cast<std::time_t>(system_clock().now_us() / 1'000'000);
  std::tm local = {};
  char stamp[32] = "";
  if (::localtime_r(&now, &local) != nullptr) std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
  return place.data_dir + "/exports/" + format + "-" + stamp;
}

// The rows of an export as `take` is to have them: the store's own, but for texts of steps, which need the run's tokenizer.
Status export_rows(ReplaySource& source, const Json& request, const Place& place,
                   const std::function<Status(std::string_view)>& take) {
  TokenTexts texts(place.data_dir);
  const bool steps = request["format"] == "prm";
  Status taken;
  AD_RETURN_IF_ERROR(source.ask(request.dump(), [&](std::string_view line) {
    if (line.empty()) return true;
    if (!steps) {
      taken = take(line);
      return taken.ok();
    }
    Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    taken = texts.complete_steps(row);
    if (taken.ok() && !row["completions"].empty()) taken = take(row.dump(-1, ' ', false, Json::error_handler_t::replace));
    return taken.ok();
  }));
  return taken;
}

Result<int> export_to_stdout(ReplaySource& source, const Json& request, const Place& place, Output& output) {
  std::uint64_t rows = 0;
  AD_RETURN_IF_ERROR(export_rows(source, request, place, [&](std::string_view line) {
    output.json_line(line);
    ++rows;
    return output.failed() ? Status(Errc::kIo, "cannot write to standard output") : Status();
  }));
  if (rows == 0) return Status(Errc::kNotFound, "nothing to export: no attempt matches");
  return 0;
}

Result<int> export_to_directory(ReplaySource& source, const Json& request, const Place& place, const std::string& target,
                                Output& output) {
  AD_ASSIGN_OR_RETURN(ExportWriter writer, ExportWriter::create(target));
  AD_RETURN_IF_ERROR(export_rows(source, request, place, [&](std::string_view line) { return writer.add(line); }));
  Json about = request;
  about.erase("command");
  AD_RETURN_IF_ERROR(writer.finish(about));
  const Json done = {{"type", "export"}, {"directory", target}, {"format", request["format"]}, {"rows", writer.rows()}};
  if (output.json()) {
    output.json_line(done.dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    output.text(format_count(writer.rows()) + " rows in " + escape_text(target) + "\n");
  }
  return 0;
}

Result<int> run_export(const Globals& globals, Output& output, const ExportArguments& a) {
  AD_ASSIGN_OR_RETURN(Json request, filter_request("export", a.filters));
  request["format"] = a.format;
  if (a.format == "attempts") request["tokens"] = a.tokens;
  if (a.format == "pairs" || a.format == "orm") request["per_problem"] = a.per_problem;
  Globals where = globals;
  if (!a.directory.empty()) where.data_dir = a.directory;
  AD_ASSIGN_OR_RETURN(const Place place, find_place(where));
  AD_ASSIGN_OR_RETURN(ReplaySource source, ReplaySource::open(place, globals.direct, ReplaySource::Access::kRead));
  remark(globals, source.description());
  if (a.out == "-") return export_to_stdout(source, request, place, output);
  return export_to_directory(source, request, place, a.out.empty() ? default_target(place, a.format) : a.out, output);
}

}  // namespace

void add_export_command(CLI::App& replay, Cli& cli) {
  auto* command = replay.add_subcommand("export", "JSONL for another trainer, in a form that Hugging Face `datasets` loads");
  command->footer(
      "Formats: attempts (all that is known, flat), sft (messages of kept attempts), pairs (prompt, chosen, rejected), orm\n"
      "(prompt, completion, label), prm (prompt, completions, labels, of attempts whose steps rollouts have labelled). pairs\n"
      "and orm are drawn as verifiers are taught: without hints, each text once. The same store and filters give the same\n"
      "bytes; the directory appears whole or not at all. Examples:\n"
      "  autodidact replay export --format sft -o my-sft\n"
      "  autodidact replay export --format pairs --version 3 --pairs-per-problem 4 -o pairs-v3\n"
      "  autodidact replay export --format attempts --tokens -o - | gzip > all.jsonl.gz\n"
      "  python -c 'import datasets; print(datasets.load_dataset(\"my-sft\", split=\"train\"))'");
  const auto arguments = std::make_shared<ExportArguments>();
  add_filters(command, arguments->filters);
  command->add_option("--format,-f", arguments->format, "What a row is")
      ->capture_default_str()
      ->check(CLI::IsMember({"attempts", "sft", "pairs", "orm", "prm"}));
  command->add_option("--out,-o", arguments->out,
                      "New directory to write, or - for standard output; default: <data_dir>/exports/...");
  command
      ->add_option("--pairs-per-problem,--per-problem", arguments->per_problem,
                   "pairs: at most so many of one problem; orm: attempts of each outcome")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_flag("--tokens", arguments->tokens, "attempts: with token ids, log-probabilities and weight versions");
  command->add_option("DIR", arguments->directory,
                      "Data directory, or a checkpoint of a store; default: -d, -c or runs/addition");
  command->callback([&cli, arguments] {
    cli.action = [&cli, arguments](Output& output) { return run_export(cli.globals, output, *arguments); };
  });
}

}  // namespace autodidact
