#include "methods/step_labels.hpp"

#include <algorithm>

#include "methods/method.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

std::uint64_t key_of(const LabelCall& call, std::uint32_t end) {
  return counter_hash({call.problem->id, token_hash(std::span(call.completion).first(end + 1))});
}

}  // namespace

void StepLabeler::roll_out(const LabelCall& call, std::uint32_t end) {
  const std::uint64_t key = key_of(call, end);
  if (!values_.try_emplace(key, Value{&call, end + 1}).second) return;
  DecodeRequest request;
  request.prompt = call.prompt;
  request.prompt.insert(request.prompt.end(), call.completion.begin(), call.completion.begin() + end + 1);
  request.sampler = settings_.sampler;
  const auto room = settings_.max_positions - static_cast<std::int64_t>(request.prompt.size());
  const auto left = settings_.sampler.max_tokens - static_cast<std::int64_t>(end) - 1;
  request.sampler.max_tokens = static_cast<std::int32_t>(std::min(room, left));
  if (request.sampler.max_tokens < 1) return;  // no room to reach an answer: value 0
  request.ends = settings_.ends;
  for (std::uint32_t i = 0; i < settings_.rollouts; ++i) {
    request.tag = next_tag_++;
    request.seed = counter_hash({settings_.seed, key, i});
    under_way_.emplace(request.tag, key);
    decoder_->submit(request);
  }
}

Status StepLabeler::run() {
  std::vector<DecodeResult> finished;
  for (std::size_t left = 1; left > 0;) {
    if (!settings_.before_step()) return {Errc::kTemporary, "labelling steps was stopped"};
    finished.clear();
    left = decoder_->step(finished);
    for (const DecodeResult& result : finished) {
      AD_RETURN_IF_ERROR(result.status);
      Value& value = values_.at(under_way_.at(result.tag));
      under_way_.erase(result.tag);
      std::vector<TokenId> whole(value.call->completion.begin(), value.call->completion.begin() + value.prefix);
      whole.insert(whole.end(), result.tokens.begin(), result.tokens.end());
      value.right += result.finish == Finish::kStop && settings_.judge(*value.call->problem, whole) ? 1 : 0;
    }
  }
  return {};
}

Result<std::vector<std::vector<float>>> StepLabeler::label(std::span<const LabelCall> calls) {
  values_.clear();
  for (const LabelCall& call : calls)
    for (std::size_t i = 0; i + 1 < call.step_ends.size(); ++i) roll_out(call, call.step_ends[i]);
  if (!under_way_.empty()) AD_RETURN_IF_ERROR(run());
  std::vector<std::vector<float>> labels;
  for (const LabelCall& call : calls) {
    std::vector<float> steps;
    for (std::size_t i = 0; i + 1 < call.step_ends.size(); ++i)
      steps.push_back(float(values_.at(key_of(call, call.step_ends[i])).right) / float(settings_.rollouts));
    if (!call.step_ends.empty()) steps.push_back(call.correct ? 1.0f : 0.0f);
    labels.push_back(std::move(steps));
  }
  return labels;
}

}  // namespace autodidact
