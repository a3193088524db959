#pragma once
// Whoever asked a question: is answered exactly once, by whoever comes first (the engine, the deadline, or the last holder that
// lets go), and gets no part behind that. Shared by all who may answer; any thread.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "actors/answer_backend.hpp"

namespace autodidact {

class Asker {
 public:
  explicit Asker(AnswerListener listener) : listener_(std::move(listener)) {}
  ~Asker() {
    finish(Status(Errc::kTemporary, "whoever was answering has ended: it is restarted, or the daemon is stopping; ask again"));
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  // False once it is answered, or the client left.
  bool waits() const {
    std::lock_guard lock(mutex_);
    return !answered_ && (!listener_.wanted || listener_.wanted());
  }
  bool streams() const { return listener_.part != nullptr; }
  void part(const AnswerPart& part) {
    std::lock_guard lock(mutex_);
    if (!answered_ && listener_.part) listener_.part(part);
  }
  // False: somebody else has.
  bool finish(Result<Answer> answer) {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(answered_, true)) return false;
    }
    listener_.done(std::move(answer));
    return true;
  }

 private:
  const AnswerListener listener_;
  mutable std::mutex mutex_;
  bool answered_ = false;  // guarded by mutex_
};
using AskerPtr = std::shared_ptr<Asker>;

// The same of feedback.
class FeedbackReply {
 public:
  explicit FeedbackReply(std::function<void(Status)> done) : done_(std::move(done)) {}
  ~FeedbackReply() { give({Errc::kTemporary, "whoever was to grade the answer has ended and is restarted; send it again"}); }
  FeedbackReply(const FeedbackReply&) = delete;
  FeedbackReply& operator=(const FeedbackReply&) = delete;
  void give(Status status) {
    if (!given_.exchange(true)) done_(std::move(status));
  }

 private:
  const std::function<void(Status)> done_;
  std::atomic<bool> given_{false};
};

}  // namespace autodidact
