// Continuous batching: who runs, who waits, who must step back; finishing. The arithmetic is a backend's.

#include "model/batch_decoder.hpp"

#include <algorithm>

#include "kernels/rng.hpp"

namespace autodidact {
namespace {

// Prompt rows that are worth joining a step later for.
constexpr std::int64_t kWorthAStep = 16;
// Of so many running sequences one will want a page soon.
constexpr std::int64_t kGrowing = 4;

std::int64_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  const auto ends = std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  return ends.first - a.begin();
}

DecodeResult result_of(std::uint64_t tag, Finish finish, Status status = {}) {
  DecodeResult result;
  result.tag = tag;
  result.finish = finish;
  result.status = std::move(status);
  return result;
}

}  // namespace

BatchDecoder::BatchDecoder(const DecoderOptions& options, const StepDevice& device)
    : options_(options), device_(device), slots_(static_cast<std::size_t>(options.batch)) {
  order_.reserve(slots_.size());
  rows_.reserve(slots_.size());
  calls_.reserve(slots_.size());
}

Status BatchDecoder::set_weights(WeightsPtr weights) {
  AD_REQUIRE(weights != nullptr, "set_weights(nullptr)");
  if (weights_ != nullptr && !(weights->config == weights_->config))
    return {Errc::kBadInput, "set_weights: version " + std::to_string(weights->version) + " has another shape than version " +
                                 std::to_string(weights_->version)};
  if (weights_ == nullptr) {
    AD_ASSIGN_OR_RETURN(const std::int64_t pages, cache_pages(weights->config, options_, device_));
    AD_ASSIGN_OR_RETURN(backend_, device_.make(weights->config, options_, pages));
    cache_.emplace(pages, [this](PageId from, PageId to) { backend_->copy_page(from, to); });
  }
  AD_RETURN_IF_ERROR(backend_->set_weights(weights));
  cache_->forget();
  weights_ = std::move(weights);
  return {};
}

void BatchDecoder::submit(DecodeRequest request) {
  Status status = weights_ == nullptr ? Status(Errc::kUnavailable, "decode request: no weights are set yet")
                                      : check_request(request, weights_->config, cache_->pages());
  if (!status.ok()) return leave(result_of(request.tag, Finish::kError, std::move(status)));
  DecodeResult result = result_of(request.tag, Finish::kStop);
  waiting_.push_back({{std::move(request), std::move(result), {}}});
}

void BatchDecoder::cancel(std::uint64_t tag) {
  for (Sequence& sequence : slots_)
    if (sequence.busy && sequence.request.tag == tag) finish(sequence, Finish::kCancelled);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->request.tag != tag) {
      ++it;
      continue;
    }
    it->result.finish = Finish::kCancelled;
    leave(std::move(it->result));
    it = waiting_.erase(it);
  }
}

// First come, first served, as far as slots, pages and rows go; but who begins like a prompt that is being computed joins when
// that is there, and lets others by meanwhile.
void BatchDecoder::admit() {
  std::int64_t rows = 0;  // of prompts under way
  for (const std::size_t slot : order_) rows += slots_[slot].missing() > 1 ? slots_[slot].missing() : 0;
  auto looked = slots_.size();
  for (auto it = waiting_.begin(); it != waiting_.end() && order_.size() < slots_.size() && looked-- > 0;) {
    if (rows >= options_.prefill_rows) return;
    text_.assign(it->request.prompt.begin(), it->request.prompt.end());
    text_.insert(text_.end(), it->result.tokens.begin(), it->result.tokens.end());
    if (better_later(*it, cache_->known(text_) + kWorthAStep)) {
      ++it;
      continue;
    }
    if (!place(*it)) return;
    rows += slots_[order_.back()].missing();
    it = waiting_.erase(it);
  }
}

bool BatchDecoder::better_later(const Waiting& waiting, std::int64_t worth) const {
  return std::ranges::any_of(order_, [&](std::size_t slot) {
    const Sequence& other = slots_[slot];
    const bool both_new = other.result.tokens.empty() && waiting.result.tokens.empty();
    return (both_new && other.text == text_) || (other.missing() > 1 && common_prefix(other.text, text_) >= worth);
  });
}

