// For hf_reference.py: loads a checkpoint directory, reads sequences (one per line: prompt length, then token ids), and writes
// what this runtime computes for them, as safetensors files beside the checkpoint.
//   logits.safetensors    "logits"   [sum of rows, vocab], by the sampling engine, sequence after sequence
//   gradient.safetensors  every weight's gradient of the mean completion NLL, and "loss" [1]
//   greedy.txt            16 greedy tokens after each prompt, a line each
// With --make DIR FAMILY (llama, llama3, qwen2, qwen3, gpt2) it writes a random checkpoint of ours there instead.

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "config/files.hpp"
#include "model/decoder.hpp"
#include "model/gradient_engine.hpp"
#include "model/safetensors.hpp"
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

// Row by row through the key-value cache, after a first part at once, so that both ways of attending are in it.
std::vector<float> all_logits(const Weights& weights, const TrainExample& example) {
  testing::OneSequence sequence(weights.config);
  std::vector<float> out;
  for (std::size_t i = 0; i < example.tokens.size(); ++i) {
    const std::size_t first = i == example.prompt_length ? 0 : i;  // there the prompt again, whole
    const auto logits =
        sequence.logits(weights, std::span(example.tokens).subspan(first, i + 1 - first), static_cast<std::int64_t>(first));
    out.insert(out.end(), logits.begin(), logits.end());
  }
  return out;
}

Status dump_logits(const Weights& weights, const std::vector<TrainExample>& examples, const std::string& directory) {
  std::vector<float> logits;
  for (const TrainExample& example : examples) {
    const std::vector<float> rows = all_logits(weights, example);
    logits.insert(logits.end(), rows.begin(), rows.end());
  }
  const auto vocab = static_cast<std::size_t>(weights.config.vocab_size);
  return write_file_atomic(
      directory + "/logits.safetensors",
      write_safetensors(
          {{"logits", {static_cast<std::int64_t>(logits.size() / vocab), static_cast<std::int64_t>(vocab)}, 0, logits.size()}},
          logits.data()));
}

Status dump_gradient(const Weights& weights, const std::vector<TrainExample>& examples, const std::string& directory) {
  std::vector<PlacedExample> placed;
  std::int64_t counted = 0;
  for (const TrainExample& example : examples) {
    AD_RETURN_IF_ERROR(check_example(weights.config, example));
    placed.push_back({&example, 0});
    counted += placed.back().counted();
  }
  std::vector<float> grad(weights.size + 1);
  const float scale = 1.0f / static_cast<float>(counted);
  AD_ASSIGN_OR_RETURN(const double loss, make_fused_engine(weights.config, {2})->gradient(weights, placed, scale, grad.data()));
  grad.back() = static_cast<float>(loss) * scale;
  std::vector<TensorView> layout = weights.layout;
  layout.push_back({"loss", {1}, weights.size, 1});
  return write_file_atomic(directory + "/gradient.safetensors", write_safetensors(layout, grad.data()));
}

Status dump_greedy(const WeightsPtr& weights, const std::vector<TrainExample>& examples, const std::string& directory) {
  AD_ASSIGN_OR_RETURN(auto decoder, make_cpu_decoder({4}));
  AD_RETURN_IF_ERROR(decoder->set_weights(weights));
  for (std::size_t i = 0; i < examples.size(); ++i) {
    DecodeRequest request{i, {examples[i].tokens.begin(), examples[i].tokens.begin() + examples[i].prompt_length}, {}, 0};
    request.sampler.temperature = 0;
    request.sampler.max_tokens = 16;
    decoder->submit(std::move(request));
  }
  std::vector<DecodeResult> finished;
  while (decoder->step(finished) > 0) {
  }
  std::vector<std::string> lines(examples.size());
  for (const DecodeResult& result : finished) {
    AD_RETURN_IF_ERROR(result.status);
    for (TokenId token : result.tokens) lines[result.tag] += std::to_string(token) + " ";
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return write_file_atomic(directory + "/greedy.txt", text);
}

Status make(const std::string& directory, const std::string& family) {
  ModelConfig config;
  config.vocab_size = 40;
  config.num_key_value_heads = 2;
  config.max_position_embeddings = 96;
  config.eos_token_id = config.pad_token_id = -1;
  if (family == "qwen2") config.family = ModelConfig::Family::kQwen2;
  if (family == "qwen3") config.family = ModelConfig::Family::kQwen3;
  if (family == "gpt2") {
    config.family = ModelConfig::Family::kGpt2;
    config.position = ModelConfig::Position::kLearned;
    config.num_key_value_heads = config.num_attention_heads;
  }
  if (family == "llama3") {
    config.attention_bias = config.mlp_bias = true;
    config.rope_scaling = {RopeScaling::Kind::kLlama3, 4, 1, 4, 24};
  }
  return save_checkpoint(*init_weights(config, 0.1, 1), {{"tokenizer.json", "{}\n"}}, directory).status();
}

Status dump(const std::string& directory) {
  AD_ASSIGN_OR_RETURN(const WeightsPtr weights, load_checkpoint(directory, 1));
  const std::vector<TrainExample> examples = read_examples(directory + "/sequences.txt");
  AD_RETURN_IF_ERROR(dump_logits(*weights, examples, directory));
  AD_RETURN_IF_ERROR(dump_gradient(*weights, examples, directory));
  return dump_greedy(weights, examples, directory);
}

}  // namespace
}  // namespace autodidact

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool make = arguments.size() == 3 && arguments[0] == "--make";
  if (!make && arguments.size() != 1)
    return std::fprintf(stderr, "usage: model_reference_dump DIRECTORY\n       model_reference_dump --make DIRECTORY FAMILY\n"),
           64;
  const autodidact::Status status = make ? autodidact::make(arguments[1], arguments[2]) : autodidact::dump(arguments[0]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
