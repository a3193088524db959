#pragma once
// Tells when the configuration file has new content, however it got there: written in place, renamed over by an editor, or
// swapped under a symlink as in a Kubernetes ConfigMap. Owner: the daemon. One thread of its own, which also runs the
// callback; start and destroy from any other. Nothing survives a crash, and nothing needs to.
//
// A watch on the file itself goes deaf at the first rename, so directories are watched: those that hold the file or a symlink
// on the way to it. Events only wake; what counts is the SHA-256 of the content once it has been quiet for a moment. A poll
// finds what inotify cannot see (NFS, a renamed parent directory). A missing or empty file is the middle of somebody's save
// and never reported.

#include <functional>
#include <memory>
#include <string>

#include "config/status.hpp"

namespace autodidact {

struct WatchTiming {
  int debounce_ms = 500;  // quiet time after the last event, at most 10 times this after the first
  int poll_ms = 30000;
};

class ConfigWatcher {
 public:
  using OnChange = std::function<void()>;

  // Reports content whose SHA-256 differs from `known_digest` (LoadedConfig::digest), then from what it last reported.
  static Result<std::unique_ptr<ConfigWatcher>> start(const std::string& path, std::string known_digest, OnChange on_change,
                                                      WatchTiming timing = {});
  // Waits for a running callback.
  ~ConfigWatcher();
  ConfigWatcher(const ConfigWatcher&) = delete;
  ConfigWatcher& operator=(const ConfigWatcher&) = delete;

 private:
  class Thread;
  explicit ConfigWatcher(std::unique_ptr<Thread> thread);
  std::unique_ptr<Thread> thread_;
};

}  // namespace autodidact
