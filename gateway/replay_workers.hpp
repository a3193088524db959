#pragma once
// Threads that run replay queries, so that neither a regex nor a million rows ever holds up the Asio thread. Owner: Gateway.
// submit() may be called from any thread; the destructor cuts running queries short and joins. Nothing survives a crash.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/http.hpp"
#include "storage/inspect.hpp"

namespace autodidact {

class ReplayWorkers {
 public:
  static constexpr std::size_t kThreads = 2;
  static constexpr std::size_t kQueue = 16;  // waiting queries; beyond, 503

  explicit ReplayWorkers(InspectPlace place);
  ~ReplayWorkers();

  // Answers `exchange` with the lines of inspect(store, request). Before the first line an error is a plain HTTP error, behind
  // it the last line {"error":...}. `store` outlives this object.
  void submit(ReplayStore& store, std::string request, std::shared_ptr<Exchange> exchange);

 private:
  struct Job {
    ReplayStore* store = nullptr;
    std::string request;
    std::shared_ptr<Exchange> exchange;
  };

  void work();
  void answer(Job& job);

  const InspectPlace place_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> waiting_;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace autodidact
