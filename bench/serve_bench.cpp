// Answers over HTTP beside the decoder alone, in one process: a daemon that has trained (the preset's model and a verifier,
// quickly) serves `--streams` streamed completions at once, and a decoder of the same weights draws the same requests without
// it, in turns. Then what one request of many samples computes of its prompt. Prints one JSON object.
//
//   serve_bench [--preset config/presets/vstar-addition.toml] [--streams 64] [--requests 640] [--rounds 5]

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/bench_model.hpp"
#include "bench/stream_client.hpp"
#include "bench/watched_runtime.hpp"
#include "config/loader.hpp"
#include "config/log.hpp"
#include "kernels/rng.hpp"
#include "tools/gateway_settings.hpp"

namespace autodidact::bench {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Of this process's threads of that name, so far.
double thread_seconds(const std::string& name) {
  double seconds = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(task.path() / "comm"), comm);
    double ns = 0;
    if (comm == name && std::ifstream(task.path() / "schedstat") >> ns) seconds += ns * 1e-9;
  }
  return seconds;
}

double process_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

// Small enough to be trained in seconds: what is measured does not depend on how good the model is.
std::vector<std::string> overrides(const Arguments& arguments) {
  return {"data_dir=" + arguments.text("dir"),
          "gateway.listen=127.0.0.1:0",
          "log.level=warn",
          "log.tensorboard=false",
          "loop.rounds=1",
          "loop.problems_per_round=60",
          "task.max_digits=2",
          "task.seed_examples=[300,300]",
          "task.hinted_seed_examples=[0,0]",
          "task.held_out_per_digit=10",
          "model.max_positions=" + arguments.text("positions"),
          "train.seed_steps=150",
          "train.steps_first_round=10",
          "verifier.steps=10",
          "verifier.checkpoints=1",
          "eval.samples=2",
          "eval.sample_problems=4",
          "sample.threads=" + arguments.text("threads"),
          "sample.batch=256",
          "serve.batch=" + arguments.text("streams"),
          "serve.queue=1024"};
}

struct Ask {
  std::vector<TokenId> prompt;
  std::int32_t tokens = 0;
};

std::vector<TokenId> fresh_prompt(std::uint64_t number, std::int64_t length, std::int64_t vocabulary) {
  std::vector<TokenId> prompt;
  for (std::int64_t i = 0; i < length; ++i)
    prompt.push_back(
        static_cast<TokenId>(random_bits(number, static_cast<std::uint64_t>(i)) % static_cast<std::uint64_t>(vocabulary)));
  return prompt;
}

json body_of(const Ask& ask) {
  return {{"model", "autodidact"}, {"prompt", ask.prompt}, {"max_tokens", ask.tokens}, {"temperature", 1}};
}

class Bench {
 public:
  explicit Bench(const Arguments& arguments) : arguments_(arguments) {}

