// Rows of schema(): the model and the engines that run it. What an engine is built from needs a restart; what travels with a
// work item or a training plan does not.

#include "config/schema_tables.hpp"

namespace autodidact {
namespace {

void add_model(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::model, member); };
  using M = ModelOptions;
  f.insert(
      f.end(),
      {
          {"model.checkpoint", in(&M::checkpoint), Reload::kRestart, "path", any(),
           "Directory to start from (safetensors + config.json); empty = train from scratch on the seed examples."},
          {"model.d_model", in(&M::d_model), Reload::kRestart, "", between(4, 65536), "Width; a multiple of heads."},
          {"model.layers", in(&M::layers), Reload::kRestart, "", between(1, 512), "Transformer blocks."},
          {"model.heads", in(&M::heads), Reload::kRestart, "", between(1, 1024), "Attention heads."},
          {"model.kv_heads", in(&M::kv_heads), Reload::kRestart, "", between(1, 1024),
           "Key/value heads; a divisor of heads (fewer = grouped-query attention)."},
          {"model.ffn", in(&M::ffn), Reload::kRestart, "", between(1, 1048576), "Inner width of the SwiGLU block."},
          {"model.max_positions", in(&M::max_positions), Reload::kRestart, "tokens", between(2, 1048576),
           "Longest sequence, prompt included."},
          {"model.position", in(&M::position), Reload::kRestart, "", one_of({"rope", "learned", "none"}), "Position encoding."},
          {"model.random_offset", in(&M::random_offset), Reload::kRestart, "tokens", between(0, 1048576),
           "Training sequences start at a random position from 0 to this, for lengths never seen; 0 = off."},
          {"model.rope_theta", in(&M::rope_theta), Reload::kRestart, "", above(0, 1e9), "Base of the RoPE frequencies."},
          {"model.norm_eps", in(&M::norm_eps), Reload::kRestart, "", above(0, 1), "Added to the mean square in RMSNorm."},
          {"model.tie_embeddings", in(&M::tie_embeddings), Reload::kRestart, "", any(),
           "Output layer shares the input embedding."},
          {"model.init_std", in(&M::init_std), Reload::kRestart, "", above(0, 10), "Standard deviation of fresh weights."},
          {"model.dtype", in(&M::dtype), Reload::kRestart, "", one_of({"float32", "bfloat16"}),
           "What matrices are multiplied in, by sampler and trainer alike: bfloat16 halves the memory they take and rounds "
           "them to "
           "8 bits; parameters, moments, activations and sums stay float32."},
      });
}

void add_sample(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::sample, member); };
  using S = SampleOptions;
  f.insert(f.end(), {
                        {"sample.generators", in(&S::generators), Reload::kRestart, "generators", between(1, 256),
                         "Sampling engines, each with a cache of its own."},
                        {"sample.device", in(&S::device), Reload::kRestart, "", one_of({"cpu", "cuda"}),
                         "What generators, evaluator and answers are computed on. cuda: the first GPU, in bfloat16 whatever "
                         "`model.dtype` says; in a build made where nvcc was found."},
                        {"sample.threads", in(&S::threads), Reload::kRestart, "threads", between(1, 1024),
                         "Compute threads of each generator, which share a step's work; what is drawn does "
                         "not depend on it."},
                        {"sample.samples_per_problem", in(&S::samples_per_problem), Reload::kNextRound, "attempts",
                         between(1, 4096), "Attempts drawn per problem."},
                        {"sample.batch", in(&S::batch), Reload::kRestart, "sequences", between(1, 65536),
                         "Sequences decoded at once per generator."},
                        {"sample.kv_cache_mb", in(&S::kv_cache_mb), Reload::kRestart, "MiB", between(0, 1e9),
                         "Memory of each generator's keys and values; sequences wait, or step back and compute again, when it "
                         "is full. 0 = what `sample.batch` sequences need at their longest, 2048 at most on the "
                         "CPU, half of what is free on a GPU."},
                        {"sample.temperature", in(&S::temperature), Reload::kNextRound, "", between(0, 100), "0 = greedy."},
                        {"sample.top_p", in(&S::top_p), Reload::kNextRound, "probability", above(0, 1),
                         "Draw from the likeliest tokens that hold this mass; 1 = off."},
                        {"sample.top_k", in(&S::top_k), Reload::kNextRound, "tokens", between(0, 1e6),
                         "Draw from this many likeliest tokens; 0 = off."},
                        {"sample.min_p", in(&S::min_p), Reload::kNextRound, "probability", between(0, 1),
                         "Draw from tokens at least this likely beside the likeliest; 0 = off."},
                        {"sample.repetition_penalty", in(&S::repetition_penalty), Reload::kNextRound, "", above(0, 100),
                         "Divides the positive logits of tokens already in prompt or completion, multiplies negative ones; "
                         "1 = off."},
                        {"sample.max_tokens", in(&S::max_tokens), Reload::kNextRound, "tokens", between(1, 1048576),
                         "Completion tokens at most; longer ones are cut and rejected."},
                    });
}

