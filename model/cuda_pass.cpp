#include "model/cuda_pass.hpp"

namespace autodidact {
namespace {

Result<cuda::Memory<float>> uploaded(const std::vector<float>& values) {
  AD_ASSIGN_OR_RETURN(auto memory, cuda::Memory<float>::allocate(values.size()));
  AD_RETURN_IF_ERROR(cuda::checked(
      cudaMemcpy(memory.data(), values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice), "cudaMemcpy"));
  return memory;
}

}  // namespace

std::int64_t CudaPass::page_values(const ModelConfig& c) { return c.num_hidden_layers * 2 * kv_width(c) * kPage; }

CudaPass::CudaPass(const ModelConfig& config, cuda::Blas blas, cudaStream_t stream)
    : config_(config),
      offsets_(weight_offsets(config)),
      heads_{config.num_attention_heads, config.num_key_value_heads, config.head_dim},
      blas_(std::move(blas)),
      stream_(stream) {}

Result<CudaPass> CudaPass::create(const ModelConfig& c, std::int64_t max_rows, std::int64_t max_draws,
                                  const cuda::Stream& stream) {
  if (c.head_dim % 16 != 0 || c.head_dim > 256)
    return {Errc::kConfig, "the GPU's attention wants heads of 16 to 256 values, a multiple of 16; this model's have " +
                               std::to_string(c.head_dim)};
  if (c.vocab_size > cuda::kMostVocab)
    return {Errc::kConfig, "the GPU's sampler wants a vocabulary of at most " + std::to_string(cuda::kMostVocab) +
                               " tokens; this model's has " + std::to_string(c.vocab_size)};
  AD_ASSIGN_OR_RETURN(cuda::Blas blas, cuda::Blas::create(stream.get()));
  CudaPass pass(c, std::move(blas), stream.get());
  AD_RETURN_IF_ERROR(pass.allocate(max_rows, max_draws));
  return pass;
}

Status CudaPass::allocate(std::int64_t max_rows, std::int64_t max_draws) {
  const ModelConfig& c = config_;
  const auto floats = [](auto& memory, std::int64_t rows, std::int64_t width) -> Status {
    using T = std::remove_pointer_t<decltype(memory.data())>;
    AD_ASSIGN_OR_RETURN(memory, cuda::Memory<T>::allocate(static_cast<std::size_t>(rows * width)));
    return {};
  };
  AD_RETURN_IF_ERROR(floats(x_, max_rows, c.hidden_size));
  AD_RETURN_IF_ERROR(floats(qkv_, max_rows, qkv_width(c)));
  AD_RETURN_IF_ERROR(floats(up_, max_rows, up_width(c)));
  AD_RETURN_IF_ERROR(floats(logits_, max_draws, c.vocab_size));
  const std::int64_t splits = 2 * cuda::splits_for(c.max_position_embeddings);  // asked for in powers of two
  AD_RETURN_IF_ERROR(floats(scratch_, 1, cuda::attention_scratch_floats(max_rows, heads_, splits)));
  AD_RETURN_IF_ERROR(floats(norm_, max_rows, c.hidden_size));
  AD_RETURN_IF_ERROR(floats(attended_, max_rows, q_width(c)));
  AD_RETURN_IF_ERROR(floats(act_, max_rows, c.intermediate_size));
  const RopeTable rope(c);
  if (rope.empty()) return {};
  AD_ASSIGN_OR_RETURN(cos_, uploaded(rope.cos));
  AD_ASSIGN_OR_RETURN(sin_, uploaded(rope.sin));
  return {};
}

Status CudaPass::run(const CudaWeights& weights, const CudaArrays& arrays, const CudaStep& step) const {
  const std::int64_t d = config_.hidden_size;
  const cuda::Rows rows{step.rows, arrays.positions, arrays.first_page, arrays.pages, arrays.cache, page_values(config_)};
  const std::uint16_t* positions = offsets_.positions == kAbsent ? nullptr : weights.matrix(offsets_.positions);
  cuda::embed(rows, arrays.tokens, weights.matrix(offsets_.embed), positions, d, x_.data(), stream_);
  for (std::int64_t i = 0; i < config_.num_hidden_layers; ++i) AD_RETURN_IF_ERROR(layer(weights, i, rows, step.splits));
  if (step.draws > 0) {
    norm(weights, offsets_.final_norm, arrays.drawing, step.draws);
    AD_RETURN_IF_ERROR(
        blas_.linear(norm_.data(), weights.matrix(offsets_.head), step.draws, d, config_.vocab_size, logits_.data(), false));
    cuda::draw(logits_.data(), step.draws, config_.vocab_size, arrays.params, arrays.drawn, stream_);
  }
  return cuda::checked(cudaPeekAtLastError(), "launching a step on the GPU");
}

void CudaPass::norm(const CudaWeights& weights, const NormOffsets& at, const std::int32_t* from, std::int64_t count) const {
  cuda::norm(x_.data(), from, count, config_.hidden_size, weights.vector(at.weight), weights.vector(at.bias),
             static_cast<float>(config_.rms_norm_eps), norm_.data(), stream_);
}

// A projection's result, and its bias, are added to the residual stream.
Status CudaPass::onto_stream(const CudaWeights& weights, const LinearOffsets& at, const std::uint16_t* in, std::int64_t rows,
                             std::int64_t width) const {
  const std::int64_t d = config_.hidden_size;
  AD_RETURN_IF_ERROR(blas_.linear(in, weights.matrix(at.weight), rows, width, d, x_.data(), true));
  if (at.bias != kAbsent) cuda::add_bias(x_.data(), rows, d, weights.vector(at.bias), stream_);
  return {};
}

Status CudaPass::layer(const CudaWeights& weights, std::int64_t index, const cuda::Rows& rows, std::int64_t splits) const {
  const LayerOffsets& at = offsets_.layers[static_cast<std::size_t>(index)];
  norm(weights, at.attention_norm, nullptr, rows.count);
  AD_RETURN_IF_ERROR(blas_.linear(norm_.data(), weights.matrix(at.qkv.weight), rows.count, config_.hidden_size,
                                  qkv_width(config_), qkv_.data(), false));
  const bool turns = cos_.size() > 0;
  cuda::place_qkv(
      rows, heads_,
      {qkv_.data(), weights.vector(at.qkv.bias), weights.vector(at.q_norm), weights.vector(at.k_norm),
       static_cast<float>(config_.rms_norm_eps), turns ? cos_.data() : nullptr, turns ? sin_.data() : nullptr, index},
      stream_);
  cuda::attention(rows, heads_, index, splits, qkv_.data(), scratch_.data(), attended_.data(), stream_);
  AD_RETURN_IF_ERROR(onto_stream(weights, at.o, attended_.data(), rows.count, q_width(config_)));
  return mlp(weights, at, rows.count);
}

Status CudaPass::mlp(const CudaWeights& weights, const LayerOffsets& at, std::int64_t rows) const {
  norm(weights, at.mlp_norm, nullptr, rows);
  AD_RETURN_IF_ERROR(blas_.linear(norm_.data(), weights.matrix(at.up.weight), rows, config_.hidden_size, up_width(config_),
                                  up_.data(), false));
  cuda::activation(up_.data(), rows, config_.intermediate_size, config_.gated_mlp(), weights.vector(at.up.bias), act_.data(),
                   stream_);
  return onto_stream(weights, at.down, act_.data(), rows, config_.intermediate_size);
}

}  // namespace autodidact
