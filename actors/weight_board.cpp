#include "actors/weight_board.hpp"

#include <cstdio>
#include <utility>

namespace autodidact {
namespace {
constexpr std::size_t kInMemory = 6;  // base, serving, newest and one being evaluated; verifiers among them
}

std::string WeightBoard::directory_of(VersionId version) {
  char name[32];
  std::snprintf(name, sizeof name, "versions/v%06u", version);
  return name;
}

void WeightBoard::post(WeightsPtr weights) {
  std::lock_guard lock(mutex_);
  posted_[weights->version] = std::move(weights);
  while (posted_.size() > kInMemory) posted_.erase(posted_.begin());
}

Result<WeightsPtr> WeightBoard::get(VersionId version) {
  {
    std::lock_guard lock(mutex_);
    if (auto it = posted_.find(version); it != posted_.end()) return it->second;
    for (const auto& held : {serving_, verifier_})
      if (held && held->version == version) return held;
  }
  AD_ASSIGN_OR_RETURN(auto weights, load_checkpoint(path_of(version), version, compute_));
  post(weights);
  return weights;
}

Status WeightBoard::serve(VersionId version) {
  AD_ASSIGN_OR_RETURN(auto weights, get(version));
  std::lock_guard lock(mutex_);
  serving_ = std::move(weights);
  return {};
}

Status WeightBoard::serve_verifier(VersionId version) {
  AD_ASSIGN_OR_RETURN(auto weights, get(version));
  std::lock_guard lock(mutex_);
  verifier_ = std::move(weights);
  return {};
}

WeightsPtr WeightBoard::verifier() const {
  std::lock_guard lock(mutex_);
  return verifier_;
}

WeightsPtr WeightBoard::serving() const {
  std::lock_guard lock(mutex_);
  return serving_;
}

}  // namespace autodidact
