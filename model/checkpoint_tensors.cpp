#include "model/checkpoint_tensors.hpp"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "config/files.hpp"
#include "model/safetensors.hpp"
#include "model/safetensors_header.hpp"
#include "model/tensor_filler.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxIndexBytes = 64 << 20;
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

Status read_shard(const ByteSource& file, const std::set<std::string>& promised, TensorFiller& filler) {
  AD_ASSIGN_OR_RETURN(const SafetensorsIndex index, parse_safetensors(file));
  for (const SafetensorsEntry& entry : index.entries) {
    if (!promised.empty() && promised.count(entry.name) == 0)
      return bad("tensor " + printable_name(entry.name) + " is not what the index says is in this file");
    AD_RETURN_IF_ERROR(
        filler.take(entry.name, entry.shape, [&](std::span<float> to) { return read_tensor(file, index, entry, to); }));
  }
  return {};
}

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
  TensorFiller filler(config);
  for (const auto& [file, promised] : shards) {
    const std::string path = directory + "/" + file;
    AD_ASSIGN_OR_RETURN(const auto opened, bytes_of_file(path));
    const Status read = read_shard(*opened, promised, filler);
    if (!read.ok()) return read.with_context(path);
  }
  auto data = filler.finish();
  if (!data.ok()) return data.status().with_context(shards.size() == 1 ? directory + "/" + shards.begin()->first : directory);
  return data;
}

}  // namespace autodidact
