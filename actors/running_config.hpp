#pragma once
// The configuration as it runs: what was loaded, what a reload changed, what waits for a restart. Any thread; reloads queue up
// behind one mutex. A refused file changes nothing.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/actor_base.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "config/diff.hpp"

namespace autodidact {

class RunningConfig {
 public:
  RunningConfig(std::string path, std::vector<std::string> overrides, std::shared_ptr<Context> context);

  // Validates the file, applies what is live, records the event with the training step. JSON: generation, applied, pending.
  // kConfig with every error when the file is refused.
  Result<std::string> reload(bool dry_run, const caf::actor& supervisor);

  std::shared_ptr<const Options> options() const;
  std::string config_json() const;  // the whole configuration
  std::string status_json() const;  // generation and pending keys

 private:
  Result<std::string> reload_locked(bool dry_run, const caf::actor& supervisor);

  const std::string path_;
  const std::vector<std::string> overrides_;
  const std::shared_ptr<Context> context_;
  mutable std::mutex mutex_;
  std::mutex reloading_;                    // one reload at a time; taken before mutex_
  std::shared_ptr<const Options> running_;  // guarded by mutex_, as the next two
  std::vector<Change> pending_;
  std::uint64_t generation_ = 1;
};

}  // namespace autodidact
