#pragma once
// The durable replay store: every attempt, verdict, selection, consumption, version and event, for ever or until retention.
//
// Owner: the daemon opens one; tools open a read-only one beside it. Threads: every method may be called from any thread.
// submit() never blocks on the disk: one writer thread groups what was submitted, writes one atomic synced batch, then runs
// the callbacks. What survives a crash: exactly the batches whose callback ran with ok (and possibly later whole batches).
// Invariant: a WriteSet is applied as a whole or not at all, and a work item that is already done is never applied twice.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

// All attempts of one work item with their verdicts and selections. Applying it marks the item done.
struct ItemResult {
  ItemId item = 0;
  Problem problem;                      // stored if new
  std::vector<JudgedAttempt> attempts;  // ids are assigned at commit, in this order
  bool quarantined = false;             // the item killed its workers; attempts is empty
  std::string reason;                   // why quarantined
};

// The loop's durable cursor; see actors/loop_core.hpp for its meaning. Small, rewritten whole; only the curriculum writes it.
struct LoopState {
  std::string phase = "seed";    // seed | base | sample | train | verifier | evaluate | continuous | done
  std::uint32_t round = 0;       // lowest round whose items are not all done
  std::uint64_t round_size = 0;  // problems of a round, fixed when the round begins
  VersionId base = 0;            // what "restart from base" means
  VersionId current = 0;         // newest trained
  VersionId serving = 0;         // promoted: what samplers use
  double best_accuracy = 0;
  VersionId verifier = 0;  // newest trained, of the verifier line; 0 = none
};

// The trainer's durable position, written in the same batch as the consumption of its step; only the trainer writes it.
struct TrainerState {
  std::uint64_t step = 0;             // global step whose learner state is in `slot`
  std::uint32_t plan_round = 0;       // the plan it belongs to: 0 = base phase
  std::uint64_t plan_first_step = 0;  // global step before the plan's first one
  std::uint64_t plan_steps = 0;       // length of the plan; 0 = open-ended
  VersionId plan_start = 0;           // weights the plan started from
  VersionLine plan_line = VersionLine::kGenerator;
  std::string slot;  // file of the learner state, relative to the data directory; empty = none yet
};

// One atomic change. Empty members change nothing.
struct WriteSet {
  std::vector<ItemResult> items;
  std::vector<JudgedAttempt> seeds;  // worked examples; attempts without a work item
  std::vector<Problem> problems;
  std::vector<Consumption> consumed;
  std::vector<VersionRecord> versions;  // inserted or replaced by id
  std::vector<AttemptScore> scores;     // inserted or replaced by attempt and scorer; of attempts stored before this set
  std::vector<Event> events;
  std::optional<LoopState> loop;
  std::optional<TrainerState> trainer;
  bool urgent = false;  // somebody waits for just this: do not let it wait for company
};

struct WriteReceipt {
  std::vector<AttemptId> first_ids;  // per item of the set: id of its first attempt; 0 if it was a duplicate or empty
  std::uint64_t duplicates = 0;      // items that were done already and changed nothing
};

// The fixed-size summary of an attempt: what indexes and selectors know without reading the attempt itself.
struct AttemptSummary {
  AttemptId id = 0;
  ProblemId problem = 0;
  std::uint32_t round = 0;
  VersionId version = 0;  // that sampled its last token
  std::int64_t created_us = 0;
  float score = 0;
  float weight = 0;          // selection weight; 0 = not kept
  std::uint32_t length = 0;  // completion tokens
  Outcome outcome = Outcome::kCannotJudge;
  Reject reason = Reject::kNone;
  bool kept = false, hinted = false, seed_example = false, answer_correct = false, pinned = false;
};

// A filter over attempts; unset members match everything. Results come newest first unless oldest_first.
struct AttemptQuery {
  std::optional<ProblemId> problem;
  std::optional<VersionId> version;
  std::optional<std::uint32_t> round;
  std::optional<Outcome> outcome;
  std::optional<bool> kept, hinted, seed_example, pinned;
  std::optional<Reject> reason;
  std::optional<float> min_score, max_score;
  std::optional<std::uint32_t> min_length, max_length;
  std::optional<std::int64_t> since_us, until_us;  // [since, until)
  AttemptId after = 0;                             // cursor: continue behind this id; 0 = from the start
  std::size_t limit = 50;
  bool oldest_first = false;
};

struct AttemptPage {
  std::vector<AttemptSummary> rows;
  AttemptId next = 0;  // cursor for the next page; 0 = that was the last
};

// What a work item came to; rebuilds the curriculum's pending set after a crash.
struct ItemState {
  ItemId item = 0;
  ProblemId problem = 0;
  std::uint32_t attempts = 0;
  std::uint32_t correct = 0;
  std::uint32_t kept = 0;
  bool quarantined = false;
  std::string reason;  // why quarantined
};

