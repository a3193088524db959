// For hf_lora.py: what this runtime does with a checkpoint DIR/base and adapters beside it, as files in DIR.
//   --make DIR FAMILY    writes a random checkpoint, llama or gpt2, to DIR/base and random adapters to DIR/adapter
//   --logits DIR         logits.safetensors: "logits" [rows, vocab] of base + DIR/adapter over DIR/sequences.txt
//   --train DIR STEPS TARGETS RSLORA  trains adapters on DIR/sequences.txt, a step on all of them each time: DIR/start and
//                        DIR/end are the adapters before and after, losses.txt the losses and gradient norms
// sequences.txt: one per line, prompt length, then token ids.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/files.hpp"
#include "model/adamw_learner.hpp"
#include "model/lora_files.hpp"
#include "model/safetensors.hpp"
#include "tests/model/lora_fixtures.hpp"
#include "tests/model/one_sequence.hpp"

namespace autodidact {
namespace {

std::vector<TrainExample> read_examples(const std::string& path) {
  std::vector<TrainExample> examples;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    TrainExample example;
    fields >> example.prompt_length;
    for (TokenId token; fields >> token;) example.tokens.push_back(token);
    examples.push_back(std::move(example));
  }
  return examples;
}

Status make(const std::string& directory, const std::string& family) {
  const std::vector<testing::Shape> shapes = testing::shapes();
  ModelConfig config = family == "gpt2" ? testing::config_of(shapes.back()) : ModelConfig();
  if (family != "gpt2") config.num_key_value_heads = 2;
  config.vocab_size = 40;
  config.max_position_embeddings = 96;
  config.eos_token_id = config.pad_token_id = -1;
  AD_RETURN_IF_ERROR(
      save_checkpoint(*init_weights(config, 0.1, 1), {{"tokenizer.json", "{}\n"}}, directory + "/base").status());
  return save_adapter(testing::random_adapter({5, 7.5, {"all-linear"}, true}, config), "", directory + "/adapter");
}

Status logits(const std::string& directory) {
  AD_ASSIGN_OR_RETURN(const WeightsPtr base, load_checkpoint(directory + "/base", 1));
  AD_ASSIGN_OR_RETURN(const LoraAdapter adapter, load_adapter(directory + "/adapter", base->config));
  const WeightsPtr merged = merge_adapter(*base, adapter, 2);
  std::vector<float> out;
  for (const TrainExample& example : read_examples(directory + "/sequences.txt")) {
    testing::OneSequence sequence(merged->config);
    for (std::size_t i = 0; i < example.tokens.size(); ++i) {
      const auto logits = sequence.logits(*merged, std::span(example.tokens).subspan(i, 1), static_cast<std::int64_t>(i));
      out.insert(out.end(), logits.begin(), logits.end());
    }
  }
  const auto rows = static_cast<std::int64_t>(out.size()) / merged->config.vocab_size;
  return write_file_atomic(directory + "/logits.safetensors",
                           write_safetensors({{"logits", {rows, merged->config.vocab_size}, 0, out.size()}}, out.data()));
}

// The settings that hf_lora.py gives torch.optim.AdamW too.
TrainOptions training(const std::string& targets, bool rslora) {
  TrainOptions options;
  options.threads = 2;
  options.warmup_steps = 0;
  options.weight_decay = 0.01;
  options.beta2 = 0.95;
  options.adam_eps = 1e-6;
  options.clip_norm = 0.5;
  options.micro_batch_tokens = 100;
  options.lora_rank = 4;
  options.lora_alpha = 8;
  options.lora_target_modules = targets;
  options.use_rslora = rslora;
  return options;
}

Status train(const std::string& directory, int steps, const TrainOptions& options) {
  AD_ASSIGN_OR_RETURN(const WeightsPtr base, load_checkpoint(directory + "/base", 1));
  AD_ASSIGN_OR_RETURN(const auto learner,
                      make_adamw_learner(options, 3, [](const ModelConfig& config) { return make_fused_engine(config, {2}); }));
  AD_RETURN_IF_ERROR(learner->begin(*base, {0, 0, 0, 1e-3}));
  AD_RETURN_IF_ERROR(save_adapter(*learner->adapter(), "", directory + "/start"));
  const std::vector<TrainExample> examples = read_examples(directory + "/sequences.txt");
  std::ostringstream losses;
  losses.precision(9);
  for (int i = 0; i < steps; ++i) {
    AD_ASSIGN_OR_RETURN(const StepStats stats, learner->step(examples));
    losses << stats.loss << ' ' << stats.grad_norm << '\n';
  }
  AD_RETURN_IF_ERROR(save_adapter(*learner->adapter(), "", directory + "/end"));
  return write_file_atomic(directory + "/losses.txt", losses.str());
}

Status run(const std::vector<std::string>& arguments) {
  const std::string verb = arguments.empty() ? "" : arguments[0];
  if (verb == "--make" && arguments.size() == 3) return make(arguments[1], arguments[2]);
  if (verb == "--logits" && arguments.size() == 2) return logits(arguments[1]);
  if (verb == "--train" && arguments.size() == 5)
    return train(arguments[1], std::atoi(arguments[2].c_str()), training(arguments[3], arguments[4] == "rslora"));
  return {Errc::kUsage, "usage: model_lora_dump --make DIR llama|gpt2 | --logits DIR | --train DIR STEPS TARGETS lora|rslora"};
}

}  // namespace
}  // namespace autodidact

int main(int argc, char** argv) {
  const autodidact::Status status = autodidact::run({argv + 1, argv + argc});
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return autodidact::exit_code(status.code());
}
