// model inspect|convert: what is in a checkpoint, and the same as another kind of file.

#include <memory>
#include <nlohmann/json.hpp>

#include "model/checkpoint_source.hpp"
#include "model/lora_files.hpp"
#include "tools/cli.hpp"

namespace autodidact {

namespace {

using nlohmann::ordered_json;

const char* family_name(const ModelConfig& c) {
  switch (c.family) {
    case ModelConfig::Family::kQwen2: return "qwen2";
    case ModelConfig::Family::kQwen3: return "qwen3";
    case ModelConfig::Family::kGpt2: return "gpt2";
    default: return "llama";
  }
}

std::string positions_text(const ModelConfig& c) {
  std::string text = std::to_string(c.max_position_embeddings);
  if (c.position == ModelConfig::Position::kLearned) return text + " learned";
  if (c.position == ModelConfig::Position::kNone) return text + " without position";
  text += " rotary";
  if (c.rope_scaling.kind == RopeScaling::Kind::kLinear) text += ", linear scaling";
  if (c.rope_scaling.kind == RopeScaling::Kind::kLlama3) text += ", llama3 scaling";
  return text;
}

ordered_json description(const CheckpointSource& source) {
  const ModelConfig& c = source.config();
  const Tokenizer& t = *source.tokenizer();
  return {{"format", source.format()},
          {"family", family_name(c)},
          {"parameters", c.parameter_count()},
          {"layers", c.num_hidden_layers},
          {"hidden_size", c.hidden_size},
          {"intermediate_size", c.intermediate_size},
          {"attention_heads", c.num_attention_heads},
          {"key_value_heads", c.num_key_value_heads},
          {"head_dim", c.head_dim},
          {"vocabulary", c.vocab_size},
          {"positions", positions_text(c)},
          {"tied_embeddings", c.tie_word_embeddings},
          {"tokenizer_tokens", t.vocab_size()},
          {"eos", t.token_text(t.eos())},
          {"pad", t.token_text(t.pad())},
          {"chat_template", source.chat_template() != nullptr}};
}

Result<int> inspect(const std::string& path, Output& output) {
  AD_ASSIGN_OR_RETURN(const auto source, CheckpointSource::open(path));
  // Reads every tensor: what is missing, of another shape or not finite shows here and not in the daemon.
  AD_RETURN_IF_ERROR(source->tensors().status());
  const ordered_json json = description(*source);
  if (output.json()) {
    output.json_line(json.dump());
    return 0;
  }
  for (const auto& [key, value] : json.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    output.text(key + std::string(20 - key.size(), ' ') + escape_text(text) + "\n");
  }
  return 0;
}

struct ConvertArguments {
  std::string from, to, dtype = "float32", adapter;
};

Result<WeightsPtr> weights_of(const CheckpointSource& source, const std::string& adapter_directory) {
  auto weights = std::make_shared<Weights>();  // without the panels that engines compute with
  weights->config = source.config();
  weights->layout = tensor_layout(weights->config);
  weights->size = static_cast<std::size_t>(weights->config.parameter_count());
  AD_ASSIGN_OR_RETURN(weights->data, source.tensors());
  if (adapter_directory.empty()) return WeightsPtr(std::move(weights));
  AD_ASSIGN_OR_RETURN(const LoraAdapter adapter, load_adapter(adapter_directory, weights->config));
  return merge_adapter(*weights, adapter, 0);
}

Result<int> convert(const ConvertArguments& arguments, const Globals& globals) {
  AD_ASSIGN_OR_RETURN(const auto source, CheckpointSource::open(arguments.from));
  AD_ASSIGN_OR_RETURN(const WeightsPtr weights, weights_of(*source, arguments.adapter));
  const Dtype dtype = arguments.dtype == "bfloat16" ? Dtype::kBf16 : arguments.dtype == "float16" ? Dtype::kF16 : Dtype::kF32;
  AD_RETURN_IF_ERROR(save_checkpoint(*weights, source->files(), arguments.to, dtype).status());
  remark(globals, "wrote " + arguments.to);
  return 0;
}

void add_inspect(CLI::App* model, Cli& cli) {
  auto* command = model->add_subcommand("inspect", "What a checkpoint is, after reading and checking all of it");
  command->footer("Example:\n  autodidact model inspect models/SmolLM2-135M-Instruct");
  auto path = std::make_shared<std::string>();
  command->add_option("PATH", *path, "A Hugging Face directory or a GGUF file")->required();
  command->callback([&cli, path] { cli.action = [path](Output& output) { return inspect(*path, output); }; });
}

void add_convert(CLI::App* model, Cli& cli) {
  auto* command = model->add_subcommand("convert", "Write a checkpoint as a Hugging Face directory");
  command->footer(
      "Dequantizes GGUF, merges an adapter, changes the type of the values. DIR appears whole or not at all. Example:\n"
      "  autodidact model convert SmolLM2-135M-Instruct.Q4_1.gguf models/SmolLM2-135M-Instruct --dtype bfloat16");
  auto arguments = std::make_shared<ConvertArguments>();
  command->add_option("FROM", arguments->from, "A Hugging Face directory or a GGUF file")->required();
  command->add_option("DIR", arguments->to, "The directory to write")->required();
  command->add_option("--dtype", arguments->dtype, "Of the values written")
      ->capture_default_str()
      ->check(CLI::IsMember({"float32", "bfloat16", "float16"}));
  command->add_option("--adapter", arguments->adapter, "A PEFT directory with a LoRA adapter to merge");
  command->callback(
      [&cli, arguments] { cli.action = [arguments, &cli](Output&) { return convert(*arguments, cli.globals); }; });
}

}  // namespace

void add_model_commands(CLI::App& app, Cli& cli) {
  auto* model = app.add_subcommand("model", "Look at checkpoints and convert them");
  model->require_subcommand(1);
  add_inspect(model, cli);
  add_convert(model, cli);
}

}  // namespace autodidact
