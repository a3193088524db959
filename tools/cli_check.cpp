// check: is this configuration right, and if not, everything that is wrong with it.

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/loader.hpp"
#include "config/report.hpp"
#include "tools/cli.hpp"

namespace autodidact {

namespace {

struct CheckArguments {
  std::string file;
  std::vector<std::string> overrides;
};

int check(const CheckArguments& arguments, Output& output) {
  const LoadedConfig loaded = load_config(arguments.file, arguments.overrides);
  if (output.json()) {
    output.json_line("{\"ok\":" + std::string(loaded.ok() ? "true" : "false") + ",\"errors\":" + errors_to_json(loaded.errors) +
                     ",\"warnings\":" + errors_to_json(loaded.warnings) + "}");
    return exit_code(loaded.code);
  }
  for (const ConfigError& warning : loaded.warnings)
    std::fprintf(stderr, "warning: %s\n", escape_text(to_string(warning)).c_str());
  for (const ConfigError& error : loaded.errors) std::fprintf(stderr, "%s\n", escape_text(to_string(error)).c_str());
  if (loaded.ok()) output.text("ok\n");
  return exit_code(loaded.code);
}

}  // namespace

void add_check_command(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("check", "Validate a configuration file");
  command->footer(
      "Prints every error at once as file:line:column: key: what was expected, and exits 78; prints ok and exits 0 when there\n"
      "is none. Warnings do not fail it. Example:\n"
      "  autodidact check config/presets/addition.toml");
  auto arguments = std::make_shared<CheckArguments>();
  command->add_option("FILE", arguments->file, "The TOML file")->required();
  command->add_option("--set", arguments->overrides, "section.key=value: as if the file said so; may be repeated")->take_all();
  command->callback(
      [&cli, arguments] { cli.action = [arguments](Output& output) -> Result<int> { return check(*arguments, output); }; });
}

}  // namespace autodidact
