#include "model/lora_files.hpp"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "config/files.hpp"
#include "model/safetensors.hpp"
#include "model/safetensors_header.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;
constexpr std::uint64_t kMaxTensorBytes = std::uint64_t{1} << 34;
constexpr const char* kConfigName = "/adapter_config.json";
constexpr const char* kTensorsName = "/adapter_model.safetensors";

// Keys that say nothing about what the saved adapters compute: where they come from, and how training went about it.
const std::set<std::string, std::less<>> kNoMeaning = {
    "auto_mapping",   "base_model_name_or_path", "inference_mode", "lora_dropout",      "megatron_core",
    "peft_version",   "qalora_group_size",       "revision",       "runtime_config",    "task_type",
    "eva_config",     "ensure_weight_tying",     "layers_pattern", "low_cpu_mem_usage",
    "fan_in_fan_out",  // PEFT sets it by the kind of layer, whatever the file says
};
// Read by name below.
const std::set<std::string, std::less<>> kRead = {"bias", "init_lora_weights", "lora_alpha", "peft_type",
                                                  "r",    "target_modules",    "use_rslora"};
// Starts that leave the base as it is. The others (PiSSA, OLoRA, CorDA, LoftQ, …) change its weights, which must be done
// again before the adapters mean anything.
const std::set<std::string, std::less<>> kPlainStarts = {"gaussian", "eva", "orthogonal"};

Status bad(const std::string& key, const std::string& what) { return {Errc::kBadInput, key + ": " + what}; }

std::string brief(const json& value) { return printable_name(value.dump(-1, ' ', true, json::error_handler_t::replace)); }

bool off(const json& value) { return value.is_null() || value == false || (value.is_structured() && value.empty()); }

// Everything the file says beyond what is read here must say "off".
Status check_other_keys(const json& object) {
  for (const auto& [key, value] : object.items()) {
    if (kRead.contains(key) || kNoMeaning.contains(key) || off(value)) continue;
    return bad(printable_name(key), "is " + brief(value) +
                                        ": adapters of this kind are not supported, only plain LoRA (merge them with PEFT's "
                                        "merge_and_unload() and load the merged checkpoint instead)");
  }
  return {};
}

Status check_kind(const json& object) {
  if (!object.contains("peft_type") || object["peft_type"] != "LORA") return bad("peft_type", "expected \"LORA\"");
  if (object.contains("bias") && object["bias"] != "none")
    return bad("bias", "expected \"none\", got " + brief(object["bias"]) + ": trained biases are not supported");
  if (!object.contains("init_lora_weights")) return {};
  const json& start = object["init_lora_weights"];
  if (start.is_boolean() || (start.is_string() && kPlainStarts.contains(start.get_ref<const std::string&>()))) return {};
  return bad("init_lora_weights", brief(start) + " changes the base weights, which is not supported");
}

Status read_numbers(const json& object, LoraConfig& config) {
  const auto value = [&](const char* key) { return object.contains(key) ? object[key] : json(); };
  const json rank = value("r"), alpha = value("lora_alpha"), rslora = value("use_rslora");
  if (!rank.is_number_integer() || rank < 1 || rank > 65536) return bad("r", "expected an integer from 1 to 65536");
  if (!alpha.is_number() || !(alpha.get<double>() > 0) || !std::isfinite(alpha.get<double>()))
    return bad("lora_alpha", "expected a number above 0");
  if (!rslora.is_null() && !rslora.is_boolean()) return bad("use_rslora", "expected true or false");
  config.rank = rank.get<std::int64_t>();
  config.alpha = alpha.get<double>();
  config.use_rslora = rslora == true;
  return {};
}

Status read_targets(const json& object, LoraConfig& config) {
  config.target_modules.clear();
  const json targets = object.contains("target_modules") ? object["target_modules"] : json();
  if (targets == "all-linear") {
    config.target_modules = {"all-linear"};
    return {};
  }
  if (!targets.is_array() || targets.empty())
    return bad("target_modules", "expected a list of module names or \"all-linear\", got " + brief(targets));
  for (const json& target : targets) {
    if (!target.is_string() || target.get_ref<const std::string&>().empty())
      return bad("target_modules", "expected names, got " + brief(target));
    config.target_modules.push_back(target.get<std::string>());
  }
  return {};
}

// "all-linear" spelled out, as PEFT does when it saves.
std::set<std::string> written_targets(const LoraAdapter& adapter) {
  const auto& names = adapter.config.target_modules;
  if (names != std::vector<std::string>{"all-linear"}) return {names.begin(), names.end()};
  std::set<std::string> targets;
  for (const LoraMatrix& m : adapter.matrices) targets.insert(m.module.substr(m.module.rfind('.') + 1));
  return targets;
}

