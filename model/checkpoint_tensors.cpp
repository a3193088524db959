#include "model/checkpoint_tensors.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "config/files.hpp"
#include "model/safetensors.hpp"
#include "model/safetensors_header.hpp"
#include "model/weights.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxIndexBytes = 64 << 20;
constexpr std::uint64_t kMaxShardBytes = std::uint64_t{1} << 36;
constexpr std::size_t kMaxShards = 1000;

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }

using Shards = std::map<std::string, std::set<std::string>>;  // file name -> tensors the index promises in it; empty: any

// A name that stays in the folder it is in.
bool plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name.front() != '.' &&
         name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

Result<Shards> parse_index(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    return bad("expected an object with \"weight_map\"");
  Shards shards;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string() || !plain_name(file.get_ref<const std::string&>()))
      return bad("weight_map: " + printable_name(tensor) + " must name a file in the same directory");
    shards[file.get<std::string>()].insert(tensor);
    if (shards.size() > kMaxShards) return bad("weight_map: more than " + std::to_string(kMaxShards) + " files");
  }
  return shards;
}

Result<Shards> find_shards(const std::string& directory) {
  const std::string path = directory + "/model.safetensors.index.json";
  if (std::filesystem::exists(directory + "/model.safetensors") || !std::filesystem::exists(path))
    return Shards{{"model.safetensors", {}}};
  AD_ASSIGN_OR_RETURN(const std::string text, read_file(path, kMaxIndexBytes));
  auto shards = parse_index(text);
  if (!shards.ok()) return shards.status().with_context(path);
  return shards;
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && std::string_view(text).substr(text.size() - end.size()) == end;
}

// Older GPT-2 files leave the prefix out.
std::string canonical_name(const std::string& name, const ModelConfig& config) {
  const bool bare =
      config.family == ModelConfig::Family::kGpt2 && name.rfind("transformer.", 0) != 0 && name != "lm_head.weight";
  return bare ? "transformer." + name : name;
}

bool needless(const std::string& name, const ModelConfig& config) {
  if (config.tie_word_embeddings && name == "lm_head.weight") return true;
  if (config.family == ModelConfig::Family::kGpt2) return ends_with(name, ".attn.bias") || ends_with(name, ".attn.masked_bias");
  return ends_with(name, "rotary_emb.inv_freq");
}

class Filler {
 public:
  explicit Filler(const ModelConfig& config)
      : config_(config), data_(aligned_floats(static_cast<std::size_t>(config.parameter_count()))) {
    for (TensorView& view : tensor_layout(config)) {
      std::string name = view.name;
      wanted_.emplace(std::move(name), std::move(view));
    }
  }

  Status read_shard(std::string_view file, const std::set<std::string>& promised) {
    AD_ASSIGN_OR_RETURN(const SafetensorsIndex index, parse_safetensors(file));
    for (const SafetensorsEntry& entry : index.entries) {
      if (!promised.empty() && promised.count(entry.name) == 0)
        return bad("tensor " + printable_name(entry.name) + " is not what the index says is in this file");
      AD_RETURN_IF_ERROR(take(file, index, entry));
    }
    return {};
  }

  Result<std::shared_ptr<const float[]>> finish() {
    if (!wanted_.empty()) return bad("tensor \"" + wanted_.begin()->first + "\" is missing");
    if (!unknown_.empty()) return bad("tensor " + unknown_ + " is not part of this model");
    return std::shared_ptr<const float[]>(std::move(data_));
  }

 private:
  Status take(std::string_view file, const SafetensorsIndex& index, const SafetensorsEntry& entry) {
    const std::string name = canonical_name(entry.name, config_);
    const auto found = wanted_.find(name);
    if (found == wanted_.end()) {
      if (taken_.count(name)) return bad("tensor " + printable_name(entry.name) + " is there twice");
      if (unknown_.empty() && !needless(name, config_)) unknown_ = printable_name(entry.name);
      return {};
    }
    const TensorView& view = found->second;
    std::vector<std::int64_t> shape = view.shape;
    if (view.transposed && shape.size() == 2) std::swap(shape[0], shape[1]);
    if (entry.shape != shape) return bad("tensor " + printable_name(entry.name) + " has another shape than config.json says");
    float* to = data_.get() + view.offset;
    AD_RETURN_IF_ERROR(read_tensor(file, index, entry, {to, view.size}));
    if (view.transposed && shape.size() == 2) transpose(to, shape[0], shape[1]);
    taken_.insert(name);
    wanted_.erase(found);
    return {};
  }

  // [in, out] as the file has it becomes [out, in].
  void transpose(float* data, std::int64_t in, std::int64_t out) {
    scratch_.assign(data, data + in * out);
    for (std::int64_t i = 0; i < in; ++i)
      for (std::int64_t o = 0; o < out; ++o) data[o * in + i] = scratch_[static_cast<std::size_t>(i * out + o)];
  }

  const ModelConfig config_;
  std::shared_ptr<float[]> data_;
  std::map<std::string, TensorView> wanted_;  // and not found yet
  std::set<std::string> taken_;
  std::string unknown_;  // the first that has no place here
  std::vector<float> scratch_;
};

// A hostile config.json must not make us ask for memory that no file backs.
Status check_size(const std::string& directory, const Shards& shards, const ModelConfig& config) {
  std::uint64_t bytes = 0;
  for (const auto& [file, promised] : shards) {
    std::error_code error;
    const std::uint64_t size = std::filesystem::file_size(directory + "/" + file, error);
    if (error) return {Errc::kNotFound, "cannot open " + directory + "/" + file + ": " + error.message()};
    bytes += size;
  }
  if (bytes / 2 >= static_cast<std::uint64_t>(config.parameter_count())) return {};
  return bad(directory + ": the tensor files are too small for the shape in config.json");
}

}  // namespace

Result<std::shared_ptr<const float[]>> load_tensors(const std::string& directory, const ModelConfig& config) {
  AD_ASSIGN_OR_RETURN(const Shards shards, find_shards(directory));
  AD_RETURN_IF_ERROR(check_size(directory, shards, config));
  Filler filler(config);
  for (const auto& [file, promised] : shards) {
    const std::string path = directory + "/" + file;
    AD_ASSIGN_OR_RETURN(const std::string bytes, read_file(path, kMaxShardBytes));
    const Status read = filler.read_shard(bytes, promised);
    if (!read.ok()) return read.with_context(path);
  }
  auto data = filler.finish();
  if (!data.ok()) return data.status().with_context(shards.size() == 1 ? directory + "/" + shards.begin()->first : directory);
  return data;
}

}  // namespace autodidact
