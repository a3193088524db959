#pragma once
// The records of the loop: plain structs that every folder speaks. No behaviour, no heavy headers. They are values: any
// thread may hold one; a `std::shared_ptr<const T>` of one may be shared. storage/codec.hpp gives their durable form.

#include <cstdint>
#include <string>
#include <vector>

namespace autodidact {

using ProblemId = std::uint64_t;  // hash of task name and prompt: the same problem has the same id in every run
using AttemptId = std::uint64_t;  // assigned by the store at commit, ascending: id order is time order; 0 = not stored yet
using ItemId = std::uint64_t;     // one unit of sampling work, see make_item_id()
using VersionId = std::uint32_t;  // weights; 0 = none (hand-written seeds), 1 = the base model
using TokenId = std::int32_t;

enum class Split : std::uint8_t { kTrain = 0, kHeldOut = 1 };

struct Problem {
  ProblemId id = 0;
  std::string task;       // "addition"
  std::string prompt;     // what the model reads, without any hint
  std::string reference;  // the gold answer; meaningful when has_reference
  bool has_reference = true;
  double difficulty = 0;  // task-defined, e.g. digits; larger is harder
  std::string source;     // "generated", "seed", a file name
  Split split = Split::kTrain;
};

// How tokens are drawn. temperature 0 means greedy (argmax); then the other fields have no effect on the tokens.
struct SamplerSettings {
  float temperature = 1.0f;         // >= 0
  float top_p = 1.0f;               // (0, 1]; 1 = off
  std::int32_t top_k = 0;           // 0 = off
  std::int32_t max_tokens = 128;    // completion tokens at most, the stop token included
  float min_p = 0;                  // [0, 1]: of the likeliest token's probability; 0 = off
  float repetition_penalty = 1.0f;  // > 0, of what prompt and completion have; 1 = off; greedy minds it too
  friend bool operator==(const SamplerSettings&, const SamplerSettings&) = default;
};

enum class Finish : std::uint8_t { kStop = 0, kLength = 1, kCancelled = 2, kError = 3, kDeadline = 4 };

// One sampled (or, for seeds, given) completion. Token ids are the truth, text is a view of them.
// Invariants: logprobs.size() == versions.size() == tokens.size() for sampled attempts; both empty for seeds.
struct Attempt {
  AttemptId id = 0;
  ItemId item = 0;  // the work item it answers; 0 for seeds
  ProblemId problem = 0;
  AttemptId parent = 0;     // for revisions; 0 = none
  std::uint32_t round = 0;  // outer-loop iteration that sampled it
  std::string method;       // "star"
  std::uint8_t turn = 1;
  bool hinted = false;                 // sampled from a prompt that carried a hint (never stored)
  bool seed_example = false;           // a given worked example, not sampled
  std::vector<TokenId> prompt_tokens;  // of the prompt WITHOUT the hint: what the learner conditions on
  std::vector<TokenId> tokens;         // completion, stop token included when finish == kStop
  std::vector<float> logprobs;         // natural log, untruncated distribution at temperature 1, per completion token
  std::vector<VersionId> versions;     // weights that sampled each token (run-length coded in the store)
  std::string text;                    // decoded completion without the stop token
  SamplerSettings sampler;
  std::uint64_t seed = 0;
  Finish finish = Finish::kStop;
  std::int64_t created_us = 0;  // unix time, microseconds; a logical clock when deterministic
  std::uint32_t sample_us = 0;  // wall time from submission to finish
};

enum class Outcome : std::uint8_t { kCannotJudge = 0, kCorrect = 1, kWrong = 2 };

struct Verdict {
  std::string checker;  // "addition.scratchpad"
  std::uint32_t checker_version = 1;
  Outcome outcome = Outcome::kCannotJudge;
  bool answer_correct = false;     // the final answer alone, whatever the checker demands beyond it
  std::string extracted;           // the answer found in the text, for reading
  float score = 0;                 // outcome score in [0, 1]; 1/0 for a rule checker
  std::vector<float> step_scores;  // per rationale step, when a process verifier gave them
  std::uint32_t judge_us = 0;
};

enum class Reject : std::uint8_t {
  kNone = 0,     // kept
  kWrong,        // the verdict says so
  kCannotJudge,  // never trained on
  kDuplicate,    // same tokens kept before for this problem
  kProblemCap,   // enough kept for this problem
  kTooLong,
  kTruncated,  // ran into max_tokens
  kHintLeak,   // the rationale gives the hint away or merely copies it
  kStale,      // sampled by weights older than the bound
  kMethod,     // the method's own rule
};

struct Selection {
  bool kept = false;
  Reject reason = Reject::kNone;
  float weight = 0;  // > 0 when kept
};

// An attempt with all that is known about it: what moves through the pipeline and into the store as one.
struct JudgedAttempt {
  Attempt attempt;
  Verdict verdict;
  Selection selection;
};

// Why and when a version of the weights exists.
enum class VersionState : std::uint8_t { kCandidate = 0, kPromoted = 1, kRefused = 2, kRolledBack = 3 };
// Generators sample and answer; verifiers score what they sampled. One sequence of ids, two lines of descent.
enum class VersionLine : std::uint8_t { kGenerator = 0, kVerifier = 1 };
struct VersionRecord {
  VersionId id = 0;
  VersionId parent = 0;  // weights the training started from
  std::uint32_t round = 0;
  std::uint64_t step = 0;  // trainer's global step when it was written
  std::string path;        // directory, relative to the data directory
  std::string digest;      // sha256 of model.safetensors, hex
  std::string method;
  std::string metrics_json;  // evaluation results, an object
  VersionState state = VersionState::kCandidate;
  std::string reason;  // why refused or rolled back
  std::int64_t created_us = 0;
  VersionLine line = VersionLine::kGenerator;
};

// The trainer drew this attempt for this step.
struct Consumption {
  std::uint64_t step = 0;
  AttemptId attempt = 0;
  std::uint32_t round = 0;
};

// What a verifier, or Monte-Carlo rollouts, made of a stored attempt.
struct AttemptScore {
  AttemptId attempt = 0;
  VersionId scorer = 0;                  // of the verifier line; 0: rollouts
  std::string kind;                      // "dpo", "orm", "prm", "rollouts"
  float score = 0;                       // of the whole attempt, larger is better; see methods/learned_verifier.hpp
  std::vector<std::uint32_t> step_ends;  // index of each step's last token in the completion, ascending
  std::vector<float> steps;              // probability of a right answer there; as many, or none
};

struct Event {
  std::uint64_t seq = 0;  // assigned by the store
  std::int64_t created_us = 0;
  std::uint64_t step = 0;   // trainer step when it happened
  std::string kind;         // "config", "resume", "gate", "restart", "stall", "round", "disk"
  std::string detail_json;  // an object
};

// What to sample for one problem: the unit the curriculum issues, the pools lease and the store accounts for.
struct WorkItem {
  ItemId id = 0;
  Problem problem;
  std::uint32_t round = 0;
  bool hinted = false;        // rationalization: show the hint
  std::uint32_t samples = 1;  // attempts to draw
  SamplerSettings sampler;
  std::uint64_t seed = 0;
};

// 20 bits round | 43 bits position in the round | 1 bit hinted. Deterministic, so that a restart names the same work.
constexpr ItemId make_item_id(std::uint32_t round, std::uint64_t position, bool hinted) {
  return (static_cast<ItemId>(round) << 44) | (position << 1) | (hinted ? 1u : 0u);
}
// Rounds that no loop reaches hold the items of served answers: as they were given, graded by feedback, and their questions
// asked again. One answer's have the same position in each.
constexpr std::uint32_t kServedRound = (1u << 20) - 1, kFeedbackRound = kServedRound - 1, kAskedRound = kServedRound - 2;
constexpr std::uint32_t item_round(ItemId id) { return static_cast<std::uint32_t>(id >> 44); }
constexpr std::uint64_t item_position(ItemId id) { return (id >> 1) & ((1ull << 43) - 1); }
constexpr bool item_hinted(ItemId id) { return (id & 1u) != 0; }

// "correct", "wrong", "cannot_judge" … : the one spelling used by tools, JSON and metrics.
const char* name(Outcome outcome);
const char* name(Reject reason);
const char* name(Finish finish);
const char* name(VersionState state);
const char* name(VersionLine line);

}  // namespace autodidact
