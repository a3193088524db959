#include "gateway/openai/answer_call.hpp"

#include <atomic>
#include <ctime>
#include <mutex>

#include "gateway/openai/reply.hpp"

namespace autodidact {

namespace {

ReplyHead head_of(const CompletionCall& call, std::string id) {
  return {std::move(id), std::time(nullptr), call.model, call.chat, call.logprobs, call.top_logprobs};
}

class AnswerCall : public std::enable_shared_from_this<AnswerCall> {
 public:
  AnswerCall(CompletionCall call, std::string id, std::shared_ptr<Exchange> exchange)
      : call_(std::move(call)),
        head_(head_of(call_, std::move(id))),
        n_(call_.requests.front().n),
        exchange_(std::move(exchange)),
        chunks_(head_, call_.requests.size() * n_, call_.include_usage),
        answers_(call_.requests.size()),
        open_(call_.requests.size()) {
    if (call_.stream) exchange_->stream_as("text/event-stream; charset=utf-8");
  }

  void start(AnswerBackend& backend, std::chrono::steady_clock::time_point deadline) {
    for (std::size_t i = 0; i < call_.requests.size() && !over_; ++i) {
      AnswerRequest request = call_.requests[i];
      request.deadline = deadline;
      const std::string id = call_.requests.size() == 1 ? head_.id : head_.id + "-" + std::to_string(i);
      backend.answer(id, std::move(request), listener(i));
    }
  }

 private:
  AnswerListener listener(std::size_t i) {
    AnswerListener listener;
    if (call_.stream) {
      listener.part = [self = shared_from_this(), i](const AnswerPart& part) { self->on_part(i, part); };
    }
    listener.done = [self = shared_from_this(), i](Result<Answer> answer) { self->on_done(i, std::move(answer)); };
    listener.wanted = [self = shared_from_this()] { return !self->over_ && self->exchange_->wanted(); };
    return listener;
  }

  void on_part(std::size_t i, const AnswerPart& part) {
    const std::lock_guard lock(mutex_);
    if (over_ || part.choice >= n_) return;
    say(chunks_.part(i * n_ + part.choice, part));
  }

  void on_done(std::size_t i, Result<Answer> answer) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    if (!answer.ok()) return fail(answer.status());
    for (const AnswerChoice& choice : answer->choices) {
      if (choice.finish != Finish::kError) continue;
      return fail(Status(Errc::kInternal, "the model failed on this request; the daemon's log may say why"));
    }
    if (answer->choices.empty() || answer->choices.size() > n_) {
      return fail(Status(Errc::kInternal, "the daemon gave " + std::to_string(answer->choices.size()) + " answers"));
    }
    answers_[i] = std::move(*answer);
    --open_;
    call_.stream ? end_stream(i) : reply();
  }

  void reply() {
    if (open_ > 0) return;
    over_ = true;
    HttpReply reply;
    reply.body = reply_json(head_, answers_, n_);
    exchange_->reply(std::move(reply));
  }

  // In one piece: what is offered behind a long one might find no room.
  void end_stream(std::size_t i) {
    const Answer& answer = answers_[i];
    std::string text;
    for (std::size_t c = 0; c < answer.choices.size(); ++c) text += chunks_.end(i * n_ + c, answer.choices[c], answer);
    if (open_ == 0) text += chunks_.last(answers_);
    answers_[i].choices.clear();  // written
    say(text);
    if (open_ > 0 || over_) return;
    over_ = true;
    exchange_->finish();
  }

  void fail(const Status& why) {
    over_ = true;  // the other prompts' answers are no longer wanted
    const ApiError error = api_error(why);
    if (!streaming_) return exchange_->reply(api_error_reply(error));
    exchange_->offer(error_event(api_error_json(error)));
    exchange_->finish();
  }

  void say(const std::string& text) {
    if (text.empty()) return;
    streaming_ = true;
    if (!exchange_->offer(text)) over_ = true;
  }

  const CompletionCall call_;
  const ReplyHead head_;
  const std::uint32_t n_;
  const std::shared_ptr<Exchange> exchange_;
  std::mutex mutex_;
  ChunkWriter chunks_;           // guarded by mutex_
  std::vector<Answer> answers_;  // guarded by mutex_
  std::size_t open_;             // guarded by mutex_: answers to come
  bool streaming_ = false;       // guarded by mutex_
  std::atomic<bool> over_{false};
};

}  // namespace

void answer_call(AnswerBackend& backend, CompletionCall call, std::string id, std::chrono::steady_clock::time_point deadline,
                 std::shared_ptr<Exchange> exchange) {
  std::make_shared<AnswerCall>(std::move(call), std::move(id), std::move(exchange))->start(backend, deadline);
}

}  // namespace autodidact
