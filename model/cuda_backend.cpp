#include "model/cuda_backend.hpp"

#include <algorithm>
#include <bit>

#include "model/batch_decoder.hpp"

namespace autodidact {
namespace {

std::int64_t page_bytes(const ModelConfig& config) {
  return CudaPass::page_values(config) * static_cast<std::int64_t>(sizeof(std::uint16_t));
}

// Half of what is free: weights and a step's own buffers come after, and the other roles of this process.
std::int64_t half_of_what_is_free() {
  std::size_t free = 0, all = 0;
  if (cudaMemGetInfo(&free, &all) != cudaSuccess) return 0;
  return static_cast<std::int64_t>(free / 2);
}

std::int64_t power_of_two(std::int64_t n) { return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n))); }

template <class T>
Status to_device(const cuda::Memory<T>& to, const cuda::Pinned<T>& from, std::int64_t count, const cuda::Stream& stream) {
  return cuda::checked(cudaMemcpyAsync(to.data(), from.data(), static_cast<std::size_t>(count) * sizeof(T),
                                       cudaMemcpyHostToDevice, stream.get()),
                       "copying a step to the GPU");
}

}  // namespace

const StepDevice& CudaBackend::device() {
  static const StepDevice device{&page_bytes, &half_of_what_is_free, &make};
  return device;
}

Result<std::unique_ptr<StepBackend>> CudaBackend::make(const ModelConfig& config, const DecoderOptions& options,
                                                       std::int64_t pages) {
  AD_ASSIGN_OR_RETURN(cuda::Stream stream, cuda::Stream::create());
  AD_ASSIGN_OR_RETURN(CudaWeights weights, CudaWeights::allocate(config));
  AD_ASSIGN_OR_RETURN(CudaPass pass, CudaPass::create(config, options.batch + options.prefill_rows, options.batch, stream));
  std::unique_ptr<CudaBackend> backend(
      new CudaBackend(config, options, pages, std::move(stream), std::move(pass), std::move(weights)));
  AD_RETURN_IF_ERROR(backend->allocate());
  return std::unique_ptr<StepBackend>(std::move(backend));
}

CudaBackend::CudaBackend(const ModelConfig& config, const DecoderOptions& options, std::int64_t pages, cuda::Stream stream,
                         CudaPass pass, CudaWeights weights)
    : config_(config),
      options_(options),
      max_rows_(options.batch + options.prefill_rows),
      pages_(pages),
      max_table_(1 + options.batch * pages_for(config.max_position_embeddings)),
      stream_(std::move(stream)),
      pass_(std::move(pass)),
      weights_(std::move(weights)),
      logits_(static_cast<std::size_t>(config.vocab_size + kSlackFloats)),
      scratch_(config.vocab_size) {}

// One page more than there are: rows that only make up a number write there.
Status CudaBackend::allocate() {
  const auto batch = static_cast<std::size_t>(options_.batch);
  const auto numbers = static_cast<std::size_t>(3 * max_rows_ + options_.batch + max_table_);
  const auto values = static_cast<std::size_t>((pages_ + 1) * CudaPass::page_values(config_));
  AD_ASSIGN_OR_RETURN(cache_, cuda::Memory<std::uint16_t>::allocate(values));
  AD_ASSIGN_OR_RETURN(numbers_, cuda::Pinned<std::int32_t>::allocate(numbers));
  AD_ASSIGN_OR_RETURN(device_numbers_, cuda::Memory<std::int32_t>::allocate(numbers));
  AD_ASSIGN_OR_RETURN(params_, cuda::Pinned<cuda::DrawParams>::allocate(batch));
  AD_ASSIGN_OR_RETURN(device_params_, cuda::Memory<cuda::DrawParams>::allocate(batch));
  AD_ASSIGN_OR_RETURN(drawn_, cuda::Pinned<cuda::Drawn>::allocate(batch));
  AD_ASSIGN_OR_RETURN(device_drawn_, cuda::Memory<cuda::Drawn>::allocate(batch));
  return {};
}

Status CudaBackend::set_weights(const WeightsPtr& weights) { return weights_.upload(*weights, stream_); }

// A failure shows at the next step, which waits.
void CudaBackend::copy_page(PageId from, PageId to) {
  const std::int64_t values = CudaPass::page_values(config_);
  cudaMemcpyAsync(cache_.data() + to * values, cache_.data() + from * values,
                  static_cast<std::size_t>(values) * sizeof(std::uint16_t), cudaMemcpyDeviceToDevice, stream_.get());
}

CudaArrays CudaBackend::arrays() const {
  const std::int32_t* p = device_numbers_.data();
  return {p,
          p + max_rows_,
          p + 2 * max_rows_,
          p + 3 * max_rows_,
          p + 3 * max_rows_ + options_.batch,
          device_params_.data(),
          device_drawn_.data(),
          cache_.data()};
}