void add_verify(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::verify, member); };
  using V = VerifyOptions;
  f.insert(
      f.end(),
      {
          {"verify.verifiers", in(&V::verifiers), Reload::kRestart, "verifiers", between(1, 256), "Verifier actors."},
          {"verify.window", in(&V::window), Reload::kRestart, "items", between(1, 65536), "Items one verifier holds at most."},
      });
}

void add_train_plan(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::train, member); };
  using T = TrainOptions;
  f.insert(f.end(),
           {
               {"train.threads", in(&T::threads), Reload::kRestart, "threads", between(1, 1024),
                "Threads of each data-parallel rank; the sum they compute does not depend on how many."},
               {"train.batch_sequences", in(&T::batch_sequences), Reload::kNextRound, "sequences", between(1, 65536),
                "Sequences per optimizer step."},
               {"train.micro_batch_tokens", in(&T::micro_batch_tokens), Reload::kRestart, "tokens", between(0, 1e9),
                "A step's batch is computed in parts of at most this many tokens, padding included, and their gradients are "
                "summed: the same step in less memory. 0 = at once."},
               {"train.activation_checkpointing", in(&T::activation_checkpointing), Reload::kRestart, "", any(),
                "Keep only the input of each layer and compute it again on the way back: less memory for activations, one "
                "forward pass more."},
               {"train.data_parallel", in(&T::data_parallel), Reload::kRestart, "ranks", between(1, 64),
                "Ranks that share each batch, train.threads threads and one gradient each; their gradients are summed."},
               {"train.seed_steps", in(&T::seed_steps), Reload::kRestart, "steps", between(0, 1e9),
                "Base phase, on the seed examples; 0 = none."},
               {"train.steps_first_round", in(&T::steps_first_round), Reload::kNextRound, "steps", between(1, 1e9),
                "Optimizer steps of round 1."},
               {"train.steps_growth", in(&T::steps_growth), Reload::kNextRound, "", between(0.1, 10),
                "Round n trains steps_first_round x steps_growth^(n-1) steps; the paper grows by 1.2."},
               {"train.max_steps_per_round", in(&T::max_steps_per_round), Reload::kNextRound, "steps", between(1, 1e9),
                "Ceiling of that growth."},
               {"train.lr", in(&T::lr), Reload::kNextRound, "", above(0, 10), "Peak learning rate of the rounds."},
               {"train.balance_groups",
                in(&T::balance_groups),
                Reload::kNextRound,
                "",
                {},
                "Rounds draw every group of problems alike (addition: each digit length), however many attempts it has."},
               {"train.seed_lr", in(&T::seed_lr), Reload::kRestart, "", above(0, 10), "Peak learning rate of the base phase."},
           });
}

