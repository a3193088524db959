#pragma once
// The latest picture of the whole daemon, for whoever asks from outside the actor system: HTTP, the progress line, the
// watchdog. Written by the supervisor a few times a second; read from any thread without waiting for an actor.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

namespace autodidact {

struct Progress {  // what the progress line shows
  std::string phase;
  std::uint32_t round = 0;
  std::uint64_t round_done = 0, round_size = 0;
  std::uint64_t step = 0, plan_first_step = 0, plan_steps = 0;
  std::uint32_t serving = 0;
  double attempts_per_s = 0, tokens_per_s = 0, train_tokens_per_s = 0, steps_per_s = 0, accepted = 0, accuracy = -1;
  std::string waits;    // "generator: work · trainer: the ratio limiter"
  std::string trouble;  // a stall or a given-up stage; empty = none
  bool finished = false;
};

class StatusBoard {
 public:
  void post(Progress progress, std::string json, bool ready, std::string readiness_json);
  Progress progress() const;
  std::string json() const;
  bool ready() const;
  std::string readiness_json() const;

  // Milliseconds (steady clock) of the last post; the watchdog pings only while it is fresh.
  std::int64_t last_post_ms() const { return last_post_ms_.load(); }

  void set_drained();
  bool wait_drained(int timeout_ms);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Progress progress_;  // guarded by mutex_, as the next four
  std::string json_ = "{}", readiness_json_ = "{}";
  bool ready_ = false, drained_ = false;
  std::atomic<std::int64_t> last_post_ms_{0};
};

}  // namespace autodidact
