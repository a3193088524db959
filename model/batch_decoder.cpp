// Continuous batching: slots, the waiting queue, sampling and finishing. The arithmetic is DecodePass.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <optional>

#include "kernels/rng.hpp"
#include "kernels/sampler.hpp"
#include "model/decode_pass.hpp"
#include "model/decoder.hpp"

namespace autodidact {
namespace {

// Prompt rows per step beyond one whole prompt: the products are at full speed by 100.
constexpr std::int64_t kPrefillRows = 512;
// Prompt rows that are worth joining a step later for.
constexpr std::int64_t kWorthAStep = 32;

// A slot and who has it, or had it: a prompt stays in the cache until the next one takes its place.
struct Sequence {
  DecodeRequest request;
  DecodeResult result;
  std::int64_t positions = 0;  // in the cache
  std::int64_t prefix = 0;     // of the prompt, computed with the present weights: other prompts may begin with it
  bool busy = false;
};

std::int64_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  const auto ends = std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  return ends.first - a.begin();
}

class BatchDecoder : public Decoder {
 public:
  explicit BatchDecoder(const DecoderOptions& options) : slots_(static_cast<std::size_t>(options.batch)) {
    joiners_.reserve(slots_.size());
    segments_.reserve(slots_.size());
    segment_of_.resize(slots_.size());
  }

  Status set_weights(WeightsPtr weights) override;
  void submit(DecodeRequest request) override;
  void cancel(std::uint64_t tag) override;
  std::size_t step(std::vector<DecodeResult>& finished) override;
  std::size_t free_slots() const override {
    const std::size_t taken = running_ + waiting_.size();
    return taken < slots_.size() ? slots_.size() - taken : 0;
  }
  DecoderStats stats() const override { return stats_; }

 private:
  Status check(const DecodeRequest& request) const;
  void admit();
  struct Prefix {
    std::int64_t slot = 0, length = 0;
  };
  Prefix cached_prefix(const std::vector<TokenId>& prompt) const;
  bool joiners_share(const std::vector<TokenId>& prompt, std::int64_t more_than) const;
  void place(DecodeRequest request, std::int64_t slot, const Prefix& prefix);
  void lay_out_rows();
  void sample(std::int64_t slot, const float* logits);
  void finish(std::int64_t slot, Finish finish, Status status = {});
  void leave(DecodeResult result) { left_.push_back(std::move(result)); }

  WeightsPtr weights_;
  std::shared_ptr<const PackedWeights> packed_;
  std::optional<DecodePass> pass_;
  std::optional<SamplerScratch> scratch_;
  std::int64_t max_rows_ = 0;

  std::vector<Sequence> slots_;
  std::deque<DecodeRequest> waiting_;
  std::vector<DecodeResult> left_;  // finished, not yet handed out
  std::size_t running_ = 0;

