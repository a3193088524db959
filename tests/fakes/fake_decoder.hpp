#pragma once
// Continuous batching over scripted answers. Owner and thread: as Decoder. Nothing survives a crash.

#include <deque>
#include <map>

#include "tests/fakes/fake_runtime.hpp"

namespace autodidact {

class FakeDecoder : public Decoder {
 public:
  FakeDecoder(FakeOptions options, std::int64_t batch, std::shared_ptr<FakeControls> controls);
  Status set_weights(WeightsPtr weights) override;
  void submit(DecodeRequest request) override;
  void cancel(std::uint64_t tag) override;
  std::size_t step(std::vector<DecodeResult>& finished) override;
  std::size_t free_slots() const override { return batch_ - running_.size(); }
  DecoderStats stats() const override;

 private:
  struct Sequence {
    DecodeRequest request;
    std::vector<TokenId> answer;  // stop token included unless cut
    Finish finish = Finish::kStop;
    DecodeResult result;
  };
  void expire(std::chrono::steady_clock::time_point now, std::vector<DecodeResult>& finished);
  void admit(std::vector<DecodeResult>& finished);
  Status script(Sequence& sequence) const;
  bool advance(Sequence& sequence);

  const FakeOptions options_;
  const std::size_t batch_;
  const std::shared_ptr<FakeControls> controls_;
  WeightsPtr weights_;
  std::deque<DecodeRequest> waiting_;
  std::deque<Sequence> running_;
  DecoderStats stats_;
};

// The pipeline benchmark's model: `tokens` tokens per request, at the next step, at the cost of filling three vectors.
class NullDecoder : public Decoder {
 public:
  NullDecoder(std::int32_t tokens, std::int64_t batch) : tokens_(tokens), batch_(static_cast<std::size_t>(batch)) {}
  Status set_weights(WeightsPtr weights) override;
  void submit(DecodeRequest request) override { waiting_.push_back(std::move(request)); }
  void cancel(std::uint64_t tag) override;
  std::size_t step(std::vector<DecodeResult>& finished) override;
  std::size_t free_slots() const override { return batch_ - std::min(batch_, waiting_.size()); }
  DecoderStats stats() const override { return stats_; }

 private:
  const std::int32_t tokens_;
  const std::size_t batch_;
  VersionId version_ = 0;
  TokenId vocab_ = 4;
  std::deque<DecodeRequest> waiting_;
  DecoderStats stats_;
};

}  // namespace autodidact
