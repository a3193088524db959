#pragma once
// The daemon's AnswerBackend: hands requests and feedback to the actors. Owned by the daemon; any thread. Every request is
// answered, also when the actor it goes to is gone.

#include <memory>

#include "actors/actor_base.hpp"
#include "actors/served_answers.hpp"

namespace autodidact {

class Answers : public AnswerBackend {
 public:
  // options: the running ones, from any thread.
  Answers(ContextPtr context, caf::actor supervisor, std::function<std::shared_ptr<const Options>()> options);

  void answer(const std::string& id, AnswerRequest request, AnswerListener listener) override;
  std::vector<ServedModel> models() const override;
  void feedback(Feedback feedback, std::function<void(Status)> done) override;

 private:
  const ContextPtr context_;
  const caf::actor supervisor_;
  const std::function<std::shared_ptr<const Options>()> options_;
  const std::shared_ptr<ComputeThread> slow_;  // feedback reads the store
};

}  // namespace autodidact
