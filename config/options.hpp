#pragma once
// The whole configuration as plain structs: what the TOML file may say, with its defaults. config/schema.cpp holds, for each
// field, its TOML key, unit, range, meaning and whether a reload applies it live; docs/configuration.md is generated from
// there. An Options value is immutable once loaded (std::shared_ptr<const Options>); a reload makes a new one.

#include <cstdint>
#include <string>
#include <vector>

namespace autodidact {

struct TaskOptions {
  std::string name = "addition";
  std::string format = "compact";  // addition, countdown: compact | paper
  std::int64_t min_digits = 1;
  std::int64_t max_digits = 5;
  std::vector<std::int64_t> seed_examples;         // worked examples per digit length, from min_digits up
  std::vector<std::int64_t> hinted_seed_examples;  // of these, shown with the hint: teaches rationalization
  std::vector<double> digit_weights;               // share of sampled problems per length; empty = equal
  std::int64_t held_out_per_digit = 200;           // evaluation problems per length, never trained on
  std::string train_file;                          // jsonl, multiple_choice: one problem a line
  std::string held_out_file;                       // empty = held_out_size problems are split off train_file
  std::int64_t held_out_size = 0;                  // 0 = all of held_out_file, or 200
  std::int64_t limit = 0;                          // at most the first n training problems; 0 = all
  std::string question_field;                      // "a.b" for {"a": {"b": …}}; empty = recognised
  std::string answer_field;                        // likewise
  std::string answer = "math";                     // jsonl, how an answer is compared: math | exact | choice
  std::string prompt = "Q: {question}\nA:";        // the question as plain text, for a model without a chat template
  std::string instruction;                         // shown below every question
  std::string few_shot_file;                       // worked examples shown before a question
  std::string few_shot_hinted_file;                // … before a question that shows its answer; empty = few_shot_file
  std::string seed_file;                           // worked examples to train on, JSONL question/completion
  std::int64_t seeds_from_train = 0;               // jsonl: rationales of the first n problems; countdown: n generated ones
  std::int64_t min_numbers = 3;                    // countdown: numbers of a problem
  std::int64_t max_numbers = 4;
  std::int64_t max_number = 99;  // countdown: each is 1 to this
  std::int64_t min_target = 10;  // countdown: what the numbers must come to
  std::int64_t max_target = 100;
};

struct ModelOptions {
  std::string checkpoint;  // directory to start from; empty = train from scratch on the seeds
  std::int64_t d_model = 64;
  std::int64_t layers = 3;
  std::int64_t heads = 4;
  std::int64_t kv_heads = 4;
  std::int64_t ffn = 192;
  std::int64_t max_positions = 160;
  std::string position = "rope";   // rope | learned | none
  std::int64_t random_offset = 0;  // positions start at a random offset in [0, random_offset] when training; 0 = off
  double rope_theta = 10000.0;
  double norm_eps = 1e-5;
  bool tie_embeddings = true;
  double init_std = 0.02;
  std::string dtype = "float32";  // what matrices are multiplied in: float32 | bfloat16
};

struct MethodOptions {
  std::string name = "star";
  bool rationalize = true;                // re-ask failures with the answer as a hint
  std::string check = "process";          // process: the whole scratchpad must be right | answer: the final answer only
  std::string init = "base";              // what each round's training starts from: base | previous
  std::string data = "accumulate";        // latest_round | accumulate
  bool include_seeds = true;              // seed examples are part of every round's data
  std::int64_t max_kept_per_problem = 4;  // 0 = no cap
  bool deduplicate = true;
  double random_reward = -1;  // control experiment: keep at random with this probability, whatever the verdict; < 0 = off
  double revisions = 0;       // share of right attempts learnt behind wrong ones, as the strategy "revise" shows them; 0 = off
};

struct LoopOptions {
  std::string schedule = "iterations";  // iterations | continuous
  std::int64_t rounds = 8;              // iterations: outer rounds; continuous: gate intervals; 0 = until stopped
  std::int64_t problems_per_round = 2000;
  double stop_at_accuracy = 1.01;         // done when held-out accuracy reaches this; > 1 = never
  std::int64_t max_in_flight = 512;       // items issued and not yet committed
  std::int64_t max_staleness = 4;         // continuous: weight versions between sampling and training
  std::string staleness_policy = "wait";  // wait: hold sampling back | drop: do not train on older attempts
};

struct SampleOptions {
  std::int64_t generators = 2;
  std::int64_t samples_per_problem = 1;
  std::string device = "cpu";    // cpu | cuda
  std::int64_t threads = 1;      // of each generator
  std::int64_t batch = 128;      // sequences decoded at once per generator
  std::int64_t kv_cache_mb = 0;  // of each generator; 0 = as its sequences need, up to a bound
  double temperature = 0.0;      // 0 = greedy
  double top_p = 1.0;
  std::int64_t top_k = 0;
  double min_p = 0.0;
  double repetition_penalty = 1.0;
  std::int64_t max_tokens = 96;
};

struct VerifyOptions {
  std::int64_t verifiers = 2;
  std::int64_t window = 64;  // items a verifier holds at most
};

struct TrainOptions {
  std::int64_t threads = 2;               // of each data-parallel rank; what they compute does not depend on it
  std::int64_t batch_sequences = 128;     // sequences per optimizer step
  std::int64_t micro_batch_tokens = 0;    // a step's batch is computed in parts of at most this many tokens; 0 = at once
  bool activation_checkpointing = false;  // keep each layer's input only and compute the rest again on the way back
  std::int64_t data_parallel = 1;         // ranks that share each batch, `threads` threads each
  std::int64_t seed_steps = 1000;         // base phase, on the seed examples
  std::int64_t steps_first_round = 300;
  bool balance_groups = true;  // rounds draw every problem group alike (each digit length), not every example
  double steps_growth = 1.2;   // steps in round n = steps_first_round * steps_growth^(n-1)
  std::int64_t max_steps_per_round = 100000;
  double lr = 2e-3;
  double seed_lr = 3e-3;
  std::int64_t warmup_steps = 50;
  std::string schedule = "constant";  // constant | cosine (to 10 %) | linear (to 0)
  double weight_decay = 0.0;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double adam_eps = 1e-8;
  double clip_norm = 1.0;                 // 0 = off
  std::int64_t publish_every_steps = 20;  // continuous: steps between versions
  std::int64_t snapshot_every_steps = 1;  // optimizer state made durable every n steps; a crash redoes at most n
  std::int64_t lora_rank = 0;             // 0 = every weight is trained; else adapters of this rank beside frozen weights
  double lora_alpha = 32;                 // an adapter adds lora_alpha / lora_rank * B A
  std::string lora_target_modules = "all-linear";  // comma-separated: q_proj, k_proj, v_proj, o_proj, gate_proj, …
  bool use_rslora = false;                         // lora_alpha / sqrt(lora_rank) instead
};

// The learned verifier: a second line of versions, trained on right and wrong attempts after each round's generator.
struct VerifierOptions {
  std::string kind = "none";  // none | dpo (V-STaR) | orm (outcome head) | prm (head per step)
  std::int64_t steps = 500;   // optimizer steps a round
  std::int64_t batch = 64;    // pairs per step
  double lr = 3e-4;
  double beta = 0.1;                   // dpo
  double nll_weight = 0.0;             // adds this much of the right attempt's NLL
  std::int64_t pairs_per_problem = 8;  // of a right and a wrong attempt, at most
  std::string score = "likelihood";    // dpo, what candidates are ranked by: likelihood | mean_likelihood | implicit_reward
  std::int64_t checkpoints = 4;        // of a round's training, of which the one with the best Best-of-k is taken
  double validation_share = 0.1;       // of the problems: never trained on, they choose the checkpoint
  std::int64_t rollouts = 8;           // prm: completions from the end of each step
  bool label_every_token = true;       // orm, prm: a label also counts at the tokens before it, up to the one before
  std::int64_t label_attempts = 512;   // prm: attempts a round whose steps are labelled
  double likelihood_weight = 0.0;      // orm, prm: of log V(y|x), which is added to the value's log odds
  std::string step_labels = "soft";    // prm: soft (share of right rollouts) | hard (any right)
  std::string aggregate = "last";      // prm, the score of a whole attempt: last | min | product
};

struct EvalOptions {
  std::int64_t batch = 256;
  std::int64_t samples = 0;            // candidates per held-out problem, for Pass@k, majority@k and Best-of-k; 0 = greedy only
  std::int64_t sample_problems = 200;  // held-out problems they are drawn for
  double temperature = 1.0;            // they are drawn at
  bool gate = true;                    // refuse a version whose held-out accuracy falls by more than max_regression
  double max_regression = 0.05;
  std::int64_t every_versions = 1;  // continuous: evaluate every n-th published version
};

// Answering questions (the OpenAI-compatible API) with the weights that serve.
struct ServeOptions {
  double share = 0.5;                  // of the device while answering and the loop both want it
  std::int64_t batch = 64;             // sequences decoded at once
  std::int64_t queue = 256;            // requests waiting at most
  std::int64_t deadline_ms = 120000;   // of a request
  std::string strategy = "greedy";     // of requests with a `reasoning` object that names none, and of `ask`
  std::int64_t budget_tokens = 16384;  // generated for one request at most, over all its samples
  double abstain_below = 0.0;          // confidence under which an answer is withheld; 0 = never
  bool learn_from_requests = false;    // served attempts and feedback enter the replay store
  std::int64_t max_body_kb = 1024;     // of a request
  std::int64_t connections = 1024;     // at once; beyond, the longest idle one goes
  std::string api_key_file;            // requests must carry this file's first line as bearer token; empty = none
};

struct PlacementOptions {
  std::string mode = "shared";  // shared: sampling and training take turns | split: both at once
};

struct ReplayOptions {
  std::string selector = "uniform";  // continuous: fifo | lifo | uniform | prioritized | window
  double priority_exponent = 1.0;    // prioritized: weight^exponent
  double window_newest_share = 0.5;  // window: share of draws from the newest window_size attempts
  std::int64_t window_size = 4096;
  double samples_per_insert = 4.0;   // continuous: draws per kept attempt
  std::int64_t min_size = 512;       // kept attempts before training starts
  double min_diff = 0;               // drift band of inserts * samples_per_insert - samples
  double max_diff = 20000;           // … and sampling waits above max_diff
  std::int64_t retain_attempts = 0;  // newest attempts to keep, pinned and kept-for-training aside; 0 = all
};

struct StoreOptions {
  std::int64_t group_records = 256;  // a synced batch closes at this many records
  std::int64_t group_ms = 5;         // or at this age
  std::int64_t queue_groups = 1024;  // submitted and not yet durable, at most
  std::int64_t cache_mb = 256;
  std::int64_t soft_free_mb = 512;  // below: no new work is granted
  std::int64_t hard_free_mb = 128;  // below: nothing is written, /readyz is 503
  bool sync = true;                 // fdatasync each group; false trades power-loss safety for nothing you need
};

struct SuperviseOptions {
  std::int64_t restart_backoff_ms = 500;  // doubles up to 30 s
  std::int64_t max_restarts_per_minute = 5;
  std::int64_t lease_ms = 60000;           // a worker that holds an item longer gives it back
  std::int64_t max_attempts_per_item = 3;  // then the item is quarantined
  std::int64_t stall_ms = 30000;           // no progress for this long is a stall: named in status and log
  std::int64_t drain_ms = 20000;           // SIGTERM to exit
};

struct GatewayOptions {
  std::string admin_socket;            // Unix socket; empty = <data_dir>/admin.sock
  std::string listen = "127.0.0.1:0";  // health and metrics; port 0 = any free, empty = off
};

struct LogOptions {
  std::string level = "info";   // trace | debug | info | warn | error
  std::string format = "text";  // text | json
  std::string file;             // besides stderr; empty = off
  std::int64_t max_mb = 64;
  bool tensorboard = true;  // event files in <data_dir>/tensorboard
};

struct Options {
  std::int64_t config_version = 1;  // required in the file: an empty file is valid TOML and must not mean "all defaults"
  std::string data_dir = "runs/default";
  std::int64_t seed = 1;
  bool deterministic = false;   // same seed, same store content and weights (iterations schedule)
  bool watch_config = false;    // reload when the file changes
  bool exit_when_done = false;  // leave when the last round is done, instead of staying up to serve
  TaskOptions task;
  ModelOptions model;
  MethodOptions method;
  LoopOptions loop;
  SampleOptions sample;
  VerifyOptions verify;
  TrainOptions train;
  VerifierOptions verifier;
  EvalOptions eval;
  ServeOptions serve;
  PlacementOptions placement;
  ReplayOptions replay;
  StoreOptions store;
  SuperviseOptions supervise;
  GatewayOptions gateway;
  LogOptions log;
};

}  // namespace autodidact