CudaStep CudaBackend::fill(std::span<const StepRows> all) {
  std::int32_t *tokens = numbers_.data(), *positions = tokens + max_rows_, *first_page = positions + max_rows_;
  std::int32_t *drawing = first_page + max_rows_, *pages = drawing + options_.batch;
  pages[0] = static_cast<std::int32_t>(pages_);
  tables_ = 1;
  CudaStep step;
  std::int64_t longest = 1;
  for (const StepRows& rows : all) {
    const auto count = static_cast<std::int64_t>(rows.tokens.size());
    for (std::int64_t r = 0; r < count; ++r) {
      tokens[step.rows + r] = rows.tokens[static_cast<std::size_t>(r)];
      positions[step.rows + r] = static_cast<std::int32_t>(rows.first + r);
      first_page[step.rows + r] = static_cast<std::int32_t>(tables_);
    }
    step.rows += count;
    std::ranges::copy(rows.ids, pages + tables_);
    tables_ += static_cast<std::int64_t>(rows.ids.size());
    longest = std::max(longest, rows.first + count);
    for (const DrawCall& call : rows.draws) {
      const SamplerSettings& s = *call.sampler;
      params_[static_cast<std::size_t>(step.draws)] = {call.context.uniform, s.temperature, s.top_p, s.min_p, s.top_k,
                                                       call.context.never};
      drawing[step.draws++] = static_cast<std::int32_t>(step.rows - 1);
    }
  }
  step.splits = power_of_two(cuda::splits_for(longest));
  return step;
}

// More rows, which nobody asks for: token 0 at position 0 of the page that is nobody's.
void CudaBackend::pad(CudaStep& step, std::int64_t rows, std::int64_t draws) {
  std::int32_t *tokens = numbers_.data(), *drawing = tokens + 3 * max_rows_;
  for (; step.rows < rows; ++step.rows)
    tokens[step.rows] = tokens[max_rows_ + step.rows] = tokens[2 * max_rows_ + step.rows] = 0;
  for (; step.draws < draws; ++step.draws) {
    params_[static_cast<std::size_t>(step.draws)] = {0, 0, 1, 0, 0, -1};
    drawing[step.draws] = static_cast<std::int32_t>(step.rows - 1);
  }
}

Status CudaBackend::upload(const CudaStep& step) {
  AD_RETURN_IF_ERROR(to_device(device_numbers_, numbers_, 3 * max_rows_ + options_.batch + tables_, stream_));
  return to_device(device_params_, params_, step.draws, stream_);
}

// `alike`: others of its size will come. The first one runs as it is, which also loads every kernel; the second is recorded.
Status CudaBackend::launch(const CudaStep& step, bool alike) {
  const auto run = [&] { return pass_.run(weights_, arrays(), step); };
  if (!alike) return run();
  const auto [it, is_new] = graphs_.try_emplace({step.rows, step.splits});
  if (is_new) return run();
  if (!it->second) {
    AD_ASSIGN_OR_RETURN(it->second, cuda::Graph::record(stream_, run));
  }
  return it->second->launch(stream_);
}

Status CudaBackend::step(std::span<const StepRows> rows) {
  CudaStep step = fill(rows);
  const std::int64_t draws = step.draws;
  const bool one_each = step.rows == static_cast<std::int64_t>(rows.size()) && step.draws <= step.rows;
  const bool alike = options_.deterministic || one_each;
  if (options_.deterministic)
    pad(step, max_rows_, options_.batch);
  else if (alike)
    pad(step, std::min(power_of_two(step.rows), options_.batch), std::min(power_of_two(step.rows), options_.batch));
  AD_RETURN_IF_ERROR(upload(step));
  AD_RETURN_IF_ERROR(launch(step, alike));
  step.draws = draws;
  return collect(rows, step);
}

Status CudaBackend::collect(std::span<const StepRows> rows, const CudaStep& step) {
  AD_RETURN_IF_ERROR(cuda::checked(
      cudaMemcpyAsync(drawn_.data(), device_drawn_.data(), static_cast<std::size_t>(step.draws) * sizeof(cuda::Drawn),
                      cudaMemcpyDeviceToHost, stream_.get()),
      "copying drawn tokens from the GPU"));
  AD_RETURN_IF_ERROR(stream_.wait());
  std::int64_t index = 0;
  for (const StepRows& row : rows)
    for (const DrawCall& call : row.draws) {
      const cuda::Drawn& drawn = drawn_[static_cast<std::size_t>(index)];
      *call.draw = {drawn.token, drawn.logprob};
      if (call.sampler->repetition_penalty != 1) AD_RETURN_IF_ERROR(draw_here(call, index));
      ++index;
    }
  return {};
}

// A repetition penalty needs the whole text: seldom asked for, and drawn on the host.
Status CudaBackend::draw_here(const DrawCall& call, std::int64_t index) {
  AD_RETURN_IF_ERROR(
      cuda::checked(cudaMemcpy(logits_.data(), pass_.logits() + index * config_.vocab_size,
                               static_cast<std::size_t>(config_.vocab_size) * sizeof(float), cudaMemcpyDeviceToHost),
                    "copying logits from the GPU"));
  *call.draw = draw_token(cpu_kernels(), logits_.data(), config_.vocab_size, *call.sampler, call.context, scratch_);
  return {};
}

Result<std::unique_ptr<Decoder>> make_cuda_decoder(const DecoderOptions& options) {
  AD_RETURN_IF_ERROR(check_options(options));
  AD_RETURN_IF_ERROR(cuda::use_device(0));
  return std::unique_ptr<Decoder>(std::make_unique<BatchDecoder>(options, CudaBackend::device()));
}

}  // namespace autodidact