  // Of the step under way; kept to keep their memory.
  std::vector<std::int64_t> joiners_;  // slots, equal prompts side by side
  std::vector<DecodeSegment> segments_;
  std::vector<std::size_t> segment_of_;  // by slot
  std::vector<TokenId> tokens_;
  DecoderStats stats_;
};

Status BatchDecoder::set_weights(WeightsPtr weights) {
  AD_REQUIRE(weights != nullptr, "set_weights(nullptr)");
  if (weights_ != nullptr && !(weights->config == weights_->config))
    return {Errc::kBadInput, "set_weights: version " + std::to_string(weights->version) + " has another shape than version " +
                                 std::to_string(weights_->version)};
  if (weights_ == nullptr) {
    const ModelConfig& config = weights->config;
    max_rows_ = static_cast<std::int64_t>(slots_.size()) + std::max(kPrefillRows, config.max_position_embeddings);
    tokens_.reserve(static_cast<std::size_t>(max_rows_));
    pass_.emplace(config, static_cast<std::int64_t>(slots_.size()), max_rows_);
    scratch_.emplace(config.vocab_size);
  }
  for (Sequence& sequence : slots_) sequence.prefix = 0;
  packed_ = weights->packed;
  weights_ = std::move(weights);
  return {};
}

Status BatchDecoder::check(const DecodeRequest& request) const {
  const auto bad = [](const std::string& what) { return Status(Errc::kBadInput, "decode request: " + what); };
  if (weights_ == nullptr) return {Errc::kUnavailable, "decode request: no weights are set yet"};
  const ModelConfig& config = weights_->config;
  const SamplerSettings& sampler = request.sampler;
  if (request.prompt.empty()) return bad("the prompt is empty");
  for (TokenId token : request.prompt)
    if (token < 0 || token >= config.vocab_size) return bad("token id " + std::to_string(token) + " is not in the vocabulary");
  if (sampler.max_tokens < 1) return bad("max_tokens must be at least 1");
  const auto length = static_cast<std::int64_t>(request.prompt.size()) + sampler.max_tokens;
  if (length > config.max_position_embeddings)
    return bad("prompt and max_tokens need " + std::to_string(length) + " positions, the model has " +
               std::to_string(config.max_position_embeddings));
  if (!(sampler.temperature >= 0) || std::isinf(sampler.temperature)) return bad("temperature must be a number of at least 0");
  if (!(sampler.top_p > 0 && sampler.top_p <= 1)) return bad("top_p must be in (0, 1]");
  if (sampler.top_k < 0) return bad("top_k must be at least 0");
  return {};
}

void BatchDecoder::submit(DecodeRequest request) {
  if (Status status = check(request); !status.ok()) {
    DecodeResult result;
    result.tag = request.tag;
    result.status = std::move(status);
    result.finish = Finish::kError;
    return leave(std::move(result));
  }
  waiting_.push_back(std::move(request));
}

void BatchDecoder::cancel(std::uint64_t tag) {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    if (slots_[slot].busy && slots_[slot].request.tag == tag) finish(static_cast<std::int64_t>(slot), Finish::kCancelled);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->tag != tag) {
      ++it;
      continue;
    }
    DecodeResult result;
    result.tag = tag;
    result.finish = Finish::kCancelled;
    leave(std::move(result));
    it = waiting_.erase(it);
  }
}

// First come, first served, as far as slots and rows go. A request with the prompt of the one before it joins without rows, and
// one whose beginning is in the cache with the rows that are not; when the beginning is being computed in this very step, it
// joins in the next.
void BatchDecoder::admit() {
  joiners_.clear();
  auto rows = static_cast<std::int64_t>(running_);
  for (std::size_t slot = 0; slot < slots_.size() && !waiting_.empty(); ++slot) {
    if (slots_[slot].busy) continue;
    const DecodeRequest& next = waiting_.front();
    const bool copy = !joiners_.empty() && next.prompt == slots_[joiners_.back()].request.prompt;
    const Prefix prefix = copy ? Prefix{} : cached_prefix(next.prompt);
    if (!copy && joiners_share(next.prompt, prefix.length + kWorthAStep)) return;
    if (!copy) rows += static_cast<std::int64_t>(next.prompt.size()) - prefix.length;
    if (rows > max_rows_) return;
    place(std::move(waiting_.front()), static_cast<std::int64_t>(slot), prefix);
    waiting_.pop_front();
    joiners_.push_back(static_cast<std::int64_t>(slot));
  }
}

// The longest beginning of the prompt that a slot's cache holds; its last token is computed in any case.
BatchDecoder::Prefix BatchDecoder::cached_prefix(const std::vector<TokenId>& prompt) const {
  Prefix longest;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    const auto known = std::span(slots_[slot].request.prompt).first(static_cast<std::size_t>(slots_[slot].prefix));
    const std::int64_t length = common_prefix(std::span(prompt).first(prompt.size() - 1), known);
    if (length > longest.length) longest = {static_cast<std::int64_t>(slot), length};
  }
  return longest;
}

bool BatchDecoder::joiners_share(const std::vector<TokenId>& prompt, std::int64_t more_than) const {
  return std::any_of(joiners_.begin(), joiners_.end(), [&](std::int64_t slot) {
    return common_prefix(slots_[static_cast<std::size_t>(slot)].request.prompt, prompt) > more_than;
  });
}

void BatchDecoder::place(DecodeRequest request, std::int64_t slot, const Prefix& prefix) {
  if (prefix.slot != slot) pass_->copy_cache(prefix.slot, slot, prefix.length);
  Sequence& sequence = slots_[static_cast<std::size_t>(slot)];
  sequence = {};
  sequence.busy = true;
  sequence.prefix = prefix.length;
  sequence.result.tag = request.tag;
  const auto most = static_cast<std::size_t>(request.sampler.max_tokens);
  sequence.result.tokens.reserve(most);
  sequence.result.logprobs.reserve(most);
  sequence.result.versions.reserve(most);
  sequence.request = std::move(request);
  ++running_;
}

