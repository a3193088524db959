// Questions to the replay store.

#include <chrono>
#include <memory>
#include <thread>

#include "tools/arguments.hpp"
#include "tools/cli.hpp"
#include "tools/replay_export.hpp"
#include "tools/replay_filters.hpp"
#include "tools/replay_query.hpp"
#include "tools/token_texts.hpp"

namespace autodidact {

namespace {

constexpr int kNoneFound = 1;  // grep's convention
constexpr auto kTailEvery = std::chrono::milliseconds(500);

struct Arguments {
  FilterArguments filters;
  std::string directory, pattern, field = "completion", show = "changed", kind, svg;
  std::vector<std::string> words;
  std::vector<std::string> by = {"version"};
  std::uint64_t after = 0, limit = 0, keep = 0;
  bool oldest = false, tokens = false, ignore_case = false, invert = false, once = false, apply = false, deep = false;
};

Result<std::vector<std::uint64_t>> parse_ids(const std::vector<std::string>& words) {
  std::vector<std::uint64_t> ids;
  for (const std::string& word : words) {
    AD_ASSIGN_OR_RETURN(const std::uint64_t id, parse_id(word));
    ids.push_back(id);
  }
  return ids;
}

using Run = std::function<Result<int>(const Globals&, Output&, Arguments&)>;

// Declares a command; `options` says what it takes.
CLI::App* add(CLI::App* replay, Cli& cli, const char* name, const char* what, const char* footer,
              const std::shared_ptr<Arguments>& arguments, Run run) {
  auto* command = replay->add_subcommand(name, what);
  command->footer(footer);
  command->callback([&cli, arguments, run = std::move(run)] {
    cli.action = [&cli, arguments, run](Output& output) { return run(cli.globals, output, *arguments); };
  });
  return command;
}

void add_directory(CLI::App* command, Arguments& arguments) {
  command->add_option("DIR", arguments.directory,
                      "Data directory, or a checkpoint of a store; default: -d, -c or runs/addition");
}

void add_ls(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->limit = 50;
  auto* command = add(replay, cli, "ls", "Attempts, newest first, one line each",
                      "Any filters combine. Examples:\n"
                      "  autodidact replay ls --version 3 --outcome wrong --limit 20\n"
                      "  autodidact replay ls --reason hint_leak --since 2h\n"
                      "  autodidact replay ls --kept true --length 60.. --json | jq .id",
                      arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
                        AD_ASSIGN_OR_RETURN(Json request, filter_request("ls", a.filters));
                        request["limit"] = a.limit;
                        if (a.after != 0) request["after"] = a.after;
                        if (a.oldest) request["oldest_first"] = true;
                        return run_query(globals, output, a.directory, request);
                      });
  add_filters(command, arguments->filters);
  command->add_option("--limit,-n", arguments->limit, "Rows of this page")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_option("--after", arguments->after, "Continue behind this id (the last one of the page before)");
  command->add_flag("--oldest-first", arguments->oldest, "From the first attempt on");
  add_directory(command, *arguments);
}

// The texts of an attempt's steps need its tokens, asked for or not.
void add_texts(Json& line, TokenTexts& texts, bool tokens) {
  texts.add_steps(line);
  if (tokens) return texts.add(line);
  for (const char* member : {"prompt_tokens", "tokens", "logprobs", "versions"}) line.erase(member);
}

void add_show(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  auto* command = add(replay, cli, "show", "Attempts whole: problem, rationale, verdict, selection, scores",
                      "Examples:\n"
                      "  autodidact replay show 4711\n"
                      "  autodidact replay show 4711 --tokens     each token with its log-probability and weight version",
                      arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
                        const std::string directory = take_directory(a.words);
                        AD_ASSIGN_OR_RETURN(const auto ids, parse_ids(a.words));
                        Globals where = globals;
                        if (!directory.empty()) where.data_dir = directory;
                        AD_ASSIGN_OR_RETURN(const Place place, find_place(where));
                        AD_ASSIGN_OR_RETURN(ReplaySource source, open_source(where, "", ReplaySource::Access::kRead));
                        ReplayQuery query(output, "show");
                        TokenTexts texts(place.data_dir);
                        query.enrich = [&](Json& line) { add_texts(line, texts, a.tokens); };
                        AD_RETURN_IF_ERROR(query.run(source, {{"command", "show"}, {"ids", ids}, {"tokens", true}}));
                        return 0;
                      });
  command->add_option("ID", arguments->words, "Attempts, as `replay ls` prints them; a data directory may follow")->required();
  command->add_flag("--tokens,-t", arguments->tokens, "Token by token");
}

