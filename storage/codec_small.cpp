// The small and rare records: problems, versions, events, items, consumption, scores, the two cursors, postings.

#include <algorithm>
#include <cmath>

#include "storage/codec.hpp"
#include "storage/codec_frame.hpp"

namespace autodidact {

void encode_problem(const Problem& problem, std::string& out) {
  FrameWriter frame(out);
  frame.text(problem.task);
  frame.text(problem.prompt);
  frame.text(problem.reference);
  frame.u8(problem.has_reference ? 1 : 0);
  frame.f64(problem.difficulty);
  frame.text(problem.source);
  frame.u8(static_cast<std::uint8_t>(problem.split));
  frame.seal(problem.id);
}

Result<Problem> decode_problem(std::string_view bytes, ProblemId key) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "problem", key));
  ByteReader in(payload);
  Problem problem;
  problem.id = key;
  problem.task = in.text();
  problem.prompt = in.text();
  problem.reference = in.text();
  problem.has_reference = in.u8() != 0;
  problem.difficulty = in.f64();
  problem.source = in.text();
  const std::uint8_t split = in.u8();
  if (split > static_cast<std::uint8_t>(Split::kHeldOut)) in.fail();
  problem.split = static_cast<Split>(split);
  AD_RETURN_IF_ERROR(frame_end(in, "problem", key));
  return problem;
}

void encode_version(const VersionRecord& version, std::string& out) {
  FrameWriter frame(out);
  frame.varint(version.parent);
  frame.varint(version.round);
  frame.varint(version.step);
  frame.text(version.path);
  frame.text(version.digest);
  frame.text(version.method);
  frame.text(version.metrics_json);
  frame.u8(static_cast<std::uint8_t>(version.state));
  frame.text(version.reason);
  frame.zigzag(version.created_us);
  frame.u8(static_cast<std::uint8_t>(version.line));
  frame.seal(version.id);
}

Result<VersionRecord> decode_version(std::string_view bytes, VersionId key) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "version", key));
  ByteReader in(payload);
  VersionRecord version;
  version.id = key;
  version.parent = in.varint32();
  version.round = in.varint32();
  version.step = in.varint();
  version.path = in.text();
  version.digest = in.text();
  version.method = in.text();
  version.metrics_json = in.text();
  const std::uint8_t state = in.u8();
  if (state > static_cast<std::uint8_t>(VersionState::kRolledBack)) in.fail();
  version.state = static_cast<VersionState>(state);
  version.reason = in.text();
  version.created_us = in.zigzag();
  if (!in.at_end()) {  // written since there are verifiers
    const std::uint8_t line = in.u8();
    if (line > static_cast<std::uint8_t>(VersionLine::kVerifier)) in.fail();
    version.line = static_cast<VersionLine>(line);
  }
  AD_RETURN_IF_ERROR(frame_end(in, "version", key));
  return version;
}

void encode_event(const Event& event, std::string& out) {
  FrameWriter frame(out);
  frame.zigzag(event.created_us);
  frame.varint(event.step);
  frame.text(event.kind);
  frame.text(event.detail_json);
  frame.seal(event.seq);
}

Result<Event> decode_event(std::string_view bytes, std::uint64_t seq) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "event", seq));
  ByteReader in(payload);
  Event event;
  event.seq = seq;
  event.created_us = in.zigzag();
  event.step = in.varint();
  event.kind = in.text();
  event.detail_json = in.text();
  AD_RETURN_IF_ERROR(frame_end(in, "event", seq));
  return event;
}

void encode_items(std::span<const ItemState> ascending, std::uint64_t key, std::string& out) {
  FrameWriter frame(out);
  frame.varint(ascending.size());
  ItemId previous = 0;
  for (const ItemState& state : ascending) {
    frame.varint(state.item - previous);
    previous = state.item;
    frame.u64(state.problem);
    frame.varint(state.attempts);
    frame.varint(state.correct);
    frame.varint(state.kept);
    frame.u8(state.quarantined ? 1 : 0);
    frame.text(state.reason);
  }
  frame.seal(key);
}

Result<std::vector<ItemState>> decode_items(std::string_view bytes, std::uint64_t key) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "item row", key));
  ByteReader in(payload);
  constexpr std::size_t kLeastBytes = 14;
  std::vector<ItemState> states(static_cast<std::size_t>(in.varint_up_to(in.remaining() / kLeastBytes)));
  ItemId previous = 0;
  for (ItemState& state : states) {
    state.item = previous + in.varint();
    previous = state.item;
    state.problem = in.u64();
    state.attempts = in.varint32();
    state.correct = in.varint32();
    state.kept = in.varint32();
    state.quarantined = in.u8() != 0;
    state.reason = in.text();
  }
  AD_RETURN_IF_ERROR(frame_end(in, "item row", key));
  return states;
}

void encode_consumption(std::span<const Consumption> uses, std::uint64_t step, std::string& out) {
  FrameWriter frame(out);
  frame.varint(uses.size());
  for (const Consumption& use : uses) {
    frame.varint(use.attempt);
    frame.varint(use.round);
  }
  frame.seal(step);
}

Result<std::vector<Consumption>> decode_consumption(std::string_view bytes, std::uint64_t step) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "consumption of step", step));
  ByteReader in(payload);
  std::vector<Consumption> uses(static_cast<std::size_t>(in.varint_up_to(in.remaining() / 2)));
  for (Consumption& use : uses) {
    use.step = step;
    use.attempt = in.varint();
    use.round = in.varint32();
  }
  AD_RETURN_IF_ERROR(frame_end(in, "consumption of step", step));
  return uses;
}

