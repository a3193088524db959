// eval and ask: what a version knows, and what it says.

#include <memory>
#include <optional>

#include "config/files.hpp"
#include "config/options.hpp"
#include "tools/arguments.hpp"
#include "tools/cli.hpp"
#include "tools/daemon_call.hpp"
#include "tools/eval_chart.hpp"
#include "tools/eval_view.hpp"

namespace autodidact {

namespace {

constexpr std::uint64_t kMostTokens = 1'000'000'000;  // as serve.budget_tokens

struct EvalArguments {
  int timeout_s = 1800;
  std::string version, svg, risk_svg;
  std::uint64_t limit = 0;
  std::vector<std::string> strategies;
  std::vector<std::uint64_t> budgets;
  bool fit_auto = false;
};

struct AskArguments {
  int timeout_s = 60;
  std::string question, strategy;
  std::uint64_t budget = 0;
  std::optional<double> abstain_below;
  bool hint = false;
};

void add_timeout(CLI::App* command, int& timeout_s) {
  command->add_option("--timeout", timeout_s, "Seconds to wait for the answer")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
}

// What the daemon is asked, and the same in words of autodidactd.
struct Question {
  Json params = Json::object();
  std::vector<std::string> words;

  void add(const char* member, const Json& value, const std::string& word, const std::string& text) {
    params[member] = value;
    words.insert(words.end(), {word, text});
  }
};

Result<Question> eval_question(const Globals& globals, const EvalArguments& a) {
  Question question;
  question.words = {"--eval"};
  if (!a.version.empty()) {
    AD_ASSIGN_OR_RETURN(const std::uint32_t version, parse_version(a.version));
    question.add("version", version, "--version-id", std::to_string(version));
  }
  if (a.limit > 0) question.add("limit", a.limit, "--limit", std::to_string(a.limit));
  if (a.fit_auto) {
    question.params["fit_auto"] = true;
    question.words.push_back("--fit-auto");
  }
  if (a.strategies.empty() && !a.budgets.empty() && !a.fit_auto)
    return Status(Errc::kUsage, "--budget is of strategies; add --strategy, e.g. --strategy majority:n=16");
  std::vector<std::uint64_t> budgets = a.budgets;
  if (!a.strategies.empty() && budgets.empty() && !a.fit_auto) {
    budgets = {static_cast<std::uint64_t>(ServeOptions().budget_tokens)};
    remark(globals, "--budget " + std::to_string(budgets.front()) + ", as serve.budget_tokens is by default");
  }
  for (const std::string& strategy : a.strategies) {
    question.params["strategies"].push_back(strategy);
    question.words.insert(question.words.end(), {"--strategy", strategy});
  }
  for (const std::uint64_t budget : budgets) {
    question.params["budgets"].push_back(budget);
    question.words.insert(question.words.end(), {"--budget", std::to_string(budget)});
  }
  return question;
}

Status draw(const Globals& globals, const std::vector<ChartSeries>& lines, const std::string& path, const std::string& picture,
            const std::string& missing) {
  if (path.empty()) return Status();
  if (lines.empty()) return Status(Errc::kNotFound, "nothing to draw in " + path + ": " + missing);
  AD_RETURN_IF_ERROR(write_file_atomic(path, picture));
  remark(globals, "the curve is in " + path);
  return Status();
}

Status draw_charts(const Globals& globals, const Json& evaluation, const EvalArguments& a) {
  if (!evaluation.is_object()) return Status(Errc::kInternal, "the evaluation is no JSON object");
  const auto tokens = token_curves(evaluation), risks = risk_curves(evaluation);
  AD_RETURN_IF_ERROR(draw(globals, tokens, a.svg, render_token_chart(tokens, "Held-out accuracy by tokens spent"),
                          "measure strategies with --strategy, or candidates with eval.samples > 0"));
  return draw(globals, risks, a.risk_svg, render_risk_chart(risks, "Error of what is answered"),
              "a confidence is of strategies (--strategy) or candidates (eval.samples > 0), of four problems at least");
}

Result<int> evaluate(const Globals& globals, Output& output, const EvalArguments& a) {
  AD_ASSIGN_OR_RETURN(const Question question, eval_question(globals, a));
  AD_ASSIGN_OR_RETURN(const DaemonAnswer answer,
                      ask_daemon_or_offline(globals, "/admin/eval", question.params, a.timeout_s, question.words));
  if (answer.exit_status != 0) return answer.exit_status;
  const Json evaluation = Json::parse(answer.json, nullptr, /*allow_exceptions=*/false);
  if (output.json()) {
    output.json_line(answer.json);
  } else {
    output.text(eval_text(evaluation, output.style()));
  }
  if (!a.svg.empty() || !a.risk_svg.empty()) AD_RETURN_IF_ERROR(draw_charts(globals, evaluation, a));
  return 0;
}

void add_eval(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("eval", "Accuracy and cost of a version on the held-out problems");
  command->footer(
      "Asks the running daemon; without one, -c FILE lets autodidactd measure on its own. Each strategy is measured with each\n"
      "budget. Examples:\n"
      "  autodidact eval\n"
      "  autodidact eval --version 3 --limit 200 --json\n"
      "  autodidact eval -c config/presets/addition.toml\n"
      "  autodidact eval --strategy greedy --strategy majority:n=16 --strategy weighted:n=16 --budget 512 --budget 2048\n"
      "                  --svg curve.svg");
  const auto a = std::make_shared<EvalArguments>();
  add_timeout(command, a->timeout_s);
  command->add_option("--version", a->version, "Which; default: the one that serves");
  command->add_option("--limit", a->limit, "So many problems at most; 0 = all, or eval.sample_problems with --strategy");
  command
      ->add_option("--strategy", a->strategies,
                   "How to search for answers: greedy, majority:n=16, weighted:n=16,early_stop, ...; may be repeated")
      ->take_all();
  command
      ->add_option("--budget", a->budgets,
                   "With --strategy: generated tokens for one problem, at most; may be repeated; default: 16384")
      ->take_all()
      ->check(CLI::Range(std::uint64_t{1}, kMostTokens));
  command->add_flag("--fit-auto", a->fit_auto,
                    "Fit what strategy `auto` takes for which difficulty and budget, and keep it beside the version");
  command->add_option("--svg", a->svg, "Draw accuracy against tokens into this file too");
  command->add_option("--risk-svg", a->risk_svg, "Draw the error against the share answered into this file too");
  command->callback([&cli, a] { cli.action = [&cli, a](Output& output) { return evaluate(cli.globals, output, *a); }; });
}

Result<int> ask(const Globals& globals, Output& output, const AskArguments& a) {
  Question question;
  question.add("question", a.question, "--ask", a.question);
  if (a.hint) question.params["hint"] = true;
  if (!a.strategy.empty()) question.add("strategy", a.strategy, "--strategy", a.strategy);
  if (a.budget > 0) question.add("budget_tokens", a.budget, "--budget", std::to_string(a.budget));
  if (a.abstain_below) question.add("abstain_below", *a.abstain_below, "--abstain-below", Json(*a.abstain_below).dump());
  AD_ASSIGN_OR_RETURN(const DaemonAnswer answer,
                      ask_daemon_or_offline(globals, "/admin/ask", question.params, a.timeout_s, question.words));
  if (answer.exit_status != 0) return answer.exit_status;
  if (output.json()) {
    output.json_line(answer.json);
  } else {
    output.text(answer_text(Json::parse(answer.json, nullptr, /*allow_exceptions=*/false), output.style()));
  }
  return 0;
}

void add_ask(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("ask", "Answer one question with the weights that serve now");
  command->footer(
      "Says the answer, how sure it is and what it cost; \"I don't know\" when that is less sure than asked for, which is no\n"
      "failure. Examples:\n"
      "  autodidact ask \"47+85\"\n"
      "  autodidact ask \"47+85\" --strategy weighted:n=16 --budget 2048 --abstain-below 0.8\n"
      "  autodidact ask \"47+85\" --hint     shown the answer, as rationalization does\n"
      "  autodidact ask -c config/presets/addition.toml \"47+85\"     without a daemon");
  const auto a = std::make_shared<AskArguments>();
  add_timeout(command, a->timeout_s);
  command->add_option("QUESTION", a->question, "In the task's own words, e.g. \"47+85\"")->required();
  auto* hint = command->add_flag("--hint", a->hint, "Show the model the answer; needs the daemon");
  command->add_option("--strategy", a->strategy, "How to search for the answer, as of eval; default: serve.strategy")
      ->excludes(hint);
  command->add_option("--budget", a->budget, "Generated tokens at most; default: serve.budget_tokens")
      ->check(CLI::Range(std::uint64_t{1}, kMostTokens))
      ->excludes(hint);
  command->add_option("--abstain-below", a->abstain_below, "Say \"I don't know\" when less sure than this, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->excludes(hint);
  command->callback([&cli, a] { cli.action = [&cli, a](Output& output) { return ask(cli.globals, output, *a); }; });
}

}  // namespace

void add_answer_commands(CLI::App& app, Cli& cli) {
  add_eval(app, cli);
  add_ask(app, cli);
}

}  // namespace autodidact
