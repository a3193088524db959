#include "tests/actors/answerer_bench.hpp"

#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/actors/test_loop.hpp"

namespace autodidact {

Options AnswererBench::options_of_tests() {
  Options options = small_options();
  options.serve.batch = 8;
  options.serve.queue = 16;
  options.serve.deadline_ms = 20000;
  options.verifier.kind = "dpo";
  return options;
}

AnswererBench::AnswererBench(Settings settings) {
  std::string directory = (std::filesystem::current_path() / "answerer-XXXXXX").string();
  AD_REQUIRE(::mkdtemp(directory.data()) != nullptr, "mkdtemp");
  context_->data_dir = directory;
  context_->options = std::make_shared<const Options>(settings.options);
  context_->task = make_task(settings.options.task, 1).value();
  context_->begin_with(open_start_model(settings.options, context_->task).value());
  runtime_ = std::make_unique<FakeRuntime>(FakeOptions{.tokenizer = context_->tokenizer,
                                                       .oracle = settings.oracle,
                                                       .tokens_per_step = settings.tokens_per_step,
                                                       .decode_step = settings.decode_step});
  weights_ = std::make_unique<WeightBoard>(directory);
  context_->runtime = runtime_.get();
  context_->store = store_.get();
  context_->weights = weights_.get();
  context_->gate = &gate_;
  context_->model_clock = &model_clock_;
  context_->metrics = &metrics_;
  context_->threads = &threads_;
  context_->clock = &system_clock();
  served_ = std::make_unique<ServedAnswers>(context_);
  context_->served = served_.get();
  serve(1);
  // As the actor does: an engine that broke answers what it had.
  auto engine = std::make_shared<std::weak_ptr<AnswererEngine>>();
  engine_ = std::make_shared<AnswererEngine>(context_, [engine](const std::string&) {
    if (auto broken = engine->lock()) broken->stop();
  });
  *engine = engine_;
}

AnswererBench::~AnswererBench() {
  model().block_decoding(false);
  engine_->stop();
  engine_.reset();
  threads_.stop_all(std::chrono::steady_clock::now() + std::chrono::seconds(20));
}

void AnswererBench::serve(VersionId version) {
  weights_->post(with_version(init_weights(context_->model_config, 0.02, 1), version));
  AD_REQUIRE(weights_->serve(version).ok(), "serve");
}

void AnswererBench::serve_verifier(VersionId version) {
  weights_->post(with_version(init_weights(context_->model_config, 0.02, 1), version));
  AD_REQUIRE(weights_->serve_verifier(version).ok(), "serve_verifier");
}

std::string AnswererBench::Heard::streamed(std::uint32_t choice) {
  std::lock_guard lock(mutex);
  std::string text;
  for (const AnswerPart& part : parts)
    if (part.choice == choice) text += part.text;
  return text;
}

std::shared_ptr<AnswererBench::Heard> AnswererBench::submit(AnswerRequest request, const std::string& id) {
  auto heard = std::make_shared<Heard>();
  AnswerListener listener;
  listener.part = [heard](const AnswerPart& part) {
    std::lock_guard lock(heard->mutex);
    heard->parts.push_back(part);
  };
  listener.done = [heard](Result<Answer> answer) { heard->promise.set_value(std::move(answer)); };
  listener.wanted = [heard] { return heard->wanted.load(); };
  engine_->submit(id, std::make_shared<const AnswerRequest>(std::move(request)), std::make_shared<Asker>(std::move(listener)));
  return heard;
}

Result<Answer> AnswererBench::ask(AnswerRequest request, const std::string& id) {
  const auto heard = submit(std::move(request), id);
  AD_REQUIRE(heard->done(), "no answer within 20 s");
  return heard->answer.get();
}

AnswerRequest AnswererBench::chat(const std::string& question) {
  AnswerRequest request;
  request.messages.push_back({"user", question});
  request.sampler.max_tokens = 0;
  return request;
}

AnswerRequest AnswererBench::text(const std::string& prompt) {
  AnswerRequest request;
  request.prompt = prompt;
  request.sampler.max_tokens = 0;
  return request;
}

AnswerRequest AnswererBench::reasoning(const std::string& question, const std::string& strategy, std::uint64_t budget) {
  AnswerRequest request = chat(question);
  request.reasoning = ReasoningRequest{strategy, budget, std::nullopt};
  request.seed = 5;
  return request;
}

bool AnswererBench::wait_until(const std::function<bool()>& condition) {
  return TestLoop::wait_until(condition, std::chrono::seconds(20));
}

}  // namespace autodidact
