#include "tools/daemon_main.hpp"

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "actors/daemon.hpp"
#include "config/loader.hpp"
#include "config/log.hpp"
#include "config/report.hpp"
#include "config/watch.hpp"
#include "gateway/gateway.hpp"
#include "gateway/systemd_notify.hpp"
#include "methods/compute_optimal/strategy_table.hpp"
#include "tools/gateway_settings.hpp"
#include "tools/offline_eval.hpp"
#include "tools/progress_line.hpp"

namespace autodidact {
namespace {

constexpr int kTickMs = 200;

struct Arguments {
  std::string config;
  std::vector<std::string> overrides;
  bool print_default_config = false;
  bool eval = false;
  StrategyEval evaluation;
  std::string ask;
  std::optional<double> abstain_below;
};

// With --ask one strategy and one budget are meant.
Result<AskOptions> ask_options(const Arguments& arguments) {
  const auto& [strategies, budgets] = std::tie(arguments.evaluation.strategies, arguments.evaluation.budgets);
  if (strategies.size() > 1 || budgets.size() > 1) return Status(Errc::kUsage, "--ask takes one --strategy and one --budget");
  AskOptions options;
  options.id = "ask";
  if (!strategies.empty()) options.reasoning.strategy = strategies.front();
  if (!budgets.empty()) options.reasoning.budget_tokens = budgets.front();
  if (!budgets.empty() && budgets.front() == 0)
    return Status(Errc::kUsage, "a budget of 0 tokens leaves nothing to answer with");
  options.reasoning.abstain_below = arguments.abstain_below;
  return options;
}

int fail(const Status& status) {
  std::fprintf(stderr, "autodidactd: %s\n", status.message().c_str());
  return exit_code(status.code());
}

// Signals are taken by sigtimedwait in the main thread; every other thread inherits the block.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return set;
}

class Session {
 public:
  Session(Daemon& daemon, SystemdNotify& notify, const sigset_t& signals)
      : daemon_(daemon), notify_(notify), signals_(signals) {}

  // Until a signal or the last round ends it.
  int run() {
    ProgressLine line(::isatty(STDERR_FILENO) != 0);
    auto last_notice = std::chrono::steady_clock::time_point();
    for (;;) {
      timespec wait{0, kTickMs * 1000000};
      const int signal = sigtimedwait(&signals_, nullptr, &wait);
      if (signal == SIGHUP) reload();
      if (signal == SIGTERM || signal == SIGINT) return end();
      const Progress progress = daemon_.board().progress();
      line.show(progress);
      const auto now = std::chrono::steady_clock::now();
      if (now - last_notice > std::chrono::seconds(5)) {
        last_notice = now;
        (void)notify_.status(ProgressLine::text(progress));
        // Only while the supervisor answers: a hung daemon is the service manager's to restart.
        if (daemon_.live()) (void)notify_.watchdog();
      }
      if (progress.finished && daemon_.options()->exit_when_done) return end();
    }
  }

 private:
  void reload() {
    (void)notify_.reloading();
    (void)daemon_.reload(false);  // says in the log what it did
    (void)notify_.ready("reloaded");
  }

  int end() {
    const auto deadline_ms = static_cast<int>(daemon_.options()->supervise.drain_ms);
    (void)notify_.stopping("draining");
    const auto begin = std::chrono::steady_clock::now();
    const bool drained = daemon_.drain(deadline_ms);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
    if (drained) {
      log_info("daemon", "drained", {{"ms", took}});
      return 0;
    }
    log_error("daemon", "not drained within supervise.drain_ms; what is durable stays durable, the rest is sampled again",
              {{"ms", took}, {"status", daemon_.board().json()}});
    return exit_code(Errc::kTemporary);
  }

