// A version on disk: config.json, generation_config.json, model.safetensors, tokenizer.json in one directory that appears
// whole or not at all.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>

#include "config/files.hpp"
#include "config/sha256.hpp"
#include "model/config_json.hpp"
#include "model/safetensors.hpp"
#include "model/safetensors_header.hpp"
#include "model/weights.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;
constexpr std::uint64_t kMaxWeightBytes = std::uint64_t{1} << 36;

Status write_into(const std::string& directory, const Weights& weights, const std::string& tokenizer_json,
                  const std::string& tensors) {
  AD_RETURN_IF_ERROR(write_file_atomic(directory + "/model.safetensors", tensors));
  AD_RETURN_IF_ERROR(write_file_atomic(directory + "/config.json", write_config_json(weights.config)));
  AD_RETURN_IF_ERROR(write_file_atomic(directory + "/generation_config.json", write_generation_config_json(weights.config)));
  return write_file_atomic(directory + "/tokenizer.json", tokenizer_json);
}

// `made` takes the name `directory`. One that is there already (a crash between saving and recording) changes places with it
// in one step, so the name never stands for nothing.
Status take_name(const std::string& made, const std::string& directory) {
  if (::rename(made.c_str(), directory.c_str()) == 0) return {};
  if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
    return errno_status(errno, "rename to " + directory, Errc::kCannotCreate);
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE) != 0)
    return errno_status(errno, "replace " + directory, Errc::kCannotCreate);
  return {};
}

// Every tensor of the layout once, with its shape, and no other.
Status fill(std::string_view file, const SafetensorsIndex& index, const std::vector<TensorView>& layout, float* data) {
  std::map<std::string_view, const SafetensorsEntry*> by_name;
  for (const SafetensorsEntry& entry : index.entries) by_name[entry.name] = &entry;
  for (const TensorView& tensor : layout) {
    const auto found = by_name.find(tensor.name);
    if (found == by_name.end()) return {Errc::kBadInput, "tensor \"" + tensor.name + "\" is missing"};
    if (found->second->shape != tensor.shape)
      return {Errc::kBadInput, "tensor \"" + tensor.name + "\" has another shape than config.json says"};
    AD_RETURN_IF_ERROR(read_tensor(file, index, *found->second, {data + tensor.offset, tensor.size}));
    by_name.erase(found);
  }
  if (!by_name.empty())
    return {Errc::kBadInput, "tensor " + printable_name(by_name.begin()->first) + " is not part of this model"};
  return {};
}

}  // namespace

Result<std::string> save_checkpoint(const Weights& weights, const std::string& tokenizer_json, const std::string& directory) {
  const std::string made = directory + ".tmp-" + std::to_string(::getpid());
  const std::string tensors = write_safetensors(weights.layout, weights.data.get());
  std::error_code ignored;
  std::filesystem::remove_all(made, ignored);
  AD_RETURN_IF_ERROR(make_directories(made));
  Status written = write_into(made, weights, tokenizer_json, tensors);
  if (written.ok()) written = take_name(made, directory);
  std::filesystem::remove_all(made, ignored);  // what failed, or what was replaced
  AD_RETURN_IF_ERROR(written);
  AD_RETURN_IF_ERROR(sync_directory(parent_directory(directory)));
  return sha256_hex(tensors);
}

Result<WeightsPtr> load_checkpoint(const std::string& directory, VersionId version) {
  const std::string config_path = directory + "/config.json", tensors_path = directory + "/model.safetensors";
  AD_ASSIGN_OR_RETURN(const std::string config_text, read_file(config_path, kMaxConfigBytes));
  const Result<ModelConfig> config = read_config_json(config_text);
  if (!config.ok()) return config.status().with_context(config_path);
  AD_ASSIGN_OR_RETURN(const std::string file, read_file(tensors_path, kMaxWeightBytes));
  const Result<SafetensorsIndex> index = parse_safetensors(file);
  if (!index.ok()) return index.status().with_context(tensors_path);
  const auto floats = static_cast<std::size_t>(config->parameter_count());
  if (floats > file.size()) return Status(Errc::kBadInput, tensors_path + ": too small for the shape in config.json");
  auto data = aligned_floats(floats);
  const Status filled = fill(file, *index, tensor_layout(*config), data.get());
  if (!filled.ok()) return filled.with_context(tensors_path);
  return make_weights(*config, version, std::move(data));
}

}  // namespace autodidact
