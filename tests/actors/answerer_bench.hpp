#pragma once
// An answerer's engine on the fake model, without actors. Owned by one test.

#include <future>

#include "actors/answerer_engine.hpp"
#include "tests/fakes/addition_oracle.hpp"
#include "tests/fakes/fake_runtime.hpp"

namespace autodidact {

class AnswererBench {
 public:
  struct Settings {
    Options options = options_of_tests();
    Oracle oracle = improving_oracle();
    std::int32_t tokens_per_step = 2;
    std::chrono::microseconds decode_step{0};
  };
  static Options options_of_tests();
  explicit AnswererBench(Settings settings);
  ~AnswererBench();

  void serve(VersionId version);
  void serve_verifier(VersionId version);
  // What the listener was told, in order.
  struct Heard {
    std::mutex mutex;
    std::vector<AnswerPart> parts;  // guarded by mutex
    std::promise<Result<Answer>> promise;
    std::future<Result<Answer>> answer = promise.get_future();
    std::atomic<bool> wanted{true};
    bool done(std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
      return answer.wait_for(timeout) == std::future_status::ready;
    }
    std::string streamed(std::uint32_t choice = 0);
  };
  std::shared_ptr<Heard> submit(AnswerRequest request, const std::string& id = "chatcmpl-1");
  // submit() and wait.
  Result<Answer> ask(AnswerRequest request, const std::string& id = "chatcmpl-1");

  static AnswerRequest chat(const std::string& question);
  static AnswerRequest text(const std::string& prompt);
  static AnswerRequest reasoning(const std::string& question, const std::string& strategy, std::uint64_t budget = 0);

  AnswererEngine& engine() { return *engine_; }
  FakeControls& model() { return runtime_->controls(); }
  Context& context() { return *context_; }
  ReplayStore& store() { return *store_; }
  const Metrics& metrics() const { return metrics_; }
  double pages_in_use() const { return metrics_.value("autodidact_kv_cache_pages", "answerer_in_use"); }
  static bool wait_until(const std::function<bool()>& condition);

 private:
  std::unique_ptr<ReplayStore> store_ = make_memory_store();
  std::unique_ptr<FakeRuntime> runtime_;
  std::unique_ptr<WeightBoard> weights_;
  DeviceGate gate_{DeviceGate::Mode::kSplit};
  ModelClock model_clock_;
  Metrics metrics_;
  ThreadKeeper threads_;
  std::shared_ptr<Context> context_ = std::make_shared<Context>();
  std::unique_ptr<ServedAnswers> served_;
  std::shared_ptr<AnswererEngine> engine_;
};

}  // namespace autodidact
