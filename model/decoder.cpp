#include "model/decoder.hpp"

#include <algorithm>
#include <cmath>

#include "model/batch_decoder.hpp"
#include "model/cpu_backend.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kMegabyte = 1 << 20;

}  // namespace

Result<std::int64_t> cache_pages(const ModelConfig& config, const DecoderOptions& options, const StepDevice& device) {
  const std::int64_t bytes = device.page_bytes(config), longest = pages_for(config.max_position_embeddings);
  if (options.kv_cache_mb == 0) return std::max(longest, std::min(options.batch * (longest + 1), device.cache_bytes() / bytes));
  const std::int64_t pages = options.kv_cache_mb * kMegabyte / bytes;
  if (pages > 0) return pages;
  return {Errc::kConfig, "sample.kv_cache_mb = " + std::to_string(options.kv_cache_mb) + " has no room for one page of " +
                             std::to_string(bytes) + " bytes (" + std::to_string(kPage) + " positions of this model)"};
}

Status check_request(const DecodeRequest& request, const ModelConfig& config, std::int64_t pages) {
  const auto bad = [](const std::string& what) { return Status(Errc::kBadInput, "decode request: " + what); };
  const SamplerSettings& sampler = request.sampler;
  if (request.prompt.empty()) return bad("the prompt is empty");
  for (TokenId token : request.prompt)
    if (token < 0 || token >= config.vocab_size) return bad("token id " + std::to_string(token) + " is not in the vocabulary");
  if (sampler.max_tokens < 1) return bad("max_tokens must be at least 1");
  const auto length = static_cast<std::int64_t>(request.prompt.size()) + sampler.max_tokens;
  if (length > config.max_position_embeddings)
    return bad("prompt and max_tokens need " + std::to_string(length) + " positions, the model has " +
               std::to_string(config.max_position_embeddings));
  if (pages_for(length) > pages)
    return bad("prompt and max_tokens need " + std::to_string(pages_for(length)) + " pages of the key-value cache, which has " +
               std::to_string(pages) + ": raise sample.kv_cache_mb");
  if (!(sampler.temperature >= 0) || std::isinf(sampler.temperature)) return bad("temperature must be a number of at least 0");
  if (!(sampler.top_p > 0 && sampler.top_p <= 1)) return bad("top_p must be in (0, 1]");
  if (sampler.top_k < 0) return bad("top_k must be at least 0");
  if (!(sampler.min_p >= 0 && sampler.min_p <= 1)) return bad("min_p must be in [0, 1]");
  if (!(sampler.repetition_penalty > 0) || std::isinf(sampler.repetition_penalty))
    return bad("repetition_penalty must be a number above 0");
  return {};
}

Status check_options(const DecoderOptions& options) {
  if (options.batch < 1 || options.batch > 65536)
    return {Errc::kConfig, "sample.batch: expected 1 to 65536, got " + std::to_string(options.batch)};
  if (options.threads < 1 || options.threads > 1024)
    return {Errc::kConfig, "sample.threads: expected 1 to 1024, got " + std::to_string(options.threads)};
  if (options.kv_cache_mb < 0 || options.prefill_rows < 1)
    return {Errc::kConfig, "sample.kv_cache_mb must be at least 0, and prefill rows at least 1"};
  return {};
}

Result<std::unique_ptr<Decoder>> make_cpu_decoder(const DecoderOptions& options) {
  AD_RETURN_IF_ERROR(check_options(options));
  return std::unique_ptr<Decoder>(std::make_unique<BatchDecoder>(options, CpuBackend::device()));
}

}  // namespace autodidact