  Status prepare() {
    const LoadedConfig loaded = load_config(arguments_.text("preset"), overrides(arguments_));
    AD_RETURN_IF_ERROR(loaded.status());
    AD_RETURN_IF_ERROR(open_log(loaded.options.log));
    threads_ = loaded.options.sample.threads;
    const auto runtime = [&](const auto&) { return std::make_unique<WatchedRuntime>(arguments_.integer("streams"), watch_); };
    AD_ASSIGN_OR_RETURN(daemon_, Daemon::start({"", {}, loaded.options, runtime}));
    AD_ASSIGN_OR_RETURN(const auto settings, gateway_settings(*daemon_, loaded.options));
    AD_ASSIGN_OR_RETURN(gateway_, Gateway::start(*daemon_, settings));
    const auto begin = Clock::now();
    while (!daemon_->board().progress().finished) {
      if (seconds_since(begin) > 300) return {Errc::kTemporary, "the daemon has not trained within 300 s"};
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const std::string reply = post_completion(address(), body_of({{0}, 1}).dump());  // gives the answerer its weights
    const std::lock_guard lock(watch_.mutex);
    weights_ = watch_.weights;
    return weights_ != nullptr ? Status() : Status(Errc::kUnavailable, "nothing is answered: " + reply);
  }

  Result<json> measure() {
    json result{{"streams", arguments_.integer("streams")}, {"decoder_threads", threads_}};
    AD_RETURN_IF_ERROR(throughput(result));
    AD_ASSIGN_OR_RETURN(result["prompt_work"], prompt_work());
    return result;
  }

  void end() {
    if (gateway_) gateway_->stop(500);
    if (daemon_) (void)daemon_->drain(20'000);
    daemon_.reset();
  }

 private:
  const std::string& address() const { return gateway_->health_address(); }

  // Lengths from half to three halves of --new: they end at different times.
  std::vector<Ask> next_asks() {
    const std::int64_t mean = arguments_.integer("new");
    std::vector<Ask> asks;
    for (std::int64_t i = 0; i < arguments_.integer("requests"); ++i) {
      const std::uint64_t number = ++asked_;
      const auto more = static_cast<std::int64_t>(random_bits(number, 7777) % static_cast<std::uint64_t>(mean + 1));
      asks.push_back({fresh_prompt(number, arguments_.integer("prompt"), weights_->config.vocab_size),
                      static_cast<std::int32_t>(mean / 2 + more)});
    }
    return asks;
  }

  struct Alone {
    double tokens_per_s = 0, processor_s = 0, steps = 0;
  };
  // A decoder that is kept full, as the answerer keeps its own, by a thread that does nothing else.
  Result<Alone> decode_alone(const std::vector<Ask>& asks) {
    Decoder* const decoder = decoder_.get();  // of all rounds: its cache is in the same state as the answerer's
    const DecoderStats before = decoder->stats();
    std::vector<DecodeResult> finished;
    std::size_t sent = 0, running = 1;
    const double processor = process_seconds();
    const auto begin = Clock::now();
    while (running > 0) {
      for (; decoder->free_slots() > 0 && sent < asks.size(); ++sent) {
        DecodeRequest request{sent, asks[sent].prompt, {}, sent};
        request.sampler.temperature = 1;
        request.sampler.max_tokens = asks[sent].tokens;
        decoder->submit(std::move(request));
      }
      running = decoder->step(finished);
      for (const DecodeResult& result : finished) AD_RETURN_IF_ERROR(result.status);
      finished.clear();
    }
    const DecoderStats stats = decoder->stats();
    return Alone{static_cast<double>(stats.tokens - before.tokens) / seconds_since(begin), process_seconds() - processor,
                 static_cast<double>(stats.steps - before.steps)};
  }

  Result<StreamRun> stream(const std::vector<Ask>& asks) {
    std::vector<std::string> bodies;
    for (const Ask& ask : asks) {
      json body = body_of(ask);
      body["stream"] = true;
      body["stream_options"] = {{"include_usage", true}};
      bodies.push_back(body.dump());
    }
    StreamRun run = run_streams(address(), bodies, static_cast<std::size_t>(arguments_.integer("streams")));
    std::uint64_t wanted = 0;
    for (const Ask& ask : asks) wanted += static_cast<std::uint64_t>(ask.tokens);
    if (run.error.empty() && run.tokens != wanted)
      run.error = std::to_string(run.tokens) + " tokens came, not " + std::to_string(wanted);
    if (!run.error.empty()) return Status(Errc::kIo, run.error);
    return run;
  }

  Status throughput(json& result) {
    AD_ASSIGN_OR_RETURN(decoder_, make_cpu_decoder({arguments_.integer("streams"), 0, threads_}));
    AD_RETURN_IF_ERROR(decoder_->set_weights(weights_));
    const auto warm = next_asks();  // both go through all their pages once
    AD_RETURN_IF_ERROR(decode_alone(warm).status());
    AD_RETURN_IF_ERROR(stream(warm).status());
    std::vector<double> alone, served, first, ratios;
    double tokens = 0, events = 0, wall = 0, alone_s = 0, alone_steps = 0;
    const double all = process_seconds(), http = thread_seconds("ad-http"), answerer = thread_seconds("answerer");
    const std::uint64_t step_ns = watch_.step_ns, steps = watch_.steps, drawn = watch_.tokens;
    for (std::int64_t round = 0; round < arguments_.integer("rounds"); ++round) {
      const auto asks = next_asks();
      AD_ASSIGN_OR_RETURN(const Alone apart, decode_alone(asks));
      AD_ASSIGN_OR_RETURN(const StreamRun run, stream(asks));
      alone.push_back(apart.tokens_per_s);
      served.push_back(static_cast<double>(run.tokens) / run.seconds);
      ratios.push_back(served.back() / apart.tokens_per_s);
      first.insert(first.end(), run.first_token_s.begin(), run.first_token_s.end());
      tokens += static_cast<double>(run.tokens), events += static_cast<double>(run.events), wall += run.seconds;
      alone_s += apart.processor_s, alone_steps += apart.steps;
    }
    const double busy = process_seconds() - all - alone_s;
    const double http_s = thread_seconds("ad-http") - http, answerer_s = thread_seconds("answerer") - answerer;
    result["decoder_tokens_per_s"] = alone;
    result["http_tokens_per_s"] = served;
    result["ratio_of_medians"] = quantile(served, 0.5) / quantile(alone, 0.5);
    result["ratio_of_best"] = quantile(served, 1) / quantile(alone, 1);  // other work on the machine only slows
    result["ratios"] = ratios;
    result["first_token_ms"] = {{"p50", 1e3 * quantile(first, 0.5)}, {"p99", 1e3 * quantile(first, 0.99)}};
    result["events_per_token"] = events / tokens;
    result["of_decoder"] = {{"processor_s", alone_s}, {"sequences_per_step", tokens / alone_steps}};
    result["of_http"] = {
        {"wall_s", wall},
        {"answerer_processor_s", answerer_s},
        {"in_decoder_steps_s", 1e-9 * static_cast<double>(watch_.step_ns - step_ns)},
        {"http_thread_processor_s", http_s},
        {"client_and_actors_processor_s", busy - http_s - answerer_s},
        {"sequences_per_step", static_cast<double>(watch_.tokens - drawn) / static_cast<double>(watch_.steps - steps)}};
    return {};
  }

  // Prompt tokens that the decoder computes for one request.
  Result<std::uint64_t> computed(const std::string& strategy, std::int64_t length) {
    json body = body_of({fresh_prompt(++asked_, length, weights_->config.vocab_size), 32});
    body["reasoning"] = {{"strategy", strategy}, {"budget_tokens", 4096}};
    const std::uint64_t before = watch_.prompt_tokens;
    const std::string reply = post_completion(address(), body.dump());
    if (reply.find("\"reasoning\":{") == std::string::npos) return Status(Errc::kIo, strategy + ": " + reply);
    return watch_.prompt_tokens - before;
  }

  Result<json> prompt_work() {
    json rows = json::array();
    for (const std::int64_t length : {8, 16, 32, 64, 128, 160, 256, 384}) {
      AD_ASSIGN_OR_RETURN(const auto one, computed("sample", length));
      AD_ASSIGN_OR_RETURN(const auto many, computed(arguments_.text("strategy"), length));
      rows.push_back({{"prompt", length},
                      {"sample", one},
                      {arguments_.text("strategy"), many},
                      {"ratio", static_cast<double>(many) / static_cast<double>(one)}});
    }
    return rows;
  }

  const Arguments& arguments_;
  DecoderWatch watch_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Gateway> gateway_;
  WeightsPtr weights_;
  std::unique_ptr<Decoder> decoder_;
  std::int64_t threads_ = 1;
  std::uint64_t asked_ = 0;
};

int run(const Arguments& arguments) {
  std::filesystem::remove_all(arguments.text("dir"));
  Bench bench(arguments);
  const Status ready = bench.prepare();
  const Result<json> result = ready.ok() ? bench.measure() : Result<json>(ready);
  bench.end();
  std::filesystem::remove_all(arguments.text("dir"));
  if (!result.ok()) {
    std::fprintf(stderr, "serve_bench: %s\n", result.status().message().c_str());
    return exit_code(result.status().code());
  }
  std::printf("%s\n", result->dump(1).c_str());
  return 0;
}

}  // namespace
}  // namespace autodidact::bench

int main(int argc, char** argv) {
  return autodidact::bench::run({argc,
                                 argv,
                                 {{"preset", "config/presets/vstar-addition.toml"},
                                  {"dir", "/tmp/autodidact-serve-bench"},
                                  {"streams", "64"},
                                  {"requests", "640"},
                                  {"rounds", "5"},
                                  {"prompt", "12"},
                                  {"new", "96"},
                                  {"positions", "512"},
                                  {"threads", "1"},
                                  {"strategy", "best_of_n:n=16"}}});
}
