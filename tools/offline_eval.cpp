#include "tools/offline_eval.hpp"

#include <chrono>
#include <future>

#include "actors/answerer_engine.hpp"
#include "config/log.hpp"

namespace autodidact {
namespace {

// The few parts of a daemon that an evaluator engine needs.
struct Bench {
  std::unique_ptr<ReplayStore> store;
  std::unique_ptr<ModelRuntime> runtime;
  std::unique_ptr<WeightBoard> weights;
  DeviceGate gate{DeviceGate::Mode::kSplit};
  ModelClock model_clock;
  Metrics metrics;
  ThreadKeeper threads;
  std::shared_ptr<Context> context = std::make_shared<Context>();
  VersionId serving = 0;

  // A job gives its answer before it ends, and what it captured may be the last that holds its engine, whose thread cannot join
  // itself: threads end while their keeper holds them.
  ~Bench() { threads.stop_all(std::chrono::steady_clock::now() + std::chrono::seconds(10)); }

  Status open(const Options& options, const RuntimeFactory& make_runtime) {
    AD_ASSIGN_OR_RETURN(store, open_store_read_only(options.data_dir + "/store", options.store));
    AD_ASSIGN_OR_RETURN(const LoopState loop, store->loop_state());
    serving = loop.serving;
    const VersionId verifier = loop.verifier;
    AD_ASSIGN_OR_RETURN(context->task, make_task(options.task, static_cast<std::uint64_t>(options.seed)));
    AD_ASSIGN_OR_RETURN(StartModel start, open_start_model(options, context->task));
    context->begin_with(std::move(start));
    runtime = make_runtime(context->tokenizer);
    weights = std::make_unique<WeightBoard>(options.data_dir, compute_dtype(options.model));
    if (verifier != 0) AD_RETURN_IF_ERROR(weights->serve_verifier(verifier));
    context->store = store.get();
    context->options = std::make_shared<const Options>(options);
    context->runtime = runtime.get();
    context->weights = weights.get();
    context->gate = &gate;
    context->model_clock = &model_clock;
    context->metrics = &metrics;
    context->threads = &threads;
    return {};
  }
};

}  // namespace

Result<std::string> offline_eval(const Options& options, const RuntimeFactory& make_runtime, StrategyEval request) {
  Bench bench;
  AD_RETURN_IF_ERROR(bench.open(options, make_runtime));
  if (request.version == 0) request.version = bench.serving;
  if (request.version == 0) return Status(Errc::kNotFound, "no version to evaluate: the base model is not trained yet");
  std::promise<Result<std::string>> promise;
  const auto engine = std::make_shared<EvaluatorEngine>(
      bench.context, [&](const std::string& what) { promise.set_value(Status(Errc::kInternal, what)); });
  const auto give = [&](Result<std::string> result) { promise.set_value(std::move(result)); };
  if (request.fit_auto || !request.strategies.empty()) {
    engine->compare(std::move(request), give);
  } else {
    engine->evaluate(request.version, request.limit, /*keep=*/false, [&](Result<EvaluationResult> result) {
      give(result.ok() ? Result<std::string>(result->metrics_json) : Result<std::string>(result.status()));
    });
  }
  return promise.get_future().get();
}

Result<std::string> offline_ask(const Options& options, const RuntimeFactory& make_runtime, const std::string& question,
                                const AskOptions& asked) {
  Bench bench;
  AD_RETURN_IF_ERROR(bench.open(options, make_runtime));
  if (bench.serving != 0) AD_RETURN_IF_ERROR(bench.weights->serve(bench.serving));
  std::promise<Result<std::string>> promise;
  std::shared_ptr<AnswererEngine> engine;
  engine = std::make_shared<AnswererEngine>(bench.context, [&](const std::string& what) {
    log_error("ask", what);
    engine->stop();  // answers with an error
  });
  ask(
      bench.context->task, question, asked,
      [&](AnswerRequest request, AnswerListener listener) {
        engine->submit(asked.id, std::make_shared<const AnswerRequest>(std::move(request)),
                       std::make_shared<Asker>(std::move(listener)));
      },
      [&](Result<std::string> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

}  // namespace autodidact
