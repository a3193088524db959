// A version on disk: config.json, generation_config.json, model.safetensors, tokenizer.json in one directory that appears
// whole or not at all.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "config/files.hpp"
#include "config/sha256.hpp"
#include "model/checkpoint_tensors.hpp"
#include "model/config_json.hpp"
#include "model/safetensors.hpp"
#include "model/weights.hpp"

namespace autodidact {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;

Status write_into(const std::string& directory, const Weights& weights, const CheckpointFiles& files,
                  const std::string& tensors, Dtype dtype) {
  AD_RETURN_IF_ERROR(write_file_atomic(directory + "/model.safetensors", tensors));
  AD_RETURN_IF_ERROR(write_file_atomic(directory + "/config.json", write_config_json(weights.config, dtype)));
  AD_RETURN_IF_ERROR(write_file_atomic(directory + "/generation_config.json", write_generation_config_json(weights.config)));
  for (const auto& [name, bytes] : files) AD_RETURN_IF_ERROR(write_file_atomic(directory + "/" + name, bytes));
  return {};
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

}  // namespace

Result<std::string> save_checkpoint(const Weights& weights, const CheckpointFiles& files, const std::string& directory,
                                    Dtype dtype) {
  const std::string made = directory + ".tmp-" + std::to_string(::getpid());
  const std::string tensors = write_safetensors(weights.layout, weights.data.get(), dtype);
  std::error_code ignored;
  std::filesystem::remove_all(made, ignored);
  AD_RETURN_IF_ERROR(make_directories(made));
  Status written = write_into(made, weights, files, tensors, dtype);
  if (written.ok()) written = take_name(made, directory);
  std::filesystem::remove_all(made, ignored);  // what failed, or what was replaced
  AD_RETURN_IF_ERROR(written);
  AD_RETURN_IF_ERROR(sync_directory(parent_directory(directory)));
  return sha256_hex(tensors);
}

Result<WeightsPtr> load_checkpoint(const std::string& directory, VersionId version, Dtype compute) {
  const std::string config_path = directory + "/config.json";
  AD_ASSIGN_OR_RETURN(const std::string config_text, read_file(config_path, kMaxConfigBytes));
  const Result<ModelConfig> config = read_config_json(config_text);
  if (!config.ok()) return config.status().with_context(config_path);
  AD_ASSIGN_OR_RETURN(auto data, load_tensors(directory, *config));
  return make_weights(*config, version, std::move(data), compute);
}

}  // namespace autodidact
