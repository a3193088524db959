#pragma once
// Who has made no progress for too long, and what it waits for. A role that has nothing to do cannot stall.
// Owner and thread: the supervisor's. Time is passed in. Nothing survives a crash.

#include <map>
#include <string>
#include <vector>

#include "actors/pool_ledger.hpp"

namespace autodidact {

class StallWatch {
 public:
  struct RoleState {
    std::string role;
    std::string waits_for;     // "" = working; else another role's name, or a thing ("the disk")
    bool idle = false;         // nothing is asked of it
    TimeMs waiting_since = 0;  // of this wait, or since it began to work
    TimeMs last_progress = 0;
  };
  struct Stall {
    std::string role;
    std::string waits_for;
    std::string culprit;       // the role at the end of the chain of waits; `role` itself when it waits for nothing
    TimeMs quiet_ms = 0;       // since the last progress
    std::string text() const;  // "generator/0 has made no progress for 30000 ms: waits for trainer (blocked by trainer)"
  };

  explicit StallWatch(TimeMs deadline_ms) : deadline_ms_(deadline_ms) {}
  void set_deadline(TimeMs deadline_ms) { deadline_ms_ = deadline_ms; }

  void progress(const std::string& role, TimeMs now);  // did something; counts as working until it says otherwise
  // Repeating the same wait is no progress. `what` empty: it works, without progress so far.
  void waits(const std::string& role, const std::string& what, TimeMs now);
  void idles(const std::string& role, TimeMs now);
  void remove(const std::string& role) { roles_.erase(role); }

  // Roles over the deadline, each once per further deadline it stays so.
  std::vector<Stall> check(TimeMs now);
  std::vector<RoleState> roles() const;  // for `status`
  bool stalled(const std::string& role, TimeMs now) const;

 private:
  struct Entry {
    RoleState state;
    TimeMs quiet_from = 0;  // last progress, or when it stopped being idle
    TimeMs reported = 0;    // deadlines named so far in this stall
  };
  Entry& at(const std::string& role, TimeMs now);
  std::string culprit_of(const std::string& role) const;

  TimeMs deadline_ms_;
  std::map<std::string, Entry> roles_;
};

}  // namespace autodidact