std::string adapter_config_json(const LoraAdapter& adapter, const std::string& base_model) {
  const double alpha = adapter.config.alpha;
  const bool whole = alpha == std::floor(alpha) && alpha < 1e15;
  const nlohmann::ordered_json out = {
      {"peft_type", "LORA"},
      {"task_type", "CAUSAL_LM"},
      {"base_model_name_or_path", base_model.empty() ? json() : json(base_model)},
      {"inference_mode", true},
      {"r", adapter.config.rank},
      {"lora_alpha", whole ? json(static_cast<std::int64_t>(alpha)) : json(alpha)},
      {"use_rslora", adapter.config.use_rslora},
      {"target_modules", written_targets(adapter)},
      {"lora_dropout", 0.0},
      {"bias", "none"},
      {"fan_in_fan_out", adapter.matrices.front().module.starts_with("transformer.h.")},  // GPT-2's Conv1D
      {"init_lora_weights", true},
      {"modules_to_save", nullptr},
      {"layers_to_transform", nullptr},
      {"layers_pattern", nullptr},
      {"rank_pattern", json::object()},
      {"alpha_pattern", json::object()},
      {"use_dora", false},
      {"revision", nullptr}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

// The file's tensors are those of the layout: each once, with its shape, and no other. Nothing of the size of what config
// claims is allocated before the file has shown that it holds as much.
Result<std::vector<const SafetensorsEntry*>> match(const SafetensorsIndex& index, const LoraAdapter& adapter) {
  std::map<std::string_view, const SafetensorsEntry*> by_name;
  for (const SafetensorsEntry& entry : index.entries) by_name[entry.name] = &entry;
  std::vector<const SafetensorsEntry*> entries;
  for (const TensorView& tensor : adapter.layout) {
    const auto found = by_name.find(tensor.name);
    if (found == by_name.end()) return bad("tensor " + printable_name(tensor.name), "is missing");
    if (found->second->shape != tensor.shape)
      return bad("tensor " + printable_name(tensor.name), "expected the shape [" + std::to_string(tensor.shape[0]) + ", " +
                                                              std::to_string(tensor.shape[1]) +
                                                              "] of this model and the rank in adapter_config.json");
    entries.push_back(found->second);
    by_name.erase(found);
  }
  if (!by_name.empty())
    return bad("tensor " + printable_name(by_name.begin()->first), "does not belong to the target_modules of this model");
  return entries;
}

}  // namespace

Result<LoraConfig> parse_adapter_config(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {Errc::kBadInput, "not a JSON object"};
  LoraConfig config;
  AD_RETURN_IF_ERROR(check_kind(object));
  AD_RETURN_IF_ERROR(check_other_keys(object));
  AD_RETURN_IF_ERROR(read_numbers(object, config));
  AD_RETURN_IF_ERROR(read_targets(object, config));
  return config;
}

Result<LoraAdapter> parse_adapter(const LoraConfig& config, std::string_view safetensors, const ModelConfig& model) {
  Result<LoraAdapter> planned = plan_adapter(config, model);
  if (!planned.ok()) return Status(Errc::kBadInput, planned.status().message());  // a file says so here, no setting
  const auto file = bytes_in_memory(std::string(safetensors));
  AD_ASSIGN_OR_RETURN(const SafetensorsIndex index, parse_safetensors(*file));
  AD_ASSIGN_OR_RETURN(const auto entries, match(index, *planned));
  planned->values = aligned_floats(planned->size);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const TensorView& tensor = planned->layout[i];
    AD_RETURN_IF_ERROR(read_tensor(*file, index, *entries[i], {planned->values.get() + tensor.offset, tensor.size}));
  }
  return planned;
}

Status save_adapter(const LoraAdapter& adapter, const std::string& base_model, const std::string& directory) {
  AD_REQUIRE(adapter.values != nullptr, "save_adapter of an adapter without values");
  const std::string made = directory + ".tmp-" + std::to_string(::getpid());
  std::error_code ignored;
  std::filesystem::remove_all(made, ignored);
  AD_RETURN_IF_ERROR(make_directories(made));
  Status written = write_file_atomic(made + kTensorsName, write_safetensors(adapter.layout, adapter.values.get()));
  if (written.ok()) written = write_file_atomic(made + kConfigName, adapter_config_json(adapter, base_model));
  if (written.ok()) return replace_directory(made, directory);
  std::filesystem::remove_all(made, ignored);
  return written;
}

Result<LoraAdapter> load_adapter(const std::string& directory, const ModelConfig& model) {
  AD_ASSIGN_OR_RETURN(const std::string text, read_file(directory + kConfigName, kMaxConfigBytes));
  const Result<LoraConfig> config = parse_adapter_config(text);
  if (!config.ok()) return config.status().with_context(directory + kConfigName);
  AD_ASSIGN_OR_RETURN(const std::string tensors, read_file(directory + kTensorsName, kMaxTensorBytes));
  Result<LoraAdapter> adapter = parse_adapter(*config, tensors, model);
  if (!adapter.ok()) return adapter.status().with_context(directory);
  return adapter;
}

}  // namespace autodidact
