#pragma once
// The durable form of every record. Pure functions; any thread. Decoding takes hostile bytes: each count is checked against
// what is left before anything is allocated, and a damaged record is a kBadInput that names it, never a crash.
//
// Frame of every value:  u8 record version (1) | u32 checksum(payload, key) | payload
// Payload: fields in the order below. int = varint of 7-bit groups, sint = zigzag int, text = int length + bytes, ids = one
// width byte (1-4) + that many bytes per token, little-endian, the smallest width that holds the largest id.
//
//   attempt      int item, u64 problem, int parent, int round, text method, u8 turn, u8 flags, u8 finish,
//                int n + ids prompt_tokens, int n + ids tokens, [n * f32 logprobs], [runs of (int version, int length)],
//                text text, f32 temperature, f32 top_p, sint top_k, sint max_tokens,
//                [f32 min_p, f32 repetition_penalty], u64 seed, sint created_us, int sample_us
//                flags: 1 hinted, 2 seed example, 4 has logprobs, 8 has versions, 16 has min_p and repetition_penalty. A stored
//                log-probability is bit-exact. then its verdict and selection: text checker, int checker_version, u8 outcome,
//                u8 answer_correct, text extracted, f32 score, int n + n * f32 step_scores, int judge_us, u8 kept, u8 reason,
//                f32 weight. All in one row: whoever reads an attempt asks what it was worth, and a second row doubles the
//                time.
//   problem      text task, text prompt, text reference, u8 has_reference, f64 difficulty, text source, u8 split
//   items        int n, then n * (int item - previous item, u64 problem, int attempts, int correct, int kept,
//                u8 quarantined, text reason): the items one group finished in one round, ascending
//   consumption  int n, then n * (int attempt, int round): one training step
//   version, event, loop, trainer: see codec_small.cpp; texts and ints in the order of their structs
//   score        int scorer, text kind, f32 score, int n + n * int deltas of ascending step_ends, u8 has_steps,
//                [n * f32 steps]
//   postings     int deltas of ascending attempt ids, up to the end: the attempts of one problem in one group

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/replay_store.hpp"

namespace autodidact {

inline constexpr std::uint8_t kRecordVersion = 1;

inline constexpr std::size_t kMostScoreSteps = 4096;  // of one attempt
inline constexpr std::size_t kMostScoreKind = 64;     // bytes of AttemptScore::kind
// What no stored score may have: "its steps do not ascend"; null = it is well-formed.
const char* fault_of(const AttemptScore& score);

// Each encoder appends nothing but the frame to an emptied `out`; reuse one string to save allocations. `key` is the record's
// id as it stands in the database key: attempt id, problem id, step ...
void encode_attempt(const JudgedAttempt& judged, AttemptId key, std::string& out);
void encode_problem(const Problem& problem, std::string& out);
void encode_version(const VersionRecord& version, std::string& out);
void encode_event(const Event& event, std::string& out);
void encode_items(std::span<const ItemState> ascending, std::uint64_t key, std::string& out);
void encode_consumption(std::span<const Consumption> uses, std::uint64_t step, std::string& out);
void encode_score(const AttemptScore& score, std::string& out);
void encode_loop(const LoopState& loop, std::string& out);
void encode_trainer(const TrainerState& trainer, std::string& out);
void encode_postings(std::span<const AttemptId> ascending, std::uint64_t key, std::string& out);

Status decode_attempt(std::string_view bytes, AttemptId key, JudgedAttempt& judged);
Result<Problem> decode_problem(std::string_view bytes, ProblemId key);
Result<VersionRecord> decode_version(std::string_view bytes, VersionId key);
Result<Event> decode_event(std::string_view bytes, std::uint64_t seq);
Result<std::vector<ItemState>> decode_items(std::string_view bytes, std::uint64_t key);
Result<std::vector<Consumption>> decode_consumption(std::string_view bytes, std::uint64_t step);
Result<AttemptScore> decode_score(std::string_view bytes, AttemptId attempt, VersionId scorer);
Result<LoopState> decode_loop(std::string_view bytes);
Result<TrainerState> decode_trainer(std::string_view bytes);
Result<std::vector<AttemptId>> decode_postings(std::string_view bytes, std::uint64_t key);

}  // namespace autodidact