void add_grep(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->limit = 50;
  auto* command =
      add(replay, cli, "grep", "Attempts whose text matches a regular expression",
          "Perl syntax, newest first; `.` stops at line ends unless the pattern begins with (?s). Exits 1 when nothing\n"
          "matches. Examples:\n"
          "  autodidact replay grep 'carry 1.*carry 1' --outcome wrong\n"
          "  autodidact replay grep -i '^sorry' --field answer --limit 0",
          arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
            AD_ASSIGN_OR_RETURN(Json request, filter_request("grep", a.filters));
            request["pattern"] = a.pattern;
            request["field"] = a.field;
            request["limit"] = a.limit;
            if (a.after != 0) request["after"] = a.after;
            if (a.ignore_case) request["ignore_case"] = true;
            if (a.invert) request["invert"] = true;
            AD_ASSIGN_OR_RETURN(ReplaySource source, open_source(globals, a.directory, ReplaySource::Access::kRead));
            ReplayQuery query(output, "grep");
            AD_RETURN_IF_ERROR(query.run(source, request));
            return query.lines() > 1 ? 0 : kNoneFound;  // the last line counts what was searched
          });
  command->add_option("REGEX", arguments->pattern, "What to look for")->required();
  add_filters(command, arguments->filters);
  command->add_flag("--ignore-case,-i", arguments->ignore_case, "Letters match in either case");
  command->add_flag("--invert,-v", arguments->invert, "Attempts that do not match");
  command->add_option("--field", arguments->field, "Where to look: completion, prompt or answer")
      ->capture_default_str()
      ->check(CLI::IsMember({"completion", "prompt", "answer"}));
  command->add_option("--limit,-n", arguments->limit, "Stop after so many; 0 = all")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000));
  command->add_option("--after", arguments->after, "Continue behind this id");
  add_directory(command, *arguments);
}

Result<int> tail(const Globals& globals, Output& output, Arguments& a) {
  AD_ASSIGN_OR_RETURN(Json request, filter_request("tail", a.filters));
  request["limit"] = a.limit;
  AD_ASSIGN_OR_RETURN(ReplaySource source, open_source(globals, a.directory, ReplaySource::Access::kRead));
  ReplayQuery query(output, "tail");
  AD_RETURN_IF_ERROR(query.run(source, request));
  output.flush();
  if (!source.live() && !a.once) remark(globals, "no daemon runs here, so nothing new will come");
  while (source.live() && !a.once && !output.failed()) {
    std::this_thread::sleep_for(kTailEvery);
    request["after"] = std::max<std::uint64_t>(query.next(), 1);
    request["limit"] = 1000;
    AD_RETURN_IF_ERROR(query.run(source, request));
    output.flush();
  }
  return 0;
}

void add_tail(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->limit = 10;
  auto* command = add(replay, cli, "tail", "The newest attempts, then new ones as they are committed",
                      "Follows until interrupted. Examples:\n"
                      "  autodidact replay tail --outcome correct --hinted true\n"
                      "  autodidact replay tail --json | jq -r .outcome",
                      arguments, tail);
  add_filters(command, arguments->filters);
  command->add_option("--limit,-n", arguments->limit, "So many to begin with")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_flag("--once", arguments->once, "Do not follow");
  add_directory(command, *arguments);
}

