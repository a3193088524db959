#include "tests/fakes/fake_decoder.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace autodidact {
namespace {

std::uint64_t since_ns(std::chrono::steady_clock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
}

void remove_tag(std::deque<DecodeRequest>& requests, std::uint64_t tag) {
  std::erase_if(requests, [tag](const DecodeRequest& request) { return request.tag == tag; });
}

}  // namespace

float fake_logprob(TokenId token) { return -0.1f * static_cast<float>(1 + token % 7); }

FakeDecoder::FakeDecoder(FakeOptions options, std::int64_t batch, std::shared_ptr<FakeControls> controls)
    : options_(std::move(options)), batch_(static_cast<std::size_t>(batch)), controls_(std::move(controls)) {}

Status FakeDecoder::set_weights(WeightsPtr weights) {
  if (weights_ && !(weights_->config == weights->config)) return {Errc::kBadInput, "weights of another shape"};
  weights_ = std::move(weights);
  controls_->weights_set(weights_->version);
  return {};
}

void FakeDecoder::submit(DecodeRequest request) { waiting_.push_back(std::move(request)); }

void FakeDecoder::cancel(std::uint64_t tag) {
  remove_tag(waiting_, tag);
  std::erase_if(running_, [tag](const Sequence& sequence) { return sequence.request.tag == tag; });
}

std::size_t FakeDecoder::step(std::vector<DecodeResult>& finished) {
  controls_->decode_step();
  const auto start = std::chrono::steady_clock::now();
  if (options_.decode_step.count() > 0) std::this_thread::sleep_for(options_.decode_step);
  expire(start, finished);
  admit(finished);
  std::deque<Sequence> still;
  for (auto& sequence : running_) {
    if (advance(sequence)) {
      still.push_back(std::move(sequence));
    } else {
      finished.push_back(std::move(sequence.result));
    }
  }
  running_.swap(still);
  ++stats_.steps;
  stats_.step_ns += since_ns(start);
  return waiting_.size() + running_.size();
}

// A page for each sequence.
DecoderStats FakeDecoder::stats() const {
  DecoderStats stats = stats_;
  stats.pages = static_cast<std::int64_t>(batch_);
  stats.pages_in_use = static_cast<std::int64_t>(running_.size());
  return stats;
}

void FakeDecoder::expire(std::chrono::steady_clock::time_point now, std::vector<DecodeResult>& finished) {
  const auto leave = [&](const DecodeRequest& request, DecodeResult result) {
    if (request.deadline > now) return false;
    result.tag = request.tag;
    result.finish = Finish::kDeadline;
    finished.push_back(std::move(result));
    return true;
  };
  std::erase_if(running_, [&](const Sequence& sequence) { return leave(sequence.request, sequence.result); });
  std::erase_if(waiting_, [&](const DecodeRequest& request) { return leave(request, {}); });
}

void FakeDecoder::admit(std::vector<DecodeResult>& finished) {
  while (running_.size() < batch_ && !waiting_.empty()) {
    Sequence sequence;
    sequence.request = std::move(waiting_.front());
    waiting_.pop_front();
    sequence.result.tag = sequence.request.tag;
    stats_.prompt_tokens += sequence.request.prompt.size();
    if (const Status status = script(sequence); status.ok()) {
      running_.push_back(std::move(sequence));
    } else {
      sequence.result.status = status;
      finished.push_back(std::move(sequence.result));
    }
  }
}

Status FakeDecoder::script(Sequence& sequence) const {
  const DecodeRequest& request = sequence.request;
  if (!weights_) return {Errc::kInternal, "no weights set"};
  if (request.prompt.empty() || request.sampler.max_tokens <= 0) return {Errc::kBadInput, "an impossible request"};
  const auto limit = static_cast<std::size_t>(request.sampler.max_tokens);
  if (request.prompt.size() + limit > static_cast<std::size_t>(weights_->config.max_position_embeddings)) {
    return {Errc::kBadInput, "prompt and max_tokens exceed the positions"};
  }
  const std::uint64_t seed = request.sampler.temperature == 0 ? 0 : request.seed;
  auto tokens =
      options_.tokenizer->encode(options_.oracle(options_.tokenizer->decode(request.prompt), seed, weights_->version));
  if (!tokens.ok()) return tokens.status();
  sequence.answer = std::move(tokens).value();
  sequence.answer.push_back(options_.tokenizer->eos());
  if (sequence.answer.size() > limit) {
    sequence.answer.resize(limit);
    sequence.finish = Finish::kLength;
  }
  for (std::size_t i = 1; request.ends && i < sequence.answer.size() + 1; ++i) {
    if (!(*request.ends)(std::span(sequence.answer).first(i))) continue;
    sequence.answer.resize(i);
    sequence.finish = Finish::kStop;
  }
  return {};
}

// False when that was its last token.
bool FakeDecoder::advance(Sequence& sequence) {
  DecodeResult& result = sequence.result;
  const std::size_t end = std::min(sequence.answer.size(), result.tokens.size() + options_.tokens_per_step);
  for (std::size_t i = result.tokens.size(); i < end; ++i) {
    result.tokens.push_back(sequence.answer[i]);
    result.logprobs.push_back(fake_logprob(sequence.answer[i]));
    result.versions.push_back(weights_->version);
    ++stats_.tokens;
    if (sequence.request.drawn) sequence.request.drawn(result.tokens.back(), result.logprobs.back());
    if (sequence.request.ends && (*sequence.request.ends)(result.tokens)) return false;
  }
  if (end == sequence.answer.size()) result.finish = sequence.finish;
  return end < sequence.answer.size();
}

// ---- NullDecoder

Status NullDecoder::set_weights(WeightsPtr weights) {
  version_ = weights->version;
  vocab_ = static_cast<TokenId>(weights->config.vocab_size);
  return {};
}

void NullDecoder::cancel(std::uint64_t tag) { remove_tag(waiting_, tag); }

// Tokens differ between requests, or the filter would drop all but the first as duplicates.
std::size_t NullDecoder::step(std::vector<DecodeResult>& finished) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t n = std::min(batch_, waiting_.size()); n > 0; --n) {
    const DecodeRequest& request = waiting_.front();
    const auto length = static_cast<std::size_t>(std::clamp(request.sampler.max_tokens, 1, tokens_));
    DecodeResult result;
    result.tag = request.tag;
    result.tokens.assign(length, 2);
    std::uint64_t mixed = (request.seed + request.tag) * 0x9e3779b97f4a7c15ull;
    for (std::size_t i = 0; i < std::min<std::size_t>(length, 16); ++i, mixed >>= 4) {
      result.tokens[i] = 2 + static_cast<TokenId>(mixed % static_cast<std::uint64_t>(std::max(1, vocab_ - 2)));
    }
    result.logprobs.assign(length, -1.0f);
    result.versions.assign(length, version_);
    result.finish = Finish::kLength;
    stats_.tokens += length;
    stats_.prompt_tokens += request.prompt.size();
    finished.push_back(std::move(result));
    waiting_.pop_front();
  }
  ++stats_.steps;
  stats_.step_ns += since_ns(start);
  return waiting_.size();
}

}  // namespace autodidact
