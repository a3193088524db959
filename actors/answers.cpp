#include "actors/answers.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kFeedbackQueue = 64;

}  // namespace

Answers::Answers(ContextPtr context, caf::actor supervisor, std::function<std::shared_ptr<const Options>()> options)
    : context_(std::move(context)),
      supervisor_(std::move(supervisor)),
      options_(std::move(options)),
      slow_(context_->threads->start(
          {"feedback", kFeedbackQueue, [](const std::string& what) { log_error("feedback", what); }})) {}

void Answers::answer(const std::string& id, AnswerRequest request, AnswerListener listener) {
  anon_tell(supervisor_, AnswerAsked{id, std::make_shared<const AnswerRequest>(std::move(request)),
                                     std::make_shared<Asker>(std::move(listener))});
}

std::vector<ServedModel> Answers::models() const {
  const auto serving = context_->weights->serving();
  if (!serving) return {};
  std::int64_t created_us = 0;
  if (const auto versions = context_->store->versions(); versions.ok())
    for (const VersionRecord& version : *versions)
      if (version.id == serving->version) created_us = version.created_us;
  const std::int64_t created_s = created_us / 1000000;
  return {{"autodidact", created_s}, {"autodidact/v" + std::to_string(serving->version), created_s}};
}

void Answers::feedback(Feedback feedback, std::function<void(Status)> done) {
  const auto reply = std::make_shared<FeedbackReply>(std::move(done));
  if (!options_()->serve.learn_from_requests)
    return reply->give({Errc::kPermission, "feedback is not learnt from here; set serve.learn_from_requests = true"});
  const bool posted = slow_->post([context = context_, supervisor = supervisor_, feedback = std::move(feedback), reply] {
    auto graded = context->served->grade(feedback);
    if (!graded.ok()) return reply->give(graded.status());
    auto attempts = std::make_shared<const std::vector<Attempt>>(std::move(graded->attempts));
    anon_tell(supervisor, Grade{std::move(graded->work), std::move(attempts), reply});
  });
  if (!posted) reply->give({Errc::kTemporary, "64 such requests are under way; send it again later"});
}

}  // namespace autodidact
