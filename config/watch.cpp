#include "config/watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "config/files.hpp"
#include "config/sha256.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kMaxLinks = 40;  // as the kernel's ELOOP
constexpr std::uint64_t kMaxFileBytes = 1 << 20;

using Names = std::map<std::string, std::set<std::string>>;  // directory -> entries in it that matter

// Appends the names in `path`, last one first, so that the next to walk is at the back.
void push_names(const fs::path& path, std::vector<fs::path>& names) {
  const fs::path relative = path.relative_path();
  const std::vector<fs::path> forward(relative.begin(), relative.end());
  names.insert(names.end(), forward.rbegin(), forward.rend());
}

// The directories that hold `path` or a symlink on the way to it, with those entries.
Names entries_on_the_way(const fs::path& path) {
  Names names;
  fs::path walked = "/";
  std::vector<fs::path> parts;
  push_names(fs::absolute(path).lexically_normal(), parts);
  for (int links = 0; !parts.empty();) {
    const fs::path part = parts.back();
    parts.pop_back();
    std::error_code error;
    const fs::path here = walked / part;
    const bool link = fs::is_symlink(fs::symlink_status(here, error));
    if (link || parts.empty()) names[walked].insert(part);
    if (!link) {
      walked = part == ".." ? walked.parent_path() : here;
      continue;
    }
    if (++links > kMaxLinks) break;
    const fs::path target = fs::read_symlink(here, error);
    if (target.is_absolute()) walked = "/";
    push_names(target, parts);
  }
  return names;
}

}  // namespace

class ConfigWatcher::Thread {
 public:
  Thread(std::string path, std::string digest, OnChange on_change, WatchTiming timing)
      : path_(std::move(path)), digest_(std::move(digest)), on_change_(std::move(on_change)), timing_(timing) {}

  Status open() {
    inotify_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify_ < 0) return errno_status(errno, "watch " + path_ + " with inotify");
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    if (stop_ < 0) return errno_status(errno, "make an eventfd");
    thread_ = std::thread([this] { run(); });
    return {};
  }

  ~Thread() {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      AD_REQUIRE(::write(stop_, &one, sizeof one) == sizeof one, "cannot wake the configuration watcher");
      thread_.join();
    }
    if (inotify_ >= 0) ::close(inotify_);
    if (stop_ >= 0) ::close(stop_);
  }

 private:
  void run() {
    settle();  // what happened between loading and now
    while (wait()) {
      if (due_ && SteadyClock::now() >= *due_) settle();
    }
  }

  // Sleeps until an event, the debounce, the poll or the end; false at the end.
  bool wait() {
    const auto timeout = due_ ? std::chrono::ceil<milliseconds>(*due_ - SteadyClock::now()) : milliseconds(timing_.poll_ms);
    pollfd fds[] = {{stop_, POLLIN, 0}, {inotify_, POLLIN, 0}};
    const int ready = ::poll(fds, 2, static_cast<int>(std::clamp<std::int64_t>(timeout.count(), 0, timing_.poll_ms)));
    if (ready < 0 && errno != EINTR) die("poll of the configuration watcher: " + std::string(std::strerror(errno)));
    if (ready > 0 && fds[0].revents != 0) return false;
    if (ready > 0 && fds[1].revents != 0 && read_events()) {
      const auto now = SteadyClock::now();
      if (!due_) latest_due_ = now + 10 * milliseconds(timing_.debounce_ms);
      due_ = std::min(now + milliseconds(timing_.debounce_ms), latest_due_);
    } else if (ready == 0 && !due_) {
      due_ = SteadyClock::now();  // the poll
    }
    return true;
  }

  // True when an event concerns an entry that matters, or may have.
  bool read_events() {
    bool concerned = false;
    alignas(inotify_event) char buffer[4096];
    ssize_t size = 0;
    while ((size = ::read(inotify_, buffer, sizeof buffer)) > 0) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        const auto watch = watches_.find(event->wd);
        const bool lost = (event->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
        concerned = concerned || lost || (watch != watches_.end() && event->len > 0 && watch->second.contains(event->name));
      }
    }
    return concerned;
  }

  // Watches what is on the way now, then looks at the content: a change after the look raises an event.
  void settle() {
    due_.reset();
    rewatch();
    Result<std::string> text = read_file(path_, kMaxFileBytes);
    if (text.ok() ? text->empty() : text.status().code() == Errc::kNotFound) return;
    // An unreadable file is news too: the reload will say why it is refused.
    const std::string digest = text.ok() ? sha256_hex(*text) : text.status().message();
    if (digest == digest_) return;
    digest_ = digest;
    on_change_();
  }

  void rewatch() {
    std::map<int, std::set<std::string>> wanted;
    for (const auto& [directory, names] : entries_on_the_way(path_)) {
      const int watch = ::inotify_add_watch(inotify_, directory.c_str(), kEvents);
      if (watch >= 0) wanted[watch].insert(names.begin(), names.end());  // a missing directory is left to the poll
    }
    for (const auto& [watch, names] : watches_) {
      if (!wanted.contains(watch)) ::inotify_rm_watch(inotify_, watch);
    }
    watches_ = std::move(wanted);
  }

  const std::string path_;
  std::string digest_;  // thread only, as all below
  const OnChange on_change_;
  const WatchTiming timing_;
  int inotify_ = -1, stop_ = -1;
  std::map<int, std::set<std::string>> watches_;  // by inotify's number
  std::optional<SteadyClock::time_point> due_;    // when to look
  SteadyClock::time_point latest_due_;
  std::thread thread_;
};

ConfigWatcher::ConfigWatcher(std::unique_ptr<Thread> thread) : thread_(std::move(thread)) {}
ConfigWatcher::~ConfigWatcher() = default;

Result<std::unique_ptr<ConfigWatcher>> ConfigWatcher::start(const std::string& path, std::string known_digest,
                                                            OnChange on_change, WatchTiming timing) {
  auto thread = std::make_unique<Thread>(path, std::move(known_digest), std::move(on_change), timing);
  AD_RETURN_IF_ERROR(thread->open());
  return std::unique_ptr<ConfigWatcher>(new ConfigWatcher(std::move(thread)));
}

}  // namespace autodidact