void add_stats(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  auto* command = add(replay, cli, "stats", "Counts, pass rates with 95 % intervals, lengths, duplicates",
                      "The pass rate is of what could be judged; intervals are Wilson's. Examples:\n"
                      "  autodidact replay stats\n"
                      "  autodidact replay stats --by round,hinted --seed false\n"
                      "  autodidact replay stats --by reason --version 3",
                      arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
                        AD_ASSIGN_OR_RETURN(Json request, filter_request("stats", a.filters));
                        request["by"] = a.by;
                        return run_query(globals, output, a.directory, request);
                      });
  add_filters(command, arguments->filters);
  command
      ->add_option("--by", arguments->by, "Group by these, with commas: version round outcome reason kept hinted seed pinned")
      ->delimiter(',')
      ->capture_default_str();
  add_directory(command, *arguments);
}

void add_diff(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->limit = 50;
  auto* command =
      add(replay, cli, "diff", "What one version solves and another does not",
          "Compares on the problems that both versions tried without a hint; a problem is solved when any attempt is\n"
          "right. Examples:\n"
          "  autodidact replay diff 2 3\n"
          "  autodidact replay diff v12 v17 --show lost --limit 200",
          arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
            const std::string directory = a.words.size() == 3 ? a.words.back() : "";
            if (a.words.size() < 2) return Status(Errc::kUsage, "replay diff needs two versions");
            AD_ASSIGN_OR_RETURN(const std::uint32_t from, parse_version(a.words[0]));
            AD_ASSIGN_OR_RETURN(const std::uint32_t to, parse_version(a.words[1]));
            const Json request = {{"command", "diff"}, {"from", from}, {"to", to}, {"show", a.show}, {"limit", a.limit}};
            return run_query(globals, output, directory, request);
          });
  command->add_option("VERSION", arguments->words, "Two versions, before and after; a data directory may follow")
      ->required()
      ->expected(2, 3);
  command->add_option("--show", arguments->show, "Which problems to list")
      ->capture_default_str()
      ->check(CLI::IsMember({"changed", "gained", "lost", "both", "neither", "all"}));
  command->add_option("--limit,-n", arguments->limit, "So many of them")->capture_default_str()->check(CLI::Range(0, 100'000));
}

void add_lineage(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->limit = 20;
  auto* command =
      add(replay, cli, "lineage", "What trained a version: its steps, the attempts they drew, who sampled those",
          "Examples:\n"
          "  autodidact replay lineage 3\n"
          "  autodidact replay lineage v3 --limit 100000 --json | jq -r 'select(.type==\"attempt\").id'",
          arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
            AD_ASSIGN_OR_RETURN(const std::uint32_t version, parse_version(a.words[0]));
            const Json request = {{"command", "lineage"}, {"version", version}, {"limit", a.limit}, {"after", a.after}};
            return run_query(globals, output, a.words.size() == 2 ? a.words[1] : "", request);
          });
  command->add_option("VERSION", arguments->words, "Which; a data directory may follow")->required()->expected(1, 2);
  command->add_option("--limit,-n", arguments->limit, "So many of the attempts")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000));
  command->add_option("--after", arguments->after, "Attempts behind this id");
}

void add_verify(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  auto* command =
      add(replay, cli, "verify", "Check the store: checksums, indexes, gaps, accounting",
          "Reads the files themselves, beside a running daemon too. Exits 0 when all is sound, 65 when not. Example:\n"
          "  autodidact replay verify --deep",
          arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
            Globals direct = globals;
            direct.direct = true;
            return run_query(direct, output, a.directory, {{"command", "verify"}, {"deep", a.deep}});
          });
  command->add_flag("--deep", arguments->deep, "Read every record, not only the indexes");
  add_directory(command, *arguments);
}

