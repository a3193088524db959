#include "tests/gateway/fake_answers.hpp"

namespace autodidact {

std::vector<AnswerToken> byte_tokens(const std::string& text, float logprob) {
  std::vector<AnswerToken> tokens;
  for (const char c : text) {
    const std::string byte(1, c);
    tokens.push_back({static_cast<unsigned char>(c), byte, logprob, std::pair(byte, logprob)});
  }
  return tokens;
}

Answer plain_answer(const std::string& text) {
  Answer answer;
  answer.choices.push_back({text, Finish::kStop, {}});
  answer.version = 12;
  answer.prompt_tokens = 7;
  answer.cached_tokens = 4;
  answer.completion_tokens = text.size();
  return answer;
}

FakeAnswers::FakeAnswers() {
  on_answer = [](Asked& asked) {
    Answer answer = plain_answer("four");
    for (std::uint32_t c = 1; c < asked.request.n; ++c) answer.choices.push_back(answer.choices[0]);
    asked.listener.done(std::move(answer));
  };
  thread_ = std::thread([this] { work(); });
}

FakeAnswers::~FakeAnswers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void FakeAnswers::answer(const std::string& id, AnswerRequest request, AnswerListener listener) {
  {
    const std::lock_guard lock(mutex_);
    asked_.emplace_back(id, request);
    waiting_.push_back({id, std::move(request), std::move(listener)});
  }
  wake_.notify_one();
}

void FakeAnswers::feedback(Feedback feedback, std::function<void(Status)> done) {
  {
    const std::lock_guard lock(mutex_);
    feedbacks_.push_back(feedback);
  }
  done(on_feedback(feedback));
}

std::vector<std::pair<std::string, AnswerRequest>> FakeAnswers::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::vector<Feedback> FakeAnswers::feedbacks() const {
  const std::lock_guard lock(mutex_);
  return feedbacks_;
}

void FakeAnswers::work() {
  for (;;) {
    Asked asked;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      asked = std::move(waiting_.front());
      waiting_.pop_front();
    }
    on_answer(asked);
  }
}

}  // namespace autodidact
