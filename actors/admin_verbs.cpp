#include "actors/admin_verbs.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "actors/dashboard_data.hpp"
#include "config/files.hpp"
#include "methods/compute_optimal/strategy_table.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

// Answers once, whoever comes first: the actor, the deadline, or nobody (when the last holder lets go).
class Reply {
 public:
  explicit Reply(AdminBackend::Done done) : done_(std::move(done)) {}
  ~Reply() { give(Status(Errc::kTemporary, "the daemon is stopping, or the actor that was asked has ended; try again")); }
  void give(Result<std::string> result) {
    if (answered_.exchange(true)) return;
    done_(result.ok() ? AdminReply{Status(), std::move(result).value()} : AdminReply{result.status(), ""});
  }

 private:
  std::atomic<bool> answered_{false};
  AdminBackend::Done done_;
};
using ReplyPtr = std::shared_ptr<Reply>;

// Waits for one deadline, then goes. Spawned hidden: the end of the daemon does not wait for it.
caf::behavior timer(caf::event_based_actor* self, ReplyPtr answer, std::string verb, int deadline_ms) {
  tell_after(self, std::chrono::milliseconds(deadline_ms), caf::actor_cast<caf::actor>(self), Tick{});
  return make_behavior(self, reporter("admin"), [self, answer, verb, deadline_ms](const Tick&) {
    answer->give(Status(Errc::kTemporary, verb + " was not answered within " + std::to_string(deadline_ms) +
                                              " ms; `autodidact status` shows what each actor waits for"));
    self->quit();
  });
}

Result<json> parse(const std::string& text) {
  json params = text.empty() ? json::object() : json::parse(text, nullptr, false);
  if (!params.is_object()) return Status(Errc::kUsage, "parameters must be a JSON object");
  return params;
}

Result<std::uint64_t> number(const json& params, const char* key, std::uint64_t otherwise, std::uint64_t max) {
  if (!params.contains(key)) return otherwise;
  const json& value = params[key];
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > max) {
    return Status(Errc::kUsage, std::string(key) + " must be a whole number from 0 to " + std::to_string(max));
  }
  return value.get<std::uint64_t>();
}

// "strategies": ["majority:n=16"], "budgets": [2048]; what they mean the evaluator checks.
Status read_strategies(const json& params, EvalRequest& request) {
  constexpr std::size_t kMost = 256;
  const json strategies = params.value("strategies", json::array()), budgets = params.value("budgets", json::array());
  const auto is_list_of = [](const json& list, auto check) {
    return list.is_array() && list.size() <= kMost && std::all_of(list.begin(), list.end(), check);
  };
  if (!is_list_of(strategies, [](const json& one) { return one.is_string(); }))
    return {Errc::kUsage, "strategies must be a list of at most 256 texts"};
  if (!is_list_of(budgets, [](const json& one) { return one.is_number_unsigned() && one.get<std::uint64_t>() > 0; }))
    return {Errc::kUsage, "budgets must be a list of at most 256 whole numbers above 0"};
  for (const json& one : strategies) request.strategies.push_back(one.get<std::string>());
  for (const json& one : budgets) request.budgets.push_back(one.get<std::uint64_t>());
  return {};
}

// "strategy": "majority:n=16", "budget_tokens": 4096, "abstain_below": 0.8; what is missing [serve] says.
Result<ReasoningRequest> read_reasoning(const json& params) {
  ReasoningRequest reasoning;
  if (params.contains("strategy")) {
    if (!params["strategy"].is_string()) return Status(Errc::kUsage, "strategy must be a text, as \"majority:n=16\"");
    reasoning.strategy = params["strategy"].get<std::string>();
  }
  AD_ASSIGN_OR_RETURN(reasoning.budget_tokens, number(params, "budget_tokens", 0, 1u << 30));
  if (params.contains("budget_tokens") && reasoning.budget_tokens == 0)
    return Status(Errc::kUsage, "a budget of 0 tokens leaves nothing to answer with");
  if (params.contains("abstain_below")) {
    const json& value = params["abstain_below"];
    if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() <= 1))
      return Status(Errc::kUsage, "abstain_below must be a probability, from 0 to 1");
    reasoning.abstain_below = value.get<double>();
  }
  return reasoning;
}

bool flag(const json& params, const char* key) {
  return params.contains(key) && params[key].is_boolean() && params[key].get<bool>();
}

// "fit_auto": true, "samples": 4.
Status read_fit(const json& params, EvalRequest& request) {
  request.fit_auto = flag(params, "fit_auto");
  AD_ASSIGN_OR_RETURN(request.probes, number(params, "samples", 0, StrategyTable::kMaxProbes));
  return {};
}

// On a thread of its own: a page must not wait for a checkpoint or a drain.
std::shared_ptr<DashboardFeed> make_feed(const Context& context, const StatusBoard& board) {
  auto data = std::make_shared<DashboardData>(DashboardData::Sources{*context.store, *context.metrics, board, system_clock(),
                                                                     context.options->task.name, context.options->method.name});
  auto thread = context.threads->start({"dashboard", 1, [](const std::string& what) { log_error("dashboard", what); }});
  return std::make_shared<DashboardFeed>([data] { return data->json(); },
                                         [thread](auto job) { return thread->post(std::move(job)); }, system_clock());
}

}  // namespace

