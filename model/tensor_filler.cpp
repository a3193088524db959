#include "model/tensor_filler.hpp"

#include <algorithm>

#include "model/safetensors_header.hpp"
#include "model/weights.hpp"

namespace autodidact {
namespace {

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }

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

}  // namespace

TensorFiller::TensorFiller(const ModelConfig& config)
    : config_(config), data_(aligned_floats(static_cast<std::size_t>(config.parameter_count()))) {
  for (TensorView& view : tensor_layout(config)) {
    std::string name = view.name;
    wanted_.emplace(std::move(name), std::move(view));
  }
}

Status TensorFiller::take(const std::string& their_name, const std::vector<std::int64_t>& shape, const Read& read) {
  const std::string name = canonical_name(their_name, config_);
  const auto found = wanted_.find(name);
  if (found == wanted_.end()) {
    if (taken_.count(name)) return bad("tensor " + printable_name(their_name) + " is there twice");
    if (unknown_.empty() && !needless(name, config_)) unknown_ = printable_name(their_name);
    return {};
  }
  const TensorView& view = found->second;
  std::vector<std::int64_t> wanted = view.shape;
  if (view.transposed) std::swap(wanted.at(0), wanted.at(1));
  if (shape != wanted) return bad("tensor " + printable_name(their_name) + " has another shape than config.json says");
  float* to = data_.get() + view.offset;
  AD_RETURN_IF_ERROR(read({to, view.size}));
  if (view.transposed) transpose(to, wanted[0], wanted[1]);
  taken_.insert(name);
  wanted_.erase(found);
  return {};
}

Result<std::shared_ptr<const float[]>> TensorFiller::finish() {
  if (!wanted_.empty()) return bad("tensor \"" + wanted_.begin()->first + "\" is missing");
  if (!unknown_.empty()) return bad("tensor " + unknown_ + " is not part of this model");
  return std::shared_ptr<const float[]>(std::move(data_));
}

// [in, out] as the file has it becomes [out, in].
void TensorFiller::transpose(float* data, std::int64_t in, std::int64_t out) {
  scratch_.assign(data, data + in * out);
  for (std::int64_t i = 0; i < in; ++i)
    for (std::int64_t o = 0; o < out; ++o) data[o * in + i] = scratch_[static_cast<std::size_t>(i * out + o)];
}

}  // namespace autodidact