void add_optimizer(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::train, member); };
  using T = TrainOptions;
  f.insert(f.end(),
           {
               {"train.warmup_steps", in(&T::warmup_steps), Reload::kRestart, "steps", between(0, 1e9),
                "Linear warm-up at the start of each plan."},
               {"train.schedule", in(&T::schedule), Reload::kRestart, "", one_of({"constant", "cosine", "linear"}),
                "Learning rate after warm-up: constant, cosine to 10 %, or linear to 0."},
               {"train.weight_decay", in(&T::weight_decay), Reload::kRestart, "", between(0, 10),
                "AdamW's decoupled decay, on matrices."},
               {"train.beta1", in(&T::beta1), Reload::kRestart, "", between(0, 0.999999), "AdamW: decay of the first moment."},
               {"train.beta2", in(&T::beta2), Reload::kRestart, "", between(0, 0.999999), "AdamW: decay of the second moment."},
               {"train.adam_eps", in(&T::adam_eps), Reload::kRestart, "", above(0, 1), "AdamW: added to the denominator."},
               {"train.clip_norm", in(&T::clip_norm), Reload::kRestart, "", between(0, 1e6),
                "Gradient norm is clipped to this; 0 = off."},
               {"train.publish_every_steps", in(&T::publish_every_steps), Reload::kLive, "steps", between(1, 1e9),
                "continuous: steps between versions."},
               {"train.snapshot_every_steps", in(&T::snapshot_every_steps), Reload::kLive, "steps", between(1, 1e6),
                "Optimizer state is made durable every n steps; a crash redoes at most n."},
           });
}

void add_lora(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::train, member); };
  using T = TrainOptions;
  f.insert(f.end(),
           {
               {"train.lora_rank", in(&T::lora_rank), Reload::kRestart, "", between(0, 65536),
                "Train adapters of this rank beside frozen weights (LoRA); 0 = train every weight."},
               {"train.lora_alpha", in(&T::lora_alpha), Reload::kRestart, "", above(0, 1e6),
                "LoRA: a weight becomes W + lora_alpha / lora_rank x B A."},
               {"train.lora_target_modules", in(&T::lora_target_modules), Reload::kRestart, "", any(),
                "LoRA: which matrices get adapters, separated by commas: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, "
                "down_proj (GPT-2: c_attn, c_proj, c_fc); all-linear = every one of them."},
               {"train.use_rslora", in(&T::use_rslora), Reload::kRestart, "", any(),
                "LoRA: divide lora_alpha by the square root of lora_rank instead (rank-stabilised)."},
           });
}

void add_eval(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::eval, member); };
  using E = EvalOptions;
  f.insert(
      f.end(),
      {
          {"eval.batch", in(&E::batch), Reload::kRestart, "sequences", between(1, 65536), "Held-out problems decoded at once."},
          {"eval.samples", in(&E::samples), Reload::kLive, "candidates", between(0, 4096),
           "Candidates drawn per held-out problem for Pass@k, majority@k and Best-of-k; 0 = greedy decoding only."},
          {"eval.sample_problems", in(&E::sample_problems), Reload::kLive, "problems", between(1, 1e9),
           "Held-out problems that candidates are drawn for, at most."},
          {"eval.temperature", in(&E::temperature), Reload::kLive, "", above(0, 100), "Candidates are drawn at."},
          {"eval.gate", in(&E::gate), Reload::kLive, "", any(),
           "Refuse a version whose held-out accuracy falls by more than max_regression."},
          {"eval.max_regression", in(&E::max_regression), Reload::kLive, "share", between(0, 1), "What the gate forgives."},
          {"eval.every_versions", in(&E::every_versions), Reload::kLive, "versions", between(1, 1e6),
           "continuous: evaluate every n-th published version."},
      });
}

void add_placement(std::vector<Field>& f) {
  f.push_back({"placement.mode", at(&Options::placement, &PlacementOptions::mode), Reload::kRestart, "",
               one_of({"shared", "split"}),
               "shared: sampling and training take turns on the same cores or device. split: both at once."});
}

}  // namespace

void add_model_fields(std::vector<Field>& fields) {
  add_model(fields);
  add_sample(fields);
  add_verify(fields);
  add_train_plan(fields);
  add_optimizer(fields);
  add_lora(fields);
  add_verifier_fields(fields);
  add_eval(fields);
  add_serve_fields(fields);
  add_placement(fields);
}

}  // namespace autodidact
