#include "actors/dashboard_feed.hpp"

#include <exception>
#include <utility>

namespace autodidact {

void DashboardFeed::ask(Done done) {
  std::unique_lock lock(mutex_);
  if (have_ && clock_.mono_ns() - assembled_ns_ < kFreshNs) {
    std::string document = document_;
    lock.unlock();
    return done(std::move(document));
  }
  if (waiting_.size() >= kWaiting) {
    lock.unlock();
    return done(Status(Errc::kTemporary, "256 readers wait for the page's data already; try again later"));
  }
  waiting_.push_back(std::move(done));
  if (std::exchange(working_, true)) return;
  lock.unlock();
  if (post_([self = shared_from_this()] { self->work(); })) return;
  lock.lock();
  working_ = false;
  const auto refused = std::exchange(waiting_, {});
  lock.unlock();
  for (const Done& one : refused) one(Status(Errc::kTemporary, "the daemon is stopping; try again later"));
}

void DashboardFeed::work() {
  const std::int64_t begin = clock_.mono_ns();
  Result<std::string> result = Status(Errc::kInternal, "");
  try {
    result = assemble_();
  } catch (const std::exception& error) {
    result = Status(Errc::kInternal, std::string("the page's data cannot be assembled: ") + error.what());
  }
  std::unique_lock lock(mutex_);
  working_ = false;
  if (result.ok()) {
    document_ = *result;
    assembled_ns_ = begin;
    have_ = true;
  }
  const auto waited = std::exchange(waiting_, {});
  lock.unlock();
  for (const Done& done : waited) done(result);
}

}  // namespace autodidact