void add_pin(CLI::App* replay, Cli& cli, const char* name, const char* what) {
  const auto arguments = std::make_shared<Arguments>();
  auto* command =
      add(replay, cli, name, what, "Example:\n  autodidact replay pin 4711 4712", arguments,
          [name](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
            const std::string directory = take_directory(a.words);
            AD_ASSIGN_OR_RETURN(const auto ids, parse_ids(a.words));
            return run_query(globals, output, directory, {{"command", name}, {"ids", ids}}, ReplaySource::Access::kWrite);
          });
  command->add_option("ID", arguments->words, "Attempts; a data directory may follow")->required();
}

void add_gc(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  auto* command =
      add(replay, cli, "gc", "Delete old attempts that are neither kept, consumed nor pinned",
          "Says how many; deletes only with --apply. Examples:\n"
          "  autodidact replay gc --keep 100000\n"
          "  autodidact replay gc --keep 100000 --apply",
          arguments, [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
            return run_query(globals, output, a.directory, {{"command", "gc"}, {"keep", a.keep}, {"apply", a.apply}},
                             ReplaySource::Access::kWrite);
          });
  command->add_option("--keep", arguments->keep, "So many of the newest attempts stay whatever they are")->required();
  command->add_flag("--apply", arguments->apply, "Do it");
  add_directory(command, *arguments);
}

void add_events(CLI::App* replay, Cli& cli) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->limit = 100;
  auto* command = add(replay, cli, "events", "What happened: configuration, restarts, gate decisions, stalls, disk",
                      "Oldest first. Example:\n  autodidact replay events --kind gate", arguments,
                      [](const Globals& globals, Output& output, Arguments& a) -> Result<int> {
                        Json request = {{"command", "events"}, {"limit", a.limit}, {"after", a.after}};
                        if (!a.kind.empty()) request["kind"] = a.kind;
                        return run_query(globals, output, a.directory, request);
                      });
  command->add_option("--kind", arguments->kind, "Only these: config resume gate restart stall round disk");
  command->add_option("--after", arguments->after, "Behind this sequence number");
  command->add_option("--limit,-n", arguments->limit, "So many")->capture_default_str()->check(CLI::Range(1, 100'000));
  add_directory(command, *arguments);
}

void add_plain(CLI::App* parent, Cli& cli, const char* name, const char* what, const char* footer) {
  const auto arguments = std::make_shared<Arguments>();
  auto* command = add(parent, cli, name, what, footer, arguments, [name](const Globals& globals, Output& output, Arguments& a) {
    return run_query(globals, output, a.directory, {{"command", name}});
  });
  add_directory(command, *arguments);
}

}  // namespace

void add_replay_commands(CLI::App& app, Cli& cli) {
  auto* replay = app.add_subcommand("replay", "Ask the replay store: every attempt, verdict, selection, version and event");
  replay->require_subcommand(1);
  replay->footer(
      "Works beside a running daemon and without one. Through the daemon's socket if it listens, else from the store's files,\n"
      "read-only. Try: autodidact replay ls --help");
  replay->add_flag("--direct", cli.globals.direct, "Read the store's files even though a daemon runs");
  add_stats(replay, cli);
  add_ls(replay, cli);
  add_show(replay, cli);
  add_grep(replay, cli);
  add_tail(replay, cli);
  add_diff(replay, cli);
  add_lineage(replay, cli);
  add_export_command(*replay, cli);
  add_verify(replay, cli);
  add_pin(replay, cli, "pin", "Keep these attempts whatever retention says");
  add_pin(replay, cli, "unpin", "Let retention have them again");
  add_gc(replay, cli);
  add_plain(replay, cli, "versions", "Versions of the weights, where they are and which one serves",
            "Example:\n  autodidact replay versions --json | jq 'select(.serving).path'");
  add_events(replay, cli);
}

}  // namespace autodidact
