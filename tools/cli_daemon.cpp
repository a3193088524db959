// Commands for a running daemon, over its Unix socket.

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/loader.hpp"
#include "config/report.hpp"
#include "gateway/client.hpp"
#include "tools/arguments.hpp"
#include "tools/cli.hpp"
#include "tools/json_view.hpp"
#include "tools/offline.hpp"

namespace autodidact {

namespace {

constexpr int kSlackMs = 3000;  // beyond the daemon's own deadline, so that its reason arrives

Result<AdminClient> connect(const Globals& globals) {
  AD_ASSIGN_OR_RETURN(const Place place, find_place(globals));
  if (place.socket.empty()) return Status(Errc::kUsage, place.data_dir + " is a bare store: no daemon runs on it");
  return AdminClient::connect(place.socket);
}

Result<int> show(const Result<std::string>& answer, Output& output) {
  if (!answer.ok()) return answer.status();
  if (output.json()) {
    output.json_line(*answer);
    return 0;
  }
  const Json json = Json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  const bool plain_ok = json.is_object() && json.size() == 1 && json.value("ok", Json()) == true;
  output.text(plain_ok ? "ok\n" : view_json(json, output.style()));
  return 0;
}

Result<int> request(const Globals& globals, Output& output, const std::string& method, const std::string& target,
                    const Json& params, int timeout_s) {
  AD_ASSIGN_OR_RETURN(AdminClient client, connect(globals));
  const int deadline_ms = timeout_s * 1000;
  const char* joint = target.find('?') == std::string::npos ? "?" : "&";
  const std::string body = params.empty() ? "" : params.dump(-1, ' ', false, Json::error_handler_t::replace);
  return show(client.call(method, target + joint + "deadline_ms=" + std::to_string(deadline_ms), body, deadline_ms + kSlackMs),
              output);
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
  std::string version, question;
  std::uint64_t limit = 0;
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
  auto client = connect(globals);
  if (!client.ok() && client.status().code() == Errc::kUnavailable && !globals.config.empty()) {
    remark(globals, client.status().message() + "; this is what " + globals.config + " says");
    const LoadedConfig loaded = load_config(globals.config);
    if (!loaded.ok()) return loaded.status();
    return show(options_to_json(loaded.options), output);
  }
  if (!client.ok()) return client.status();
  return show(client->call("GET", "/admin/config", "", timeout_s * 1000), output);
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

// Asks the daemon; without one, `autodidactd` does the same work on its own if a configuration file says with what.
Result<int> measure(const Globals& globals, Output& output, const std::string& target, const Json& params, int timeout_s,
                    const std::vector<std::string>& offline_arguments) {
  auto client = connect(globals);
  const bool nobody =
      !client.ok() && (client.status().code() == Errc::kUnavailable || client.status().code() == Errc::kNotFound);
  if (!nobody) return request(globals, output, "POST", target, params, timeout_s);
  if (globals.config.empty()) {
    return client.status().with_context("this needs a running daemon, or -c FILE to work without one");
  }
  remark(globals, client.status().message() + "; asking autodidactd");
  std::vector<std::string> words = {"-c", globals.config};
  if (!globals.data_dir.empty()) words.insert(words.end(), {"--set", "data_dir=\"" + globals.data_dir + "\""});
  words.insert(words.end(), offline_arguments.begin(), offline_arguments.end());
  AD_ASSIGN_OR_RETURN(const OfflineAnswer answer, run_autodidactd(words));
  if (answer.exit_status != 0) return answer.exit_status;  // it said why on standard error
  return show(answer.output, output);
}

void add_eval(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("eval", "Accuracy and cost of a version on the held-out problems");
  command->footer(
      "Asks the running daemon; without one, -c FILE lets autodidactd measure on its own. Examples:\n"
      "  autodidact eval\n  autodidact eval --version 3 --limit 200 --json\n"
      "  autodidact eval -c config/presets/addition.toml");
  auto arguments = std::make_shared<Arguments>();
  add_timeout(command, *arguments, 1800);
  command->add_option("--version", arguments->version, "Which; default: the one that serves");
  command->add_option("--limit", arguments->limit, "So many problems at most; 0 = all");
  command->add_flag("--fit-auto", arguments->flag,
                    "Fit what strategy `auto` takes for which difficulty and budget, and keep it beside the version");
  command->callback([&cli, arguments] {
    cli.action = [&cli, arguments](Output& output) -> Result<int> {
      Json params = Json::object();
      std::vector<std::string> offline = {"--eval"};
      if (arguments->flag) {
        params["fit_auto"] = true;
        offline.push_back("--fit-auto");
      }
      if (!arguments->version.empty()) {
        AD_ASSIGN_OR_RETURN(const std::uint32_t version, parse_version(arguments->version));
        params["version"] = version;
        offline.insert(offline.end(), {"--version-id", std::to_string(version)});
      }
      if (arguments->limit > 0) {
        params["limit"] = arguments->limit;
        offline.insert(offline.end(), {"--limit", std::to_string(arguments->limit)});
      }
      return measure(cli.globals, output, "/admin/eval", params, arguments->timeout_s, offline);
    };
  });
}

void add_ask(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("ask", "Answer one question with the weights that serve now");
  command->footer(
      "Examples:\n"
      "  autodidact ask \"47+85\"\n  autodidact ask \"47+85\" --hint     shown the answer, as rationalization does\n"
      "  autodidact ask -c config/presets/addition.toml \"47+85\"     without a daemon");
  auto arguments = std::make_shared<Arguments>();
  add_timeout(command, *arguments, 60);
  command->add_option("QUESTION", arguments->question, "In the task's own words, e.g. \"47+85\"")->required();
  command->add_flag("--hint", arguments->flag, "Show the model the answer; needs the daemon");
  command->callback([&cli, arguments] {
    cli.action = [&cli, arguments](Output& output) {
      Json params = {{"question", arguments->question}};
      if (arguments->flag) params["hint"] = true;
      return measure(cli.globals, output, "/admin/ask", params, arguments->timeout_s, {"--ask", arguments->question});
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
  add_eval(app, cli);
  add_ask(app, cli);
}

}  // namespace autodidact
