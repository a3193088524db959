#pragma once
// Samples attempts for leased work items: the generator's compute side, without CAF. Owned by the generator actor; its loop
// runs on one compute thread and drives one Decoder. submit() and the accounting: any thread. Results go to a callback on the
// compute thread. What survives a crash: nothing; unfinished leases are given to others.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/compute_thread.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "actors/sliced_turn.hpp"

namespace autodidact {

class GeneratorEngine : public std::enable_shared_from_this<GeneratorEngine> {
 public:
  struct Output {
    Leased leased;  // job with attempts, when status is ok
    Status status;  // kBadInput: no worker can do it
  };
  using Deliver = std::function<void(std::vector<Output>)>;
  using Broken = std::function<void(const std::string&)>;  // the device threw: this engine is of no more use

  GeneratorEngine(ContextPtr context, std::string name, Deliver deliver, Broken broken);

  void submit(std::vector<Leased> jobs);
  void stop() { stopping_ = true; }                            // ends at the next decode step; what it held is not delivered
  std::uint64_t progress() const { return progress_.load(); }  // decode steps and finished items
  std::size_t holds() const { return holds_.load(); }
  std::string waits_for() const;  // "" when decoding

 private:
  struct Open {  // an item whose attempts are being decoded
    Leased leased;
    std::vector<Attempt> attempts;
    std::size_t missing = 0;
    std::int64_t started_ns = 0;
    Status failed;
  };

  void pump();
  void begin(Leased leased, std::vector<Output>& out);
  bool take_weights();
  bool step(std::vector<Output>& out);
  void collect(DecodeResult result, std::vector<Output>& out);
  void account();
  void wait_on(const std::string& what);

  const ContextPtr context_;
  const std::string name_;
  const Deliver deliver_;
  const std::shared_ptr<ComputeThread> thread_;

  mutable std::mutex mutex_;
  std::vector<Leased> inbox_;  // guarded by mutex_
  bool pumping_ = false;       // guarded by mutex_
  std::string waits_for_;      // guarded by mutex_

  std::atomic<std::uint64_t> progress_{0};
  std::atomic<std::size_t> holds_{0};
  std::atomic<bool> stopping_{false};

  // compute thread only
  SlicedTurn turn_;
  std::unique_ptr<Decoder> decoder_;
  WeightsPtr weights_;
  std::unordered_map<std::uint64_t, Open> open_;                                       // by item number
  std::unordered_map<std::uint64_t, std::pair<std::uint64_t, std::size_t>> requests_;  // tag -> item number, attempt
  std::uint64_t next_item_ = 1, next_tag_ = 1;
  std::vector<DecodeResult> finished_;
  DecoderStats accounted_;
};

// Attempt i's own random stream.
std::uint64_t attempt_seed(std::uint64_t item_seed, std::size_t index);

}  // namespace autodidact