// False when its pages are not to be had: a page is left to every kGrowing that run, so that none need step back at once.
bool BatchDecoder::place(Waiting& waiting) {
  const auto slot = std::ranges::find(slots_, false, &Sequence::busy);
  Sequence& sequence = *slot;
  const auto most = waiting.request.prompt.size() + static_cast<std::size_t>(waiting.request.sampler.max_tokens);
  sequence.table.ids.reserve(static_cast<std::size_t>(pages_for(static_cast<std::int64_t>(most))));
  const auto known = cache_->begin(text_, (static_cast<std::int64_t>(order_.size()) + kGrowing - 1) / kGrowing, sequence.table);
  if (!known) return false;
  sequence.text.reserve(most);
  sequence.text.assign(text_.begin(), text_.end());
  sequence.computed = *known;
  sequence.number = ++admitted_;
  sequence.busy = true;
  sequence.request = std::move(waiting.request);
  sequence.result = std::move(waiting.result);
  const auto tokens = static_cast<std::size_t>(sequence.request.sampler.max_tokens);
  sequence.result.tokens.reserve(tokens);
  sequence.result.logprobs.reserve(tokens);
  sequence.result.versions.reserve(tokens);
  stats_.cached_tokens += static_cast<std::uint64_t>(*known);
  if (sequence.result.tokens.empty()) sequence.result.cached = static_cast<std::uint32_t>(*known);
  order_.push_back(static_cast<std::size_t>(slot - slots_.begin()));
  reorder_ = true;
  return true;
}

// A page for each whose last is full; the oldest first, at the cost of the youngest.
void BatchDecoder::grow() {
  while (true) {
    Sequence *needs = nullptr, *youngest = nullptr;
    for (const std::size_t slot : order_) {
      Sequence& sequence = slots_[slot];
      if (youngest == nullptr || sequence.number > youngest->number) youngest = &sequence;
      const bool full =
          static_cast<std::int64_t>(sequence.text.size()) > kPage * static_cast<std::int64_t>(sequence.table.ids.size());
      if (full && (needs == nullptr || sequence.number < needs->number)) needs = &sequence;
    }
    if (needs == nullptr) return;
    if (!cache_->grow(needs->table)) step_back(*youngest);
  }
}

// Its pages go to others; what it has drawn it keeps, and computes again when its turn comes.
void BatchDecoder::step_back(Sequence& sequence) {
  publish(sequence);
  release(sequence);
  waiting_.push_front({{std::move(sequence.request), std::move(sequence.result), {}}});
  ++stats_.preempted;
}

void BatchDecoder::publish(const Sequence& sequence) {
  cache_->publish(sequence.table, std::span(sequence.text).first(static_cast<std::size_t>(sequence.computed)));
}

void BatchDecoder::release(Sequence& sequence) {
  cache_->release(sequence.table);
  sequence.busy = false;
  std::erase(order_, static_cast<std::size_t>(&sequence - slots_.data()));
}

// Sequences side by side as their pages agree: then attention reads shared pages once for several.
void BatchDecoder::sort_by_pages() {
  if (!std::exchange(reorder_, false)) return;
  std::ranges::sort(order_, [this](std::size_t a, std::size_t b) {
    const auto &one = slots_[a].table.ids, &other = slots_[b].table.ids;
    return one != other ? one < other : a < b;
  });
}

void BatchDecoder::choose_rows() {
  std::int64_t left = options_.prefill_rows;
  for (const std::size_t slot : order_) {
    Sequence& sequence = slots_[slot];
    sequence.rows = sequence.missing() == 1 ? 1 : std::min(sequence.missing(), left);
    if (sequence.missing() > 1) left -= sequence.rows;
  }
}

void BatchDecoder::list_rows() {
  rows_.clear();
  calls_.clear();
  for (const std::size_t slot : order_) {
    Sequence& sequence = slots_[slot];
    if (sequence.rows == 0) continue;
    const std::size_t before = calls_.size();
    if (sequence.sampled()) {
      add_call(sequence, sequence.text);
      if (sequence.result.tokens.empty()) add_calls_of_alike(sequence);
    }
    const auto first = static_cast<std::size_t>(sequence.computed), count = static_cast<std::size_t>(sequence.rows);
    rows_.push_back({sequence.table.ids, sequence.computed, std::span(sequence.text).subspan(first, count),
                     std::span<const DrawCall>(calls_.data() + before, calls_.size() - before)});
  }
}

void BatchDecoder::add_call(Drawer& drawer, std::span<const TokenId> text) {
  const ModelConfig& config = weights_->config;
  const TokenId never = config.pad_token_id != config.eos_token_id ? config.pad_token_id : -1;
  const double uniform = random_unit(drawer.request.seed, drawer.result.tokens.size());
  calls_.push_back({&drawer.request.sampler, {uniform, never, text}, &drawer.draw});
}

// Those that wait with the same prompt draw with it: as many as find a slot in the next step.
void BatchDecoder::add_calls_of_alike(const Sequence& sequence) {
  const std::size_t room = slots_.size() - order_.size();
  auto looked = slots_.size();
  for (auto it = waiting_.begin(); it != waiting_.end() && drawing_ < room && looked-- > 0; ++it) {
    if (it->drawing || !it->result.tokens.empty() || it->request.prompt != sequence.text) continue;
    it->drawing = true;
    add_call(*it, sequence.text);
    ++drawing_;
  }
}

