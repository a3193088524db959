// Attempts with their verdicts and selections: the bulk of the store, so the encoder that counts. About 1 us for 128 tokens.

#include <algorithm>

#include "storage/codec.hpp"
#include "storage/codec_frame.hpp"

namespace autodidact {
namespace {

enum AttemptFlag : std::uint8_t {
  kHinted = 1,
  kSeedExample = 2,
  kHasLogprobs = 4,
  kHasVersions = 8,
  kHasPenalties = 16,
  kAllFlags = 31
};

constexpr auto kMaxFinish = static_cast<std::uint8_t>(Finish::kDeadline);
constexpr auto kMaxOutcome = static_cast<std::uint8_t>(Outcome::kWrong);
constexpr auto kMaxReject = static_cast<std::uint8_t>(Reject::kMethod);

template <int kWidth>
void append_ids(const std::vector<TokenId>& tokens, std::string& bytes) {
  bytes.resize(tokens.size() * kWidth);
  char* out = bytes.data();
  for (TokenId token : tokens) {
    std::memcpy(out, &token, kWidth);
    out += kWidth;
  }
}

void write_ids(const std::vector<TokenId>& tokens, ByteWriter& out, std::string& scratch) {
  out.varint(tokens.size());
  if (tokens.empty()) return;
  std::uint32_t all_bits = 0;
  for (TokenId token : tokens) all_bits |= static_cast<std::uint32_t>(token);
  const int width = all_bits < (1u << 8) ? 1 : all_bits < (1u << 16) ? 2 : all_bits < (1u << 24) ? 3 : 4;
  switch (width) {
    case 1: append_ids<1>(tokens, scratch); break;
    case 2: append_ids<2>(tokens, scratch); break;
    case 3: append_ids<3>(tokens, scratch); break;
    default: append_ids<4>(tokens, scratch); break;
  }
  out.u8(static_cast<std::uint8_t>(width));
  out.raw(scratch.data(), scratch.size());
}

template <int kWidth>
void take_ids(std::string_view bytes, std::vector<TokenId>& tokens) {
  const char* in = bytes.data();
  for (TokenId& token : tokens) {
    token = 0;
    std::memcpy(&token, in, kWidth);
    in += kWidth;
  }
}

void read_ids(ByteReader& in, std::vector<TokenId>& tokens) {
  tokens.clear();
  const std::uint64_t count = in.varint_up_to(in.remaining());  // a token takes at least one byte
  if (count == 0) return;
  const std::uint8_t width = in.u8();
  if (width < 1 || width > 4) return in.fail();
  const std::string_view bytes = in.raw(count * width);
  if (!in.ok()) return;
  tokens.resize(static_cast<std::size_t>(count));
  switch (width) {
    case 1: return take_ids<1>(bytes, tokens);
    case 2: return take_ids<2>(bytes, tokens);
    case 3: return take_ids<3>(bytes, tokens);
    default: return take_ids<4>(bytes, tokens);
  }
}

void write_runs(const std::vector<VersionId>& versions, ByteWriter& out) {
  for (std::size_t begin = 0; begin < versions.size();) {
    std::size_t end = begin + 1;
    while (end < versions.size() && versions[end] == versions[begin]) ++end;
    out.varint(versions[begin]);
    out.varint(end - begin);
    begin = end;
  }
}

// Runs up to exactly `count` versions, which the tokens that were read already vouch for.
void read_runs(ByteReader& in, std::size_t count, std::vector<VersionId>& versions) {
  versions.clear();
  versions.reserve(count);
  while (in.ok() && versions.size() < count) {
    const std::uint32_t version = in.varint32();
    const std::uint64_t length = in.varint_up_to(count - versions.size());
    if (length == 0) return in.fail();
    versions.insert(versions.end(), static_cast<std::size_t>(length), version);
  }
}

void read_floats(ByteReader& in, std::uint64_t count, std::vector<float>& values) {
  const std::string_view bytes = in.raw(count * sizeof(float));
  if (!in.ok()) return;
  values.resize(static_cast<std::size_t>(count));
  if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
}

// Fields younger than the first stores: written only when they say something.
bool penalises(const SamplerSettings& sampler) {
  return sampler.min_p != SamplerSettings{}.min_p || sampler.repetition_penalty != SamplerSettings{}.repetition_penalty;
}

void write_sample(const Attempt& attempt, ByteWriter& frame) {
  static thread_local std::string scratch;
  const bool logprobs = !attempt.logprobs.empty();
  const bool versions = !attempt.versions.empty();
  frame.varint(attempt.item);
  frame.u64(attempt.problem);
  frame.varint(attempt.parent);
  frame.varint(attempt.round);
  frame.text(attempt.method);
  frame.u8(attempt.turn);
  frame.u8(static_cast<std::uint8_t>((attempt.hinted ? kHinted : 0) | (attempt.seed_example ? kSeedExample : 0) |
                                     (logprobs ? kHasLogprobs : 0) | (versions ? kHasVersions : 0) |
                                     (penalises(attempt.sampler) ? kHasPenalties : 0)));
  frame.u8(static_cast<std::uint8_t>(attempt.finish));
  write_ids(attempt.prompt_tokens, frame, scratch);
  write_ids(attempt.tokens, frame, scratch);
  frame.raw(attempt.logprobs.data(), attempt.logprobs.size() * sizeof(float));
  write_runs(attempt.versions, frame);
  frame.text(attempt.text);
  frame.f32(attempt.sampler.temperature);
  frame.f32(attempt.sampler.top_p);
  frame.zigzag(attempt.sampler.top_k);
  frame.zigzag(attempt.sampler.max_tokens);
  if (penalises(attempt.sampler)) {
    frame.f32(attempt.sampler.min_p);
    frame.f32(attempt.sampler.repetition_penalty);
  }
  frame.u64(attempt.seed);
  frame.zigzag(attempt.created_us);
  frame.varint(attempt.sample_us);
}

void read_sample(ByteReader& in, Attempt& attempt) {
  attempt.item = in.varint();
  attempt.problem = in.u64();
  attempt.parent = in.varint();
  attempt.round = in.varint32();
  attempt.method = in.text();
  attempt.turn = in.u8();
  const std::uint8_t flags = in.u8();
  const std::uint8_t finish = in.u8();
  if (flags > kAllFlags || finish > kMaxFinish) in.fail();
  attempt.hinted = (flags & kHinted) != 0;
  attempt.seed_example = (flags & kSeedExample) != 0;
  attempt.finish = static_cast<Finish>(finish);
  read_ids(in, attempt.prompt_tokens);
  read_ids(in, attempt.tokens);
  attempt.logprobs.clear();
  attempt.versions.clear();
  if ((flags & kHasLogprobs) != 0) read_floats(in, attempt.tokens.size(), attempt.logprobs);
  if ((flags & kHasVersions) != 0) read_runs(in, attempt.tokens.size(), attempt.versions);
  attempt.text = in.text();
  attempt.sampler.temperature = in.f32();
  attempt.sampler.top_p = in.f32();
  attempt.sampler.top_k = static_cast<std::int32_t>(in.zigzag());
  attempt.sampler.max_tokens = static_cast<std::int32_t>(in.zigzag());
  attempt.sampler.min_p = (flags & kHasPenalties) != 0 ? in.f32() : SamplerSettings{}.min_p;
  attempt.sampler.repetition_penalty = (flags & kHasPenalties) != 0 ? in.f32() : SamplerSettings{}.repetition_penalty;
  attempt.seed = in.u64();
  attempt.created_us = in.zigzag();
  attempt.sample_us = in.varint32();
}

void write_judgement(const Verdict& verdict, const Selection& selection, ByteWriter& frame) {
  frame.text(verdict.checker);
  frame.varint(verdict.checker_version);
  frame.u8(static_cast<std::uint8_t>(verdict.outcome));
  frame.u8(verdict.answer_correct ? 1 : 0);
  frame.text(verdict.extracted);
  frame.f32(verdict.score);
  frame.varint(verdict.step_scores.size());
  frame.raw(verdict.step_scores.data(), verdict.step_scores.size() * sizeof(float));
  frame.varint(verdict.judge_us);
  frame.u8(selection.kept ? 1 : 0);
  frame.u8(static_cast<std::uint8_t>(selection.reason));
  frame.f32(selection.weight);
}

void read_judgement(ByteReader& in, Verdict& verdict, Selection& selection) {
  verdict.checker = in.text();
  verdict.checker_version = in.varint32();
  const std::uint8_t outcome = in.u8();
  verdict.answer_correct = in.u8() != 0;
  verdict.extracted = in.text();
  verdict.score = in.f32();
  read_floats(in, in.varint_up_to(in.remaining() / sizeof(float)), verdict.step_scores);
  verdict.judge_us = in.varint32();
  selection.kept = in.u8() != 0;
  const std::uint8_t reason = in.u8();
  selection.weight = in.f32();
  if (outcome > kMaxOutcome || reason > kMaxReject) in.fail();
  verdict.outcome = static_cast<Outcome>(outcome);
  selection.reason = static_cast<Reject>(reason);
}

}  // namespace

void encode_attempt(const JudgedAttempt& judged, AttemptId key, std::string& out) {
  FrameWriter frame(out);
  write_sample(judged.attempt, frame);
  write_judgement(judged.verdict, judged.selection, frame);
  frame.seal(key);
}

Status decode_attempt(std::string_view bytes, AttemptId key, JudgedAttempt& judged) {
  AD_ASSIGN_OR_RETURN(const std::string_view payload, open_frame(bytes, "attempt", key));
  ByteReader in(payload);
  read_sample(in, judged.attempt);
  read_judgement(in, judged.verdict, judged.selection);
  judged.attempt.id = key;
  return frame_end(in, "attempt", key);
}

}  // namespace autodidact
