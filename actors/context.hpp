#pragma once
// What every actor of one daemon is given at its start: the shared, thread-safe things. No CAF. Owned by the daemon, which
// outlives the actors.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "actors/compute_thread.hpp"
#include "actors/device_gate.hpp"
#include "actors/metrics.hpp"
#include "actors/model_clock.hpp"
#include "actors/start_model.hpp"
#include "actors/weight_board.hpp"
#include "config/clock.hpp"
#include "config/options.hpp"
#include "methods/method.hpp"
#include "model/runtime.hpp"
#include "model/tokenizer.hpp"
#include "storage/replay_store.hpp"
#include "tasks/task.hpp"

namespace autodidact {

class ServedAnswers;

struct Context {
  std::string data_dir;
  std::shared_ptr<const Options> options;  // as of the start; changes come as Configure messages
  std::shared_ptr<const Task> task;
  StartModel start;  // the weights that a run begins with
  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const Prompts> prompts;
  ModelConfig model_config;
  // Takes over its tokenizer, prompts and shape.
  void begin_with(StartModel model) {
    tokenizer = model.tokenizer;
    prompts = model.prompts;
    model_config = model.config;
    start = std::move(model);
  }
  ModelRuntime* runtime = nullptr;
  ReplayStore* store = nullptr;
  WeightBoard* weights = nullptr;
  DeviceGate* gate = nullptr;
  ModelClock* model_clock = nullptr;
  Metrics* metrics = nullptr;
  ThreadKeeper* threads = nullptr;
  ServedAnswers* served = nullptr;                     // null where nothing is learnt from answers
  std::timed_mutex* trainer_turn = nullptr;            // one learner at a time, also while a killed trainer's thread is ending
  const Clock* clock = nullptr;                        // stamps records; logical when deterministic
  std::atomic<std::uint64_t>* trainer_step = nullptr;  // newest durable step, for events and status
};
using ContextPtr = std::shared_ptr<const Context>;

}  // namespace autodidact
