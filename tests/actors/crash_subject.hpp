#pragma once
// The daemon as a process that can be killed at any instant, and what it had acknowledged up to then as seen from outside,
// through its admin socket. Owned by the crash harness; one thread.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

// What the running daemon said was done: it must still be so after a crash.
struct Acknowledged {
  std::uint64_t attempts = 0, items = 0, consumed = 0, step = 0, polls = 0;
  std::map<AttemptId, std::pair<std::uint32_t, std::string>> rows;  // completion length and outcome
};

// Rounds without end of small sums; data_dir is added by write_config().
extern const char* const kSubjectConfig;

class CrashSubject {
 public:
  CrashSubject(std::string binary, std::string directory);
  ~CrashSubject();  // kills what still runs

  const std::string& config_path() const { return config_; }
  const std::string& data_dir() const { return data_dir_; }
  std::string trace_path() const { return directory_ + "/steps"; }
  std::string log_path() const { return directory_ + "/log"; }

  void write_config(const std::string& toml) const;
  void set_environment(const std::string& name, const std::string& value) { environment_.push_back(name + "=" + value); }
  void start(const std::vector<std::string>& overrides = {});
  bool running();
  void kill9();
  // Exit status, or nothing when it does not end in time.
  std::optional<int> wait(std::chrono::milliseconds timeout);
  void terminate() const;  // SIGTERM
  void hang_up() const;    // SIGHUP

  // Adds to `seen` whatever the daemon acknowledges now. False while it does not answer.
  bool observe(Acknowledged& seen, bool rows);

 private:
  bool reap(bool block);

  const std::string binary_, directory_, config_, data_dir_;
  std::vector<std::string> environment_;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace autodidact