AdminVerbs::AdminVerbs(std::shared_ptr<Context> context, StatusBoard* board, caf::actor supervisor, RunningConfig* config,
                       caf::actor_system* system, AnswerBackend* answers)
    : context_(std::move(context)),
      board_(board),
      supervisor_(std::move(supervisor)),
      config_(config),
      system_(system),
      answers_(answers),
      slow_(context_->threads->start({"admin", 8, [](const std::string& what) { log_error("admin", what); }})),
      dashboard_(make_feed(*context_, *board_)) {}

Result<std::string> AdminVerbs::checkpoint() const {
  char stamp[64];
  std::snprintf(stamp, sizeof stamp, "%lld", static_cast<long long>(context_->clock->now_us() / 1000));
  const std::string base = context_->data_dir + "/checkpoints";
  AD_RETURN_IF_ERROR(make_directories(base));
  const std::string target = base + "/" + stamp;
  AD_RETURN_IF_ERROR(checkpoint_store(*context_->store, target));
  return json{{"checkpoint", target}, {"step", context_->trainer_step->load()}}.dump();
}

void AdminVerbs::call(const std::string& verb, const std::string& params_json, int deadline_ms, AdminBackend::Done done) {
  const auto answer = std::make_shared<Reply>(std::move(done));
  const auto params = parse(params_json);
  if (!params.ok()) return answer->give(params.status());
  const auto version = number(*params, "version", 0, 0xffffffffu);
  const auto limit = number(*params, "limit", 0, 1u << 30);
  for (const auto* n : {&version, &limit}) {
    if (!n->ok()) return answer->give(n->status());
  }
  const auto slowly = [&](std::function<Result<std::string>()> work) {
    if (!slow_->post([answer, work = std::move(work)] { answer->give(work()); })) {
      answer->give(Status(Errc::kTemporary, "8 such requests are under way; try again later"));
    }
  };
  const std::string ok = "{\"ok\":true}";
  if (verb == "status") return answer->give(board_->json());
  if (verb == "config") return answer->give(config_->config_json());
  if (verb == "pause" || verb == "resume") {
    anon_tell(supervisor_, Pause{verb == "pause"});
    return answer->give(ok);
  }
  if (verb == "reload") {
    const bool dry_run = flag(*params, "dry_run");
    return slowly([config = config_, supervisor = supervisor_, dry_run] { return config->reload(dry_run, supervisor); });
  }
  if (verb == "checkpoint") return slowly([this] { return checkpoint(); });
  if (verb == "drain") {
    anon_tell(supervisor_, Drain{});
    return slowly([board = board_, deadline_ms, ok]() -> Result<std::string> {
      if (board->wait_drained(deadline_ms)) return ok;
      return Status(Errc::kTemporary, "not drained yet; `autodidact status` shows what is left");
    });
  }
  system_->spawn<caf::hidden>(timer, answer, verb, deadline_ms);
  if (verb == "dashboard") return dashboard_->ask([answer](Result<std::string> r) { answer->give(std::move(r)); });
  if (verb == "promote" || verb == "rollback") {
    if (!params->contains("version")) return answer->give(Status(Errc::kUsage, verb + " needs a version"));
    anon_tell(supervisor_, ChooseVersion{static_cast<VersionId>(*version), verb == "rollback", [answer, ok](Status status) {
                                           answer->give(status.ok() ? Result<std::string>(ok) : status);
                                         }});
  } else if (verb == "ask") {
    if (!params->contains("question") || !(*params)["question"].is_string())
      return answer->give(Status(Errc::kUsage, "ask needs a question"));
    const std::string question = (*params)["question"].get<std::string>();
    const auto give = [answer](Result<std::string> r) { answer->give(std::move(r)); };
    if (flag(*params, "hint")) return anon_tell(supervisor_, AskRequest{question, true, give});
    const auto reasoning = read_reasoning(*params);
    if (!reasoning.ok()) return answer->give(reasoning.status());
    AskOptions options{"ask-" + std::to_string(context_->clock->now_us()) + "-" + std::to_string(asked_++), *reasoning,
                       std::chrono::steady_clock::now() + std::chrono::milliseconds(deadline_ms)};
    ask(
        context_->task, question, options,
        [this, &options](AnswerRequest request, AnswerListener listener) {
          answers_->answer(options.id, std::move(request), std::move(listener));
        },
        give);
  } else if (verb == "eval") {
    const auto serving = context_->weights->serving();
    const VersionId wanted = *version != 0 ? static_cast<VersionId>(*version) : serving ? serving->version : 0;
    if (wanted == 0)
      return answer->give(Status(Errc::kTemporary, "no weights serve yet: the base model is still being trained"));
    EvalRequest request{wanted, *limit, {}, {}, [answer](Result<std::string> r) { answer->give(std::move(r)); }};
    if (const Status status = read_strategies(*params, request); !status.ok()) return answer->give(status);
    if (const Status status = read_fit(*params, request); !status.ok()) return answer->give(status);
    anon_tell(supervisor_, std::move(request));
  } else {
    answer->give(Status(Errc::kUsage, "unknown verb " + verb));
  }
}

}  // namespace autodidact