const char* fault_of(const AttemptScore& score) {
  const auto is_probability = [](float value) { return value >= 0 && value <= 1; };  // NaN is none
  if (score.kind.empty() || score.kind.size() > kMostScoreKind) return "its kind must have 1 to 64 bytes";
  if (!std::isfinite(score.score)) return "its score is not finite";
  if (score.step_ends.size() > kMostScoreSteps) return "it has more than 4096 steps";
  if (!score.steps.empty() && score.steps.size() != score.step_ends.size()) return "it has not one value per step";
  if (!std::is_sorted(score.step_ends.begin(), score.step_ends.end(), std::less_equal<>())) return "its steps do not ascend";
  if (!std::all_of(score.steps.begin(), score.steps.end(), is_probability)) return "a step is no probability";
  return nullptr;
}

void encode_score(const AttemptScore& score, std::string& out) {
  FrameWriter frame(out);
  frame.varint(score.scorer);
  frame.text(score.kind);
  frame.f32(score.score);
  frame.varint(score.step_ends.size());
  std::uint32_t previous = 0;
  for (const std::uint32_t end : score.step_ends) {
    frame.varint(end - previous);
    previous = end;
  }
  frame.u8(score.steps.empty() ? 0 : 1);
  for (const float step : score.steps) frame.f32(step);
  frame.seal(score.attempt);
}

// The frame's checksum knows the attempt; the scorer, the other half of the key, stands in the record.
Result<AttemptScore> decode_score(std::string_view bytes, AttemptId attempt, VersionId scorer) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "score of attempt", attempt));
  ByteReader in(payload);
  AttemptScore score;
  score.attempt = attempt;
  score.scorer = in.varint32();
  if (score.scorer != scorer) in.fail();
  score.kind = in.text();
  score.score = in.f32();
  score.step_ends.resize(static_cast<std::size_t>(in.varint_up_to(std::min(in.remaining(), kMostScoreSteps))));
  std::uint64_t end = 0;
  for (std::uint32_t& step_end : score.step_ends) {
    end += in.varint_up_to(UINT32_MAX - end);
    step_end = static_cast<std::uint32_t>(end);
  }
  if (in.u8() != 0) score.steps.resize(score.step_ends.size());
  for (float& step : score.steps) step = in.f32();
  AD_RETURN_IF_ERROR(frame_end(in, "score of attempt", attempt));
  if (const char* fault = fault_of(score)) return damaged("score of attempt", attempt, fault);
  return score;
}

void encode_loop(const LoopState& loop, std::string& out) {
  FrameWriter frame(out);
  frame.text(loop.phase);
  frame.varint(loop.round);
  frame.varint(loop.round_size);
  frame.varint(loop.base);
  frame.varint(loop.current);
  frame.varint(loop.serving);
  frame.f64(loop.best_accuracy);
  frame.varint(loop.verifier);
  frame.seal(0);
}

Result<LoopState> decode_loop(std::string_view bytes) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "loop state", 0));
  ByteReader in(payload);
  LoopState loop;
  loop.phase = in.text();
  loop.round = in.varint32();
  loop.round_size = in.varint();
  loop.base = in.varint32();
  loop.current = in.varint32();
  loop.serving = in.varint32();
  loop.best_accuracy = in.f64();
  if (!in.at_end()) loop.verifier = in.varint32();  // written since there are verifiers
  AD_RETURN_IF_ERROR(frame_end(in, "loop state", 0));
  return loop;
}

void encode_trainer(const TrainerState& trainer, std::string& out) {
  FrameWriter frame(out);
  frame.varint(trainer.step);
  frame.varint(trainer.plan_round);
  frame.varint(trainer.plan_first_step);
  frame.varint(trainer.plan_steps);
  frame.varint(trainer.plan_start);
  frame.text(trainer.slot);
  frame.u8(static_cast<std::uint8_t>(trainer.plan_line));
  frame.seal(0);
}

Result<TrainerState> decode_trainer(std::string_view bytes) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "trainer state", 0));
  ByteReader in(payload);
  TrainerState trainer;
  trainer.step = in.varint();
  trainer.plan_round = in.varint32();
  trainer.plan_first_step = in.varint();
  trainer.plan_steps = in.varint();
  trainer.plan_start = in.varint32();
  trainer.slot = in.text();
  if (!in.at_end()) {  // written since there are verifiers
    const std::uint8_t line = in.u8();
    if (line > static_cast<std::uint8_t>(VersionLine::kVerifier)) in.fail();
    trainer.plan_line = static_cast<VersionLine>(line);
  }
  AD_RETURN_IF_ERROR(frame_end(in, "trainer state", 0));
  return trainer;
}

void encode_postings(std::span<const AttemptId> ascending, std::uint64_t key, std::string& out) {
  FrameWriter frame(out);
  AttemptId previous = 0;
  for (AttemptId id : ascending) {
    frame.varint(id - previous);
    previous = id;
  }
  frame.seal(key);
}

Result<std::vector<AttemptId>> decode_postings(std::string_view bytes, std::uint64_t key) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "posting", key));
  ByteReader in(payload);
  std::vector<AttemptId> ids;
  AttemptId previous = 0;
  while (in.ok() && !in.at_end()) {
    const std::uint64_t step = in.varint();
    if (step == 0) in.fail();
    previous += step;
    ids.push_back(previous);
  }
  AD_RETURN_IF_ERROR(frame_end(in, "posting", key));
  return ids;
}

}  // namespace autodidact
