#pragma once
// Hands one document to everybody who asks within a second, however many pages are open: who finds it old waits for the one
// assembly under way. No CAF. Shared by AdminVerbs and the job it posts; any thread may ask(). Nothing survives a crash.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/clock.hpp"
#include "config/status.hpp"

namespace autodidact {

class DashboardFeed : public std::enable_shared_from_this<DashboardFeed> {
 public:
  using Assemble = std::function<std::string()>;
  using Post = std::function<bool(std::function<void()>)>;  // to a thread that may read the disk; false: it takes no more
  using Done = std::function<void(Result<std::string>)>;
  static constexpr std::int64_t kFreshNs = 1'000'000'000;
  static constexpr std::size_t kWaiting = 256;  // beyond: kTemporary

  DashboardFeed(Assemble assemble, Post post, const Clock& clock)
      : assemble_(std::move(assemble)), post_(std::move(post)), clock_(clock) {}

  // `done` runs now, or on the thread of the assembly.
  void ask(Done done);

 private:
  void work();

  const Assemble assemble_;
  const Post post_;
  const Clock& clock_;
  std::mutex mutex_;
  std::string document_;           // guarded by mutex_, as the rest
  std::int64_t assembled_ns_ = 0;  // when it was begun
  bool have_ = false, working_ = false;
  std::vector<Done> waiting_;
};

}  // namespace autodidact
