// Commands for a running daemon, over its Unix socket.

#include <array>
#include <cstdio>
#include <memory>

#include "config/loader.hpp"
#include "config/report.hpp"
#include "tools/arguments.hpp"
#include "tools/cli.hpp"
#include "tools/daemon_call.hpp"

namespace autodidact {

namespace {

Result<int> request(const Globals& globals, Output& output, const std::string& method, const std::string& target,
                    const Json& params, int timeout_s) {
  return show_answer(call_daemon(globals, method, target, params, timeout_s), output);
}

struct Simple {
  const char* name;
  const char* method;
  const char* target;
  int timeout_s;
  const char* what;
  const char* footer;
};

constexpr std::array kSimple = {
    Simple{"status", "GET", "/admin/status", 5, "What the daemon does, and what each role waits for",
           "Names every actor, what it is blocked on and since when. Examples:\n"
           "  autodidact status\n  autodidact status --json | jq .serving"},
    Simple{"pause", "POST", "/admin/pause", 10, "Issue no new work; what is under way finishes",
           "The daemon stays up, the store stays open; `autodidact resume` goes on."},
    Simple{"resume", "POST", "/admin/resume", 10, "Go on after pause", ""},
    Simple{"drain", "POST", "/admin/drain", 120, "Finish what is under way, make all of it durable, and hold still",
           "What SIGTERM does before it exits. Returns when nothing is held any more."},
    Simple{"checkpoint", "POST", "/admin/checkpoint", 120, "Copy the store's files (hard links) to <data_dir>/checkpoints",
           "Takes milliseconds, and the copy is a whole store: `autodidact replay stats <copy>` reads it."},
};

struct Arguments {
  int timeout_s = 0;
  std::string version;
  bool flag = false;
};

void add_timeout(CLI::App* command, Arguments& arguments, int fallback_s) {
  arguments.timeout_s = fallback_s;
  command->add_option("--timeout", arguments.timeout_s, "Seconds to wait for the answer")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
}

void add_simple(CLI::App& app, Cli& cli, const Simple& simple) {
  auto* command = app.add_subcommand(simple.name, simple.what);
  command->footer(simple.footer);
  auto arguments = std::make_shared<Arguments>();
  add_timeout(command, *arguments, simple.timeout_s);
  command->callback([&cli, arguments, simple] {
    cli.action = [&cli, arguments, simple](Output& output) {
      return request(cli.globals, output, simple.method, simple.target, Json::object(), arguments->timeout_s);
    };
  });
}

void add_reload(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("reload", "Read the configuration file again and apply what can be applied live");
  command->footer(
      "A file with any error changes nothing: the errors are printed and the exit status is 78. Keys that need a restart are\n"
      "listed as pending_restart. Examples:\n"
      "  autodidact reload --dry-run     what would change\n"
      "  autodidact reload               as SIGHUP does, with an answer");
  auto arguments = std::make_shared<Arguments>();
  add_timeout(command, *arguments, 30);
  command->add_flag("--dry-run,-n", arguments->flag, "Validate and show the difference; change nothing");
  command->callback([&cli, arguments] {
    cli.action = [&cli, arguments](Output& output) {
      const char* target = arguments->flag ? "/-/reload?dry_run" : "/-/reload";
      return request(cli.globals, output, "POST", target, Json::object(), arguments->timeout_s);
    };
  });
}

void add_choose_version(CLI::App& app, Cli& cli, const char* name, const char* what, const char* footer) {
  auto* command = app.add_subcommand(name, what);
  command->footer(footer);
  auto arguments = std::make_shared<Arguments>();
  add_timeout(command, *arguments, 60);
  command->add_option("VERSION", arguments->version, "Which, e.g. 12 or v12; `autodidact replay versions` lists them")
      ->required();
  const std::string target = std::string("/admin/") + name;
  command->callback([&cli, arguments, target] {
    cli.action = [&cli, arguments, target](Output& output) -> Result<int> {
      AD_ASSIGN_OR_RETURN(const std::uint32_t version, parse_version(arguments->version));
      return request(cli.globals, output, "POST", target, {{"version", version}}, arguments->timeout_s);
    };
  });
}

Result<int> show_config(const Globals& globals, bool defaults, int timeout_s, Output& output) {
  if (defaults) {
    output.text(default_config_toml());
    return 0;
  }
  auto client = connect_daemon(globals);
  if (!client.ok() && client.status().code() == Errc::kUnavailable && !globals.config.empty()) {
    remark(globals, client.status().message() + "; this is what " + globals.config + " says");
    const LoadedConfig loaded = load_config(globals.config);
    if (!loaded.ok()) return loaded.status();
    return show_answer(options_to_json(loaded.options), output);
  }
  if (!client.ok()) return client.status();
  return show_answer(client->call("GET", "/admin/config", "", timeout_s * 1000), output);
}

void add_config(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("config", "The configuration that runs, every key with its value");
  command->footer(
      "Examples:\n"
      "  autodidact config --json | jq .loop\n"
      "  autodidact config --defaults > mine.toml   every key with its meaning, to start from");
  auto arguments = std::make_shared<Arguments>();
  add_timeout(command, *arguments, 5);
  command->add_flag("--defaults", arguments->flag, "A commented file with every key and its default; needs no daemon");
  command->callback([&cli, arguments] {
    cli.action = [&cli, arguments](Output& output) {
      return show_config(cli.globals, arguments->flag, arguments->timeout_s, output);
    };
  });
}

}  // namespace

void remark(const Globals& globals, const std::string& text) {
  if (!globals.quiet) std::fprintf(stderr, "autodidact: %s\n", escape_text(text).c_str());
}

void add_daemon_commands(CLI::App& app, Cli& cli) {
  for (const Simple& simple : kSimple) add_simple(app, cli, simple);
  add_reload(app, cli);
  add_choose_version(app, cli, "promote", "Serve this version, whatever the gate said of it",
                     "Samplers use it from their next decode step on. Example:\n  autodidact promote 12");
  add_choose_version(app, cli, "rollback", "Go back to this version; newer ones are marked as rolled back",
                     "Example:\n  autodidact rollback 11");
  add_config(app, cli);
}

}  // namespace autodidact
