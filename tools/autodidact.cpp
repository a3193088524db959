// The client: talks to a running daemon and reads the replay store. Links neither libtorch nor CAF, so that it starts at once.

#include <csignal>
#include <cstdio>

#include "tools/cli.hpp"

namespace autodidact {

namespace {

void declare(CLI::App& app, Cli& cli) {
  app.name("autodidact");
  app.set_version_flag("--version", "autodidact " AD_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "A data directory is found by -d DIR, else from -c FILE, else $AUTODIDACT_DATA_DIR, else runs/addition; its daemon "
      "listens\n"
      "on DIR/admin.sock. Results go to standard output, messages to standard error; exit statuses are those of sysexits(3):\n"
      "0 ok, 64 usage, 65 bad data, 66 not found, 69 no daemon, 73 cannot create, 74 I/O, 75 try again, 77 permission, 78\n"
      "configuration.");
  app.add_option("-d,--data-dir", cli.globals.data_dir, "The run's data directory");
  app.add_option("-c,--config", cli.globals.config, "Configuration file to take data_dir and the socket from");
  app.add_option("--socket", cli.globals.socket, "The daemon's admin socket, when it is not DIR/admin.sock");
  app.add_flag("--json", cli.globals.json, "JSON (lines) instead of tables");
  app.add_flag("-q,--quiet", cli.globals.quiet, "No remarks on standard error");
  app.add_flag("--no-pager", cli.globals.no_pager, "Never through $PAGER");
  app.add_option("--color", cli.globals.color, "auto (a terminal without $NO_COLOR), always or never")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "always", "never"}));
  add_check_command(app, cli);
  add_daemon_commands(app, cli);
  add_answer_commands(app, cli);
  add_replay_commands(app, cli);
  add_report_command(app, cli);
  add_model_commands(app, cli);
  app.add_subcommand("reference", "Every command and option, as Markdown")
      ->callback([&] {
        cli.action = [&app](Output& output) -> Result<int> {
          output.text(reference_page(app));
          return 0;
        };
      })
      ->group("");
}

int fail(const Status& status) {
  for (const std::string& line : escape_lines(status.message())) std::fprintf(stderr, "autodidact: %s\n", line.c_str());
  return exit_code(status.code());
}

int run(int argc, char** argv) {
  Cli cli;
  CLI::App app("Talks to the Autodidact daemon, and reads what it has stored");
  declare(app, cli);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help) == 0 ? 0 : exit_code(Errc::kUsage);
  } catch (const CLI::ParseError& error) {
    return fail(Status(Errc::kUsage, std::string(error.what()) + "; see autodidact --help"));
  }
  Output output(cli.globals.color, cli.globals.json, !cli.globals.no_pager);
  const Result<int> status = cli.action(output);
  output.flush();
  if (!status.ok()) return fail(status.status());
  if (output.failed()) return fail(Status(Errc::kIo, "cannot write to standard output"));
  return *status;
}

}  // namespace

}  // namespace autodidact

int main(int argc, char** argv) {
  // A reader that leaves early (| head) ends this program quietly, even if whoever started it ignores SIGPIPE.
  std::signal(SIGPIPE, SIG_DFL);
  try {
    return autodidact::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "autodidact: %s\n", error.what());
    return 70;
  }
}