// The token that was drawn. Says how it ends when that was its last one.
std::optional<Finish> BatchDecoder::take(Drawer& drawer) {
  const ModelConfig& config = weights_->config;
  const DecodeRequest& request = drawer.request;
  const Draw& draw = drawer.draw;
  DecodeResult& result = drawer.result;
  if (draw.token < 0) {
    result = result_of(
        request.tag, Finish::kError,
        {Errc::kInternal, "weights version " + std::to_string(weights_->version) + " gave logits that are not finite"});
    return Finish::kError;
  }
  result.tokens.push_back(draw.token);
  result.logprobs.push_back(draw.logprob);
  result.versions.push_back(weights_->version);
  ++stats_.tokens;
  if (request.drawn) request.drawn(draw.token, draw.logprob);
  const bool ended = draw.token == config.eos_token_id || (request.ends != nullptr && (*request.ends)(result.tokens));
  if (ended) return Finish::kStop;
  if (result.tokens.size() == static_cast<std::size_t>(request.sampler.max_tokens)) return Finish::kLength;
  return {};
}

void BatchDecoder::finish(Sequence& sequence, Finish how) {
  if (sequence.request.continues && how != Finish::kError) publish(sequence);
  release(sequence);
  sequence.result.finish = how;
  leave(std::move(sequence.result));
}

// What the step computed is in the pages; a prompt that is there whole is known to others from now on.
void BatchDecoder::advance() {
  for (std::size_t i = 0; i < order_.size();) {
    Sequence& sequence = slots_[order_[i]];
    const bool sampled = sequence.sampled(), prompt = sequence.rows > 1 || sequence.result.tokens.empty();
    if (prompt) stats_.prompt_tokens += static_cast<std::uint64_t>(sequence.rows);
    sequence.computed += sequence.rows;
    if (sampled && prompt && sequence.draw.token >= 0) publish(sequence);
    if (!sampled) {
      ++i;
      continue;
    }
    const std::optional<Finish> how = take(sequence);
    if (how) {
      finish(sequence, *how);  // the next takes its place in the order
      continue;
    }
    sequence.text.push_back(sequence.draw.token);
    ++i;
  }
  advance_waiting();
}

void BatchDecoder::advance_waiting() {
  for (auto it = waiting_.begin(); drawing_ > 0 && it != waiting_.end();) {
    if (!std::exchange(it->drawing, false)) {
      ++it;
      continue;
    }
    --drawing_;
    it->result.cached = static_cast<std::uint32_t>(it->request.prompt.size());
    const std::optional<Finish> how = take(*it);
    if (!how) {
      ++it;
      continue;
    }
    it->result.finish = *how;
    leave(std::move(it->result));
    it = waiting_.erase(it);
  }
}

// The device gave up: every sequence that was under way comes back with the reason.
void BatchDecoder::fail(const Status& status) {
  for (Waiting& waiting : waiting_) waiting.drawing = false;
  drawing_ = 0;
  while (!order_.empty()) {
    Sequence& sequence = slots_[order_.back()];
    sequence.result = result_of(sequence.request.tag, Finish::kError, status);
    finish(sequence, Finish::kError);
  }
}

std::size_t BatchDecoder::step(std::vector<DecodeResult>& finished) {
  const auto start = std::chrono::steady_clock::now();
  expire(start);
  admit();
  grow();
  if (!order_.empty()) {
    sort_by_pages();
    choose_rows();
    list_rows();
    if (const Status status = backend_->step(rows_); status.ok())
      advance();
    else
      fail(status);
    ++stats_.steps;
  }
  for (DecodeResult& result : left_) finished.push_back(std::move(result));
  left_.clear();
  stats_.step_ns += static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  return order_.size() + waiting_.size();
}

DecoderStats BatchDecoder::stats() const {
  DecoderStats stats = stats_;
  if (cache_) {
    stats.pages = cache_->pages();
    stats.pages_in_use = cache_->pages() - cache_->available();
  }
  return stats;
}

void BatchDecoder::expire(std::chrono::steady_clock::time_point now) {
  for (std::size_t i = order_.size(); i-- > 0;)
    if (Sequence& sequence = slots_[order_[i]]; sequence.request.deadline <= now) finish(sequence, Finish::kDeadline);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->request.deadline > now) {
      ++it;
      continue;
    }
    it->result.finish = Finish::kDeadline;
    leave(std::move(it->result));
    it = waiting_.erase(it);
  }
}

}  // namespace autodidact
