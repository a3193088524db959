#pragma once
// The Decoder, whatever computes its steps: a set of running sequences, a queue, and a backend. See decoder.hpp for what it
// promises; owner and thread as there.
//
// Prompts: requests with the very same prompt compute it once and draw their first tokens from its last row's logits, each with
// its own seed: the first of them runs, the others wait for that step and come in with a token. Other common beginnings are
// computed once where that is worth a step's waiting.
//
// Pages: a sequence is admitted when the cache has room for its text and a page for some of those that run. When one that runs
// needs a page and none is left, the youngest steps back: it goes to the head of the queue with what it has drawn, and computes
// its keys and values again when it returns. The oldest always gets on, so every request ends.

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "model/decoder.hpp"
#include "model/kv_cache.hpp"
#include "model/step_backend.hpp"

namespace autodidact {

// kConfig, and which setting, when they make no sense.
Status check_options(const DecoderOptions& options);
// Pages of a decoder's cache under options.kv_cache_mb; kConfig when it has no room for one.
Result<std::int64_t> cache_pages(const ModelConfig& config, const DecoderOptions& options, const StepDevice& device);
// kBadInput, with the reason, for a request that can never be served by a model with a cache of so many pages.
Status check_request(const DecodeRequest& request, const ModelConfig& config, std::int64_t pages);

class BatchDecoder : public Decoder {
 public:
  BatchDecoder(const DecoderOptions& options, const StepDevice& device);

  Status set_weights(WeightsPtr weights) override;
  void submit(DecodeRequest request) override;
  void cancel(std::uint64_t tag) override;
  std::size_t step(std::vector<DecodeResult>& finished) override;
  std::size_t free_slots() const override {
    const std::size_t taken = order_.size() + waiting_.size();
    return taken < slots_.size() ? slots_.size() - taken : 0;
  }
  DecoderStats stats() const override;

 private:
  struct Drawer {
    DecodeRequest request;
    DecodeResult result;
    Draw draw;  // outcome of the step under way
  };
  struct Waiting : Drawer {  // with tokens already when it has stepped back, or has drawn from another's prompt
    bool drawing = false;    // does so in the step under way
  };
  struct Sequence : Drawer {
    PageTable table;
    std::vector<TokenId> text;  // prompt and what was drawn
    std::int64_t computed = 0;  // of the text: keys and values are in the pages
    std::int64_t rows = 0;      // of the step under way
    std::uint64_t number = 0;   // in order of admission
    bool busy = false;
    bool sampled() const { return rows > 0 && rows == missing(); }
    std::int64_t missing() const { return static_cast<std::int64_t>(text.size()) - computed; }
  };

  void expire(std::chrono::steady_clock::time_point now);
  void admit();
  // `worth`: so much of its text in common with one whose prompt is under way.
  bool better_later(const Waiting& waiting, std::int64_t worth) const;
  bool place(Waiting& waiting);
  void grow();
  void step_back(Sequence& sequence);
  void publish(const Sequence& sequence);
  void release(Sequence& sequence);
  void sort_by_pages();
  void choose_rows();
  void list_rows();
  void add_call(Drawer& drawer, std::span<const TokenId> text);
  void add_calls_of_alike(const Sequence& sequence);
  void advance();
  void advance_waiting();
  void fail(const Status& status);
  std::optional<Finish> take(Drawer& drawer);
  void finish(Sequence& sequence, Finish finish);
  void leave(DecodeResult result) { left_.push_back(std::move(result)); }

  const DecoderOptions options_;
  const StepDevice& device_;
  WeightsPtr weights_;
  std::unique_ptr<StepBackend> backend_;
  std::optional<KvCache> cache_;

  std::vector<Sequence> slots_;
  std::vector<std::size_t> order_;  // the busy slots
  std::deque<Waiting> waiting_;
  std::vector<DecodeResult> left_;  // finished, not yet handed out
  std::size_t drawing_ = 0;         // of those that wait
  std::uint64_t admitted_ = 0;
  bool reorder_ = false;

  std::vector<StepRows> rows_;   // of the step under way
  std::vector<DrawCall> calls_;  // of the rows; as many as slots at most
  std::vector<TokenId> text_;    // of the request that is looked at; keeps its memory
  DecoderStats stats_;
};

}  // namespace autodidact
