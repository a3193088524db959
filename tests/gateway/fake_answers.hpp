#pragma once
// Whoever answers under /v1, doing what a test tells it to. Its listeners are called on a thread of its own, as the daemon's
// are.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors/answer_backend.hpp"

namespace autodidact {

// A token for each byte of `text`; the likeliest in its place is itself.
std::vector<AnswerToken> byte_tokens(const std::string& text, float logprob = -0.5f);

// One choice with `text`, of version 12.
Answer plain_answer(const std::string& text);

class FakeAnswers : public AnswerBackend {
 public:
  struct Asked {
    std::string id;
    AnswerRequest request;
    AnswerListener listener;
  };

  FakeAnswers();
  ~FakeAnswers() override;

  void answer(const std::string& id, AnswerRequest request, AnswerListener listener) override;
  std::vector<ServedModel> models() const override { return served; }
  void feedback(Feedback feedback, std::function<void(Status)> done) override;

  // Set before the gateway starts. What the thread does with a request; by default it says "four" to each choice.
  std::function<void(Asked&)> on_answer;
  std::function<Status(const Feedback&)> on_feedback = [](const Feedback&) { return Status(); };
  std::vector<ServedModel> served = {{"autodidact", 1'700'000'000}, {"autodidact/v12", 1'700'000'000}};

  // The requests so far, without their listeners.
  std::vector<std::pair<std::string, AnswerRequest>> asked() const;
  std::vector<Feedback> feedbacks() const;

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Asked> waiting_;                                 // guarded by mutex_
  std::vector<std::pair<std::string, AnswerRequest>> asked_;  // guarded by mutex_
  std::vector<Feedback> feedbacks_;                           // guarded by mutex_
  bool stopping_ = false;                                     // guarded by mutex_
  std::thread thread_;
};

}  // namespace autodidact
