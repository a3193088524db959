#pragma once
// Labels for a process reward model, without people: the value of a step is how often the generator, going on from its end,
// reaches the right answer (Math-Shepherd, arXiv 2312.08935; arXiv 2408.03314, appendix D). Owner and thread: one compute
// thread makes it and calls it. Nothing survives a crash but what the caller stored.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "config/types.hpp"
#include "model/decoder.hpp"

namespace autodidact {

struct LabelCall {
  const Problem* problem = nullptr;
  std::vector<TokenId> prompt;           // as the generator is asked
  std::vector<TokenId> completion;       // whole, what ended it included
  std::vector<std::uint32_t> step_ends;  // indices into completion, the last one its last token
  bool correct = false;                  // the completion's own outcome: the value of its last step
};

class StepLabeler {
 public:
  struct Settings {
    std::uint32_t rollouts = 8;
    SamplerSettings sampler;
    std::uint64_t seed = 0;
    std::int64_t max_positions = 0;
    std::shared_ptr<const EndOfText> ends;
    std::function<bool(const Problem&, std::span<const TokenId> completion)> judge;
    std::function<bool()> before_step;  // false: stop, label() answers kTemporary
  };
  // The decoder has its weights.
  StepLabeler(std::unique_ptr<Decoder> decoder, Settings settings)
      : decoder_(std::move(decoder)), settings_(std::move(settings)) {}

  // For each call the share of right rollouts at the end of each step. Beginnings of one problem that are alike are rolled out
  // once: small models repeat themselves.
  Result<std::vector<std::vector<float>>> label(std::span<const LabelCall> calls);
  std::uint64_t tokens() const { return decoder_->stats().tokens; }

 private:
  struct Value {
    const LabelCall* call;
    std::uint32_t prefix;  // tokens
    std::uint32_t right = 0;
  };
  void roll_out(const LabelCall& call, std::uint32_t end);
  Status run();

  const std::unique_ptr<Decoder> decoder_;
  const Settings settings_;
  std::unordered_map<std::uint64_t, Value> values_;  // by hash of problem and beginning
  std::unordered_map<std::uint64_t, std::uint64_t> under_way_;
  std::uint64_t next_tag_ = 1;
};

}  // namespace autodidact
