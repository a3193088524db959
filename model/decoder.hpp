#pragma once
// The sampling engine: continuous batching over a KV cache. Finished sequences leave, waiting ones join at the next step.
//
// Owner and thread: one compute thread makes it and calls every method; nothing here is thread-safe. Weights change only
// between steps (set_weights); a sequence may then span versions, recorded per token. What survives a crash: nothing; the
// curriculum issues uncommitted work again.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "config/types.hpp"
#include "model/weights.hpp"

namespace autodidact {

// Asked after each token with all drawn so far: whether the sequence ends here, as if by a stop token.
using EndOfText = std::function<bool(std::span<const TokenId>)>;

struct DecodeRequest {
  std::uint64_t tag = 0;        // the caller's name for it
  std::vector<TokenId> prompt;  // not empty, ids in range, prompt + max_tokens <= max positions
  SamplerSettings sampler;
  std::uint64_t seed = 0;                      // the request's own random stream: its tokens do not depend on its neighbours
  std::shared_ptr<const EndOfText> ends = {};  // null: the stop token alone ends it
  bool continues = false;                      // the completion will be in a prompt soon: it is kept in the cache
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();  // then it comes back as it is
  // Told of each token, with its log-probability as the result has it, on the thread that steps; null: nobody is.
  std::function<void(TokenId, float)> drawn = {};
};

struct DecodeResult {
  std::uint64_t tag = 0;
  Status status;                // not ok: this request alone failed; the rest is empty
  std::vector<TokenId> tokens;  // what ended it included when finish == kStop
  std::vector<float> logprobs;  // untruncated, temperature 1, natural log
  std::vector<VersionId> versions;
  Finish finish = Finish::kStop;
  std::uint32_t cached = 0;  // tokens of the prompt that were computed before it came
};

struct DecoderStats {
  std::uint64_t steps = 0, tokens = 0;
  std::uint64_t prompt_tokens = 0, cached_tokens = 0;  // computed, and found in the cache instead
  std::uint64_t preempted = 0;                         // sequences that gave their pages to older ones for a while
  std::int64_t pages = 0, pages_in_use = 0;  // of the key-value cache; the others are free or kept for who begins alike
  std::uint64_t step_ns = 0;                 // inside step()
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Takes effect before the next step. kBadInput when the shape differs from the first one set.
  virtual Status set_weights(WeightsPtr weights) = 0;
  // Queues a request; an impossible one comes back from the next step() with its status.
  virtual void submit(DecodeRequest request) = 0;
  virtual void cancel(std::uint64_t tag) = 0;
  // Admits waiting requests up to the batch size, advances every sequence by one token (or a piece of its prompt), appends what
  // finished to `finished`. Returns the number of sequences still waiting or running.
  virtual std::size_t step(std::vector<DecodeResult>& finished) = 0;
  virtual std::size_t free_slots() const = 0;
  virtual DecoderStats stats() const = 0;
};

struct DecoderOptions {
  std::int64_t batch = 128;         // sequences at once
  std::int64_t kv_cache_mb = 0;     // of keys and values; 0: for every sequence at its longest, up to the device's bound
  std::int64_t threads = 1;         // that share a step's work; the caller's is one
  std::int64_t prefill_rows = 512;  // prompt tokens a step: longer prompts take several, and the others go on meanwhile
  bool deterministic = false;       // on a GPU: draws that do not depend on the batch, which is always so on the CPU
  enum class Device : std::uint8_t { kCpu, kCuda } device = Device::kCpu;
};
// As [sample] says, for `batch` sequences.
inline DecoderOptions decoder_options(const Options& options, std::int64_t batch) {
  const SampleOptions& sample = options.sample;
  DecoderOptions made{batch, sample.kv_cache_mb, sample.threads};
  made.deterministic = options.deterministic;
  if (sample.device == "cuda") made.device = DecoderOptions::Device::kCuda;
  return made;
}

// On the calling thread and its helpers, on the kernels of kernels/cpu_kernels.hpp. Positions start at 0. The padding token is
// never drawn. What a sequence draws depends on its request and the weights alone, not on the batch it is in. Texts that begin
// alike under the same weights share pages and that computation, attention reads shared pages once for several of them, and the
// same prompt is computed once for all that are waiting with it.
Result<std::unique_ptr<Decoder>> make_cpu_decoder(const DecoderOptions& options);
// On the first GPU, in bfloat16 (model/cuda_backend.hpp; in builds with AD_CUDA). kUnavailable: this machine has none.
Result<std::unique_ptr<Decoder>> make_cuda_decoder(const DecoderOptions& options);

}  // namespace autodidact
