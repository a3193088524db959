// The reference part of docs/replay-tool.md, from the same declarations that parse the command line.

#include "tools/cli.hpp"
#include "tools/replay_filters.hpp"

namespace autodidact {

namespace {

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("|\n", at)) != std::string::npos; at += 2) {
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  }
  return text;
}

std::string options_of(const CLI::App& command) {
  std::string rows;
  bool filters = false;
  for (const CLI::Option* option : command.get_options()) {
    if (option->check_name("--help")) continue;
    // Five commands share the filters: one table of them is enough.
    if (option->get_group() == kFilterGroup && command.get_name() != "ls") {
      filters = true;
      continue;
    }
    const std::string name = option->get_positional() ? option->get_name(true, false) : option->get_name(false, true);
    const std::string fallback = option->get_default_str().empty() ? "" : " (default " + option->get_default_str() + ")";
    rows += "| `" + cell(name) + "` | " + cell(option->get_description() + fallback) + " |\n";
  }
  if (filters) rows += "| filters | As of `replay ls` |\n";
  return rows.empty() ? "" : "\n| option | |\n|---|---|\n" + rows;
}

void describe(const CLI::App& command, const std::string& path, std::string& page) {
  if (command.get_parent() != nullptr && command.get_group().empty()) return;  // not for people
  page += "### " + path + "\n\n" + command.get_description() + ".\n" + options_of(command);
  if (!command.get_footer().empty()) page += "\n```\n" + command.get_footer() + "\n```\n";
  page += "\n";
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    describe(*child, path + " " + child->get_name(), page);
  }
}

}  // namespace

std::string reference_page(CLI::App& app) {
  std::string page;
  describe(app, "autodidact", page);
  return page;
}

}  // namespace autodidact