// What is stored now; collect() lowers the counts of attempts. attempts includes seeds.
struct StoreCounts {
  std::uint64_t attempts = 0, seeds = 0, problems = 0, kept = 0, correct = 0, wrong = 0, cannot_judge = 0, items = 0,
                quarantined = 0, consumed = 0, events = 0, versions = 0, scores = 0;
};

struct StoreHealth {
  bool writable = true;
  bool low_space = false;  // under the soft watermark: grant no new work
  std::string problem;     // one line when not writable or low
  std::uint64_t free_bytes = 0;
  std::uint64_t queued_groups = 0;  // submitted, not yet durable
  std::uint64_t committed_groups = 0;
  double last_commit_ms = 0;
};

// Draws attempts for training; see storage/selector.hpp for the rules. Kept attempts only.
struct DrawRequest {
  std::size_t count = 0;
  std::string selector = "uniform";  // uniform | fifo | lifo | prioritized | window
  std::uint64_t seed = 0;            // the draw is a function of (index content, seed) alone
  std::uint32_t min_round = 0;       // restrict to rounds >= this …
  bool include_seeds = false;        // … plus the seed examples
  VersionId min_version = 0;         // staleness bound: sampled by this version or later (seeds exempt)
  double priority_exponent = 1.0;    // prioritized: weight ^ exponent
  double window_newest_share = 0.5;  // window: share of the draw from the newest window_size matches
  std::uint64_t window_size = 4096;
};

class ReplayStore {
 public:
  using Callback = std::function<void(Result<WriteReceipt>)>;
  virtual ~ReplayStore() = default;

  // Queues `set`; `done` runs on the writer thread after the synced commit, or with kTemporary (queue full, disk full: retry
  // later) or kIo, or with kNotFound when it scores an attempt that is not there (retention may have been quicker). Callbacks
  // run in submission order and must not block.
  virtual void submit(WriteSet set, Callback done) = 0;
  // submit() and wait. Not for actors.
  Result<WriteReceipt> commit(WriteSet set);

  virtual Result<std::vector<JudgedAttempt>> read(
      std::span<const AttemptId> ids) const = 0;  // same order; kNotFound names the id
  virtual Result<Problem> problem(ProblemId id) const = 0;
  // All scores of these attempts, ascending by attempt and scorer; attempts without one, or that are gone, have none.
  virtual Result<std::vector<AttemptScore>> scores(std::span<const AttemptId> ids) const = 0;
  virtual Result<AttemptPage> find(const AttemptQuery& query) const = 0;
  virtual std::optional<AttemptSummary> summary(AttemptId id) const = 0;

  // Ids for a training batch, from the in-memory index; empty when nothing matches. With replacement beyond the index size.
  virtual std::vector<AttemptId> draw(const DrawRequest& request) const = 0;
  // Kept attempts matching the request's restrictions, ascending id.
  virtual std::vector<AttemptId> kept_ids(const DrawRequest& request) const = 0;

  virtual Result<LoopState> loop_state() const = 0;                                      // default-made in a fresh store
  virtual Result<TrainerState> trainer_state() const = 0;                                // the same
  virtual Result<std::vector<ItemState>> items_of_round(std::uint32_t round) const = 0;  // done items, ascending
  virtual Result<std::vector<VersionRecord>> versions() const = 0;                       // ascending id
  virtual Result<std::vector<Event>> events(std::uint64_t after_seq, std::size_t limit) const = 0;  // ascending seq
  virtual Result<std::vector<Consumption>> consumption(std::uint64_t first_step, std::uint64_t last_step) const = 0;
  virtual StoreCounts counts() const = 0;
  virtual StoreHealth health() const = 0;

  virtual Status pin(std::span<const AttemptId> ids, bool pinned) = 0;
  // Deletes attempts older than the newest `keep` that are neither pinned, kept, nor consumed, with their scores; returns how
  // many (would be) deleted.
  virtual Result<std::uint64_t> collect(std::uint64_t keep, bool dry_run) = 0;
};

// Opens (or creates) the store in `directory`. Errors: kTemporary another writer has it; kBadInput corrupt (says what to run);
// kConfig written in another format; kPermission/kIo. Rebuilds the in-memory index before it returns.
Result<std::unique_ptr<ReplayStore>> open_store(const std::string& directory, const StoreOptions& options);
// For tools, beside a live daemon or without one. Every write answers kPermission. Never creates anything.
Result<std::unique_ptr<ReplayStore>> open_store_read_only(const std::string& directory, const StoreOptions& options);
// The fake: the same semantics in RAM, synchronous callbacks.
std::unique_ptr<ReplayStore> make_memory_store();

// A hard-link checkpoint of an open store's files into `target` (which must not exist).
Status checkpoint_store(ReplayStore& store, const std::string& target);

struct VerifyReport {
  std::uint64_t attempts = 0, items = 0, versions = 0;
  std::vector<std::string> problems;  // one line each; empty = sound
};
// Checks checksums, record bounds, index agreement both ways, id gaps, item accounting, consumption against attempts.
Result<VerifyReport> verify_store(const std::string& directory, const StoreOptions& options, bool deep);

}  // namespace autodidact
