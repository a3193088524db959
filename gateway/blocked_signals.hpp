#pragma once
// Blocks every signal in this thread while it exists, so that threads started meanwhile never run a handler: signals stay
// with the thread that waits for them.

#include <pthread.h>
#include <signal.h>

namespace autodidact {

class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_ = {};
};

}  // namespace autodidact
