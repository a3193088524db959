#pragma once
// A daemon that does what a test tells it to.

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/admin_backend.hpp"

namespace autodidact {

class FakeBackend : public AdminBackend {
 public:
  void call(const std::string& verb, const std::string& params_json, int deadline_ms, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back({verb, params_json, deadline_ms});
    }
    on_call(verb, std::move(done));
  }
  bool live() const override { return is_live; }
  Readiness readiness() const override { return {is_ready, "{\"ready\":false,\"checks\":{\"store\":\"disk full\"}}"}; }
  std::string metrics_text() const override { return "autodidact_up 1\n"; }
  ReplayStore& store() override {
    ++store_calls;
    return *store_;
  }

  struct Call {
    std::string verb, params;
    int deadline_ms = 0;
  };
  std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  // What call() does with its answer; by default it names the verb.
  std::function<void(const std::string& verb, Done done)> on_call = [](const std::string& verb, Done done) {
    done({Status(), "{\"verb\":\"" + verb + "\"}"});
  };
  bool is_live = true, is_ready = true;
  std::atomic<int> store_calls{0};  // each replay query is one

 private:
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  std::unique_ptr<ReplayStore> store_ = make_memory_store();
};

}  // namespace autodidact
