// dashboard_server [empty | restarts]: the gateway with the live page over a made-up run, until standard input ends; its
// address is the first line of standard output. The run's texts are as hostile as a model can write them. `empty`: a fresh
// start instead. `restarts`: the first two times the data is asked for, the daemon has just gone.

#include <atomic>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "actors/dashboard_data.hpp"
#include "gateway/gateway.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class MadeUpRun : public AdminBackend {
 public:
  explicit MadeUpRun(const std::string& kind)
      : refusals_(kind == "restarts" ? 2 : 0), data_({*store_, metrics_, board_, system_clock(), "addition", "star"}) {
    if (kind != "empty") fill();
  }

  void call(const std::string&, const std::string&, int, Done done) override {
    if (refusals_.fetch_sub(1) > 0) return done({Status(Errc::kTemporary, "the daemon is stopping"), ""});
    done({Status(), data_.json()});
  }
  bool live() const override { return true; }
  Readiness readiness() const override { return {true, "{}"}; }
  std::string metrics_text() const override { return metrics_.text(); }
  ReplayStore& store() override { return *store_; }

 private:
  void fill() {
    add_attempts();
    add_versions();
    metrics_.set("autodidact_staleness_versions", "mean", 1.25);
    metrics_.set("autodidact_staleness_versions", "max", 3);
    const json roles = {{{"role", "generate_pool"},
                         {"state", "idle"},
                         {"waits_for", "the curriculum"},
                         {"waiting_ms", 4200},
                         {"restarts", 0},
                         {"pending", 11.0},
                         {"held", 22.0},
                         {"credits", 33.0},
                         {"done", 44.0}},
                        {{"role", "trainer"},
                         {"state", "waiting"},
                         {"waits_for", "<b>the ratio limiter</b>"},
                         {"waiting_ms", 61000},
                         {"restarts", 2}}};
    const json status = {{"phase", "sample"},
                         {"round", 3},
                         {"round_done", 250},
                         {"round_size", 1000},
                         {"serving", 5},
                         {"verifier", 6},
                         {"best_accuracy", 0.8125},
                         {"step", 1234},
                         {"plan_steps", 0},
                         {"paused", false},
                         {"finished", false},
                         {"draining", false},
                         {"uptime_s", 77.5},
                         {"device", "trainer inside for 12 ms"},
                         {"attempts_per_s", 512.5},
                         {"tokens_per_s", 20480.0},
                         {"train_tokens_per_s", 0.0},
                         {"steps_per_s", 9.5},
                         {"accepted_share", 0.375},
                         {"accuracy", 0.78125},
                         {"trouble", {"trainer is stalled <i>now</i>"}},
                         {"actors", roles}};
    board_.post({}, status.dump(), true, "{}");
  }

  void commit(WriteSet set) { AD_REQUIRE(store_->commit(std::move(set)).ok(), "the made-up run cannot be stored"); }

  void add(std::uint64_t position, bool kept, const std::string& problem, const std::string& text) {
    WriteSet set = item_set(position);
    set.items[0].problem.prompt = problem;
    set.items[0].problem.id = position;
    JudgedAttempt& judged = set.items[0].attempts[0];
    judged.attempt.text = text;
    judged.selection = {kept, kept ? Reject::kNone : Reject::kWrong, kept ? 1.0f : 0.0f};
    commit(std::move(set));
  }

  void add_attempts() {
    using namespace std::string_literals;
    add(1, true, "12 + 34", "2 + 4 = 6, carry 0\n1 + 3 = 4\nanswer 46");
    add(2, true, "<script>document.title='owned'</script>",
        "</pre></script><img src=x onerror=\"document.title='owned'\"><svg onload=\"document.title='owned'\">");
    add(3, false, "what is hidden?",
        "NUL\0 escape\x1b[31m override\xe2\x80\xae"
        "drawkcab\xe2\x80\xac zero\xe2\x80\x8bwidth end"s);
    add(4, false, "what is no UTF-8?", "bad \xff\xc3( bytes");
    add(5, false, "how long?", std::string(2'000, 'x') + "\n" + std::string(50'000, 'y') + "never shown");
    add(6, false, "{{constructor.constructor('document.title=1')()}}", "${document.title='owned'} javascript:alert(1)");
  }

  void add_versions() {
    const auto estimate = [](double v) { return json{{"value", v}, {"low", v - 0.05}, {"high", std::min(1.0, v + 0.05)}}; };
    WriteSet set;
    const double accuracy[] = {0.25, 0.46, 0.63, 0.6, 0.78125};
    for (VersionId id = 1; id <= 5; ++id) {
      json curve = json::array();
      const double a = accuracy[id - 1];
      for (int k = 1; k <= 64; k *= 2) {
        const double more = 1 - 1.0 / k;
        curve.push_back({{"k", k},
                         {"tokens", 40 * k},
                         {"pass", estimate(a + (1 - a) * 0.8 * more)},
                         {"majority", estimate(a + (1 - a) * 0.3 * more)},
                         {"best", estimate(a + (1 - a) * 0.6 * more)},
                         {"weighted", estimate(a + (1 - a) * 0.5 * more)}});
      }
      set.versions.push_back(make_version(id, id == 4 ? VersionState::kRefused : VersionState::kPromoted));
      set.versions.back().round = id - 1;
      set.versions.back().metrics_json = json{{"accuracy", a},
                                              {"n", 400},
                                              {"correct", static_cast<int>(400 * a)},
                                              {"candidates", {{"verifier", 6}, {"curve", curve}}}}
                                             .dump();
    }
    set.versions.push_back(make_version(6));
    set.versions.back().line = VersionLine::kVerifier;
    set.versions.back().metrics_json = json{{"best_of_k", 0.90625}, {"pass_at_1", 0.7}, {"k", 16}}.dump();
    commit(std::move(set));
  }

  std::atomic<int> refusals_;
  std::unique_ptr<ReplayStore> store_ = make_memory_store();
  Metrics metrics_;
  StatusBoard board_;
  DashboardData data_;
};

int serve(const std::string& kind) {
  MadeUpRun run(kind);
  GatewaySettings settings;
  settings.listen = "127.0.0.1:0";
  auto gateway = Gateway::start(run, settings);
  if (!gateway.ok()) return std::fprintf(stderr, "%s\n", gateway.status().message().c_str()), 1;
  std::printf("%s\n", (*gateway)->health_address().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace
}  // namespace autodidact

int main(int argc, char** argv) { return autodidact::serve(argc > 1 ? argv[1] : ""); }