void BatchDecoder::lay_out_rows() {
  tokens_.clear();
  segments_.clear();
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    const Sequence& sequence = slots_[slot];
    if (!sequence.busy || sequence.positions == 0) continue;
    segment_of_[slot] = segments_.size();
    segments_.push_back(
        {static_cast<std::int64_t>(slot), sequence.positions, static_cast<std::int64_t>(tokens_.size()), 1, {}});
    tokens_.push_back(sequence.result.tokens.back());
  }
  for (std::size_t i = 0; i < joiners_.size();) {
    const std::vector<TokenId>& prompt = slots_[joiners_[i]].request.prompt;
    const std::int64_t known = slots_[joiners_[i]].prefix, rows = static_cast<std::int64_t>(prompt.size()) - known;
    std::size_t end = i + 1;
    while (end < joiners_.size() && slots_[joiners_[end]].request.prompt == prompt) ++end;
    for (std::size_t j = i; j < end; ++j) segment_of_[joiners_[j]] = segments_.size();
    segments_.push_back(
        {joiners_[i], known, static_cast<std::int64_t>(tokens_.size()), rows, std::span(joiners_).subspan(i + 1, end - i - 1)});
    tokens_.insert(tokens_.end(), prompt.begin() + known, prompt.end());
    stats_.prompt_tokens += static_cast<std::uint64_t>(rows);
    i = end;
  }
}

void BatchDecoder::sample(std::int64_t slot, const float* logits) {
  Sequence& sequence = slots_[slot];
  const ModelConfig& config = weights_->config;
  const DecodeRequest& request = sequence.request;
  const TokenId never = config.pad_token_id != config.eos_token_id ? config.pad_token_id : -1;
  const double uniform = random_unit(request.seed, sequence.result.tokens.size());
  if (sequence.positions == 0) sequence.prefix = static_cast<std::int64_t>(request.prompt.size());
  sequence.positions += sequence.positions == 0 ? sequence.prefix : 1;
  const Draw draw = draw_token(cpu_kernels(), logits, config.vocab_size, request.sampler, never, uniform, *scratch_);
  if (draw.token < 0)
    return finish(
        slot, Finish::kError,
        {Errc::kInternal, "weights version " + std::to_string(weights_->version) + " gave logits that are not finite"});
  sequence.result.tokens.push_back(draw.token);
  sequence.result.logprobs.push_back(draw.logprob);
  sequence.result.versions.push_back(weights_->version);
  ++stats_.tokens;
  const bool ended = draw.token == config.eos_token_id || (request.ends != nullptr && (*request.ends)(sequence.result.tokens));
  if (ended) return finish(slot, Finish::kStop);
  if (sequence.result.tokens.size() == static_cast<std::size_t>(request.sampler.max_tokens)) finish(slot, Finish::kLength);
}

void BatchDecoder::finish(std::int64_t slot, Finish how, Status status) {
  Sequence& sequence = slots_[slot];
  sequence.busy = false;
  --running_;
  DecodeResult& result = sequence.result;
  result.finish = how;
  if (!status.ok()) {
    result.status = std::move(status);
    result.tokens.clear();
    result.logprobs.clear();
    result.versions.clear();
  }
  leave(std::move(result));
}

std::size_t BatchDecoder::step(std::vector<DecodeResult>& finished) {
  const auto start = std::chrono::steady_clock::now();
  admit();
  if (running_ > 0) {
    lay_out_rows();
    pass_->run(*packed_, tokens_, segments_);
    for (std::size_t slot = 0; slot < slots_.size(); ++slot)
      if (slots_[slot].busy) sample(static_cast<std::int64_t>(slot), pass_->logits(segment_of_[slot]));
    ++stats_.steps;
  }
  for (DecodeResult& result : left_) finished.push_back(std::move(result));
  left_.clear();
  stats_.step_ns += static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  return running_ + waiting_.size();
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_cpu_decoder(const DecoderOptions& options) {
  if (options.batch < 1 || options.batch > 65536)
    return {Errc::kConfig, "sample.batch: expected 1 to 65536, got " + std::to_string(options.batch)};
  return std::unique_ptr<Decoder>(std::make_unique<BatchDecoder>(options));
}

}  // namespace autodidact
