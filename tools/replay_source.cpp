#include "tools/replay_source.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "config/files.hpp"

namespace autodidact {

namespace {

constexpr int kStallMs = 60'000;  // the daemon may search this long between two lines

}  // namespace

Result<ReplaySource> ReplaySource::open(const Place& place, bool direct, Access access) {
  ReplaySource source;
  source.place_ = place;
  if (!place.socket.empty() && (!direct || access == Access::kWrite)) {
    auto client = AdminClient::connect(place.socket);
    if (client.ok()) {
      source.client_ = std::move(client).value();
      source.description_ = "daemon at " + place.socket;
      return source;
    }
    if (client.status().code() != Errc::kUnavailable) return client.status();
  }
  AD_RETURN_IF_ERROR(source.open_files(access));
  source.description_ = "files in " + place.store;
  return source;
}

Status ReplaySource::open_files(Access access) {
  if (access == Access::kRead) {
    AD_ASSIGN_OR_RETURN(store_, open_store_read_only(place_.store, place_.options));
    return Status();
  }
  const std::string lock = place_.data_dir + "/daemon.lock";
  lock_ = UniqueFd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock_.get() < 0) return errno_status(errno, "open " + lock);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Status(Errc::kTemporary, "a daemon runs on " + place_.data_dir + " but does not listen on " + place_.socket +
                                        "; name its socket with --socket");
  }
  // open_store would make a new one: a mistyped directory must not become a store.
  AD_RETURN_IF_ERROR(open_store_read_only(place_.store, place_.options).status());
  AD_ASSIGN_OR_RETURN(store_, open_store(place_.store, place_.options));
  return Status();
}

Status ReplaySource::ask(const std::string& request_json, const LineSink& sink) {
  if (client_) return client_->stream("/admin/replay", request_json, kStallMs, sink);
  return inspect(*store_, request_json, sink, {place_.store, place_.options});
}

}  // namespace autodidact
