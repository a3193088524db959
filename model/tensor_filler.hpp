#pragma once
// Fills the flat buffer of a shape from tensors that come in any order: each exactly once, none missing, none unknown.
// One thread; what it made is the caller's.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "model/model_config.hpp"

namespace autodidact {

class TensorFiller {
 public:
  using Read = std::function<Status(std::span<float>)>;

  explicit TensorFiller(const ModelConfig& config);

  // One tensor of a checkpoint: its name and shape there, and what reads its values. Those that some writers add and nobody
  // needs (rotary tables, GPT-2's masks, a tied head) are passed over. kBadInput names the tensor.
  Status take(const std::string& name, const std::vector<std::int64_t>& shape, const Read& read);
  Result<std::shared_ptr<const float[]>> finish();

 private:
  void transpose(float* data, std::int64_t in, std::int64_t out);

  const ModelConfig config_;
  std::shared_ptr<float[]> data_;
  std::map<std::string, TensorView> wanted_;  // and not found yet
  std::set<std::string> taken_;
  std::string unknown_;  // the first that has no place here
  std::vector<float> scratch_;
};

}  // namespace autodidact