  Daemon& daemon_;
  SystemdNotify& notify_;
  const sigset_t& signals_;
};

int serve(const Arguments& arguments, const LoadedConfig& loaded, const RuntimeFactory& runtime) {
  SystemdNotify notify = SystemdNotify::from_environment();
  const sigset_t signals = block_signals();
  if (const Status status = open_log(loaded.options.log); !status.ok()) return fail(status);
  for (const auto& warning : loaded.warnings) log_warn("config", to_string(warning));
  auto daemon = Daemon::start({arguments.config, arguments.overrides, loaded.options, runtime});
  if (!daemon.ok()) {
    close_log();
    return fail(daemon.status());
  }
  const auto settings = gateway_settings(**daemon, loaded.options);
  if (!settings.ok()) {
    daemon->reset();
    close_log();
    return fail(settings.status());
  }
  auto gateway = Gateway::start(**daemon, *settings);
  if (!gateway.ok()) {
    daemon->reset();
    close_log();
    return fail(gateway.status());
  }
  std::unique_ptr<ConfigWatcher> watcher;
  if (loaded.options.watch_config) {
    auto watching = ConfigWatcher::start(arguments.config, loaded.digest, [&] { (void)(*daemon)->reload(false); });
    if (!watching.ok()) log_warn("config", "the file is not watched: " + watching.status().message());
    if (watching.ok()) watcher = std::move(watching).value();
  }
  log_info(
      "daemon", "running",
      {{"data_dir", loaded.options.data_dir}, {"admin", settings->admin_socket}, {"health", (*gateway)->health_address()}});
  (void)notify.ready("running");
  const int status = Session(**daemon, notify, signals).run();
  watcher.reset();
  (*gateway)->stop(500);
  daemon->reset();
  close_log();
  return status;
}

}  // namespace

int daemon_main(int argc, char** argv, const RuntimeFactory& runtime) {
  Arguments arguments;
  CLI::App app(
      "Autodidact: a language model that teaches itself to reason. Runs in the foreground and logs to stderr;\n"
      "SIGTERM drains and exits 0, SIGHUP reloads the configuration. `autodidact` talks to it while it runs.");
  app.name("autodidactd");
  app.add_option("-c,--config", arguments.config, "Configuration file (TOML); see config/presets/");
  app.add_option("--set", arguments.overrides, "section.key=value: overrides the file, also on reload; may be repeated")
      ->take_all();
  app.add_flag("--print-default-config", arguments.print_default_config, "Every key with its meaning and default, then exit");
  app.add_flag("--eval", arguments.eval,
               "Measure a version on the held-out problems, print JSON, exit; no daemon may run on the data");
  app.add_option("--version-id", arguments.evaluation.version, "With --eval: which version; default: the serving one");
  app.add_option("--limit", arguments.evaluation.limit, "With --eval: so many problems at most");
  app.add_option("--strategy", arguments.evaluation.strategies,
                 "With --eval or --ask: how to search for answers; with --eval it may be repeated");
  app.add_option("--budget", arguments.evaluation.budgets, "Tokens for each problem; with --eval it may be repeated");
  app.add_option("--abstain-below", arguments.abstain_below, "With --ask: confidence under which the answer is withheld");
  app.add_option("--ask", arguments.ask, "Answer one question with the serving version, print JSON, exit");
  app.add_flag("--fit-auto", arguments.evaluation.fit_auto,
               "With --eval: fit which strategy `auto` takes for which difficulty and budget, and keep it beside the version");
  app.add_option("--samples", arguments.evaluation.probes,
                 "With --fit-auto: completions that predict a question's difficulty; 1 with a verifier, else 4, unless said")
      ->check(CLI::Range(1u, StrategyTable::kMaxProbes));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return fail(Status(Errc::kUsage, std::string(error.what()) + "; see autodidactd --help"));
  }
  if (arguments.print_default_config) {
    std::fputs(default_config_toml().c_str(), stdout);
    return 0;
  }
  if (arguments.config.empty())
    return fail(Status(Errc::kUsage, "which configuration? -c FILE, e.g. -c config/presets/addition.toml"));
  const LoadedConfig loaded = load_config(arguments.config, arguments.overrides);
  if (!loaded.ok()) return fail(loaded.status());
  if (arguments.eval || !arguments.ask.empty()) {
    const auto asked = ask_options(arguments);
    if (!arguments.eval && !asked.ok()) return fail(asked.status());
    auto result = arguments.eval ? offline_eval(loaded.options, runtime, arguments.evaluation)
                                 : offline_ask(loaded.options, runtime, arguments.ask, *asked);
    if (!result.ok()) return fail(result.status());
    std::printf("%s\n", result->c_str());
    return 0;
  }
  return serve(arguments, loaded, runtime);
}

}  // namespace autodidact
