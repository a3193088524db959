#pragma once
// What the HTTP surface (gateway/) asks of the running daemon. Implemented by actors/daemon.cpp, faked in tests. Every method
// may be called from any thread. No CAF in this header.

#include <functional>
#include <string>

#include "config/status.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

struct AdminReply {
  Status status;     // not ok: the message is for the user; the code gives the HTTP status and the client's exit status
  std::string json;  // an object, when ok
};

struct Readiness {
  bool ready = false;
  std::string json;  // an object: what is checked and what each check says
};

class AdminBackend {
 public:
  using Done = std::function<void(AdminReply)>;
  virtual ~AdminBackend() = default;

  // Verbs and their parameters (a JSON object): status{} pause{} resume{} drain{} checkpoint{} promote{version}
  // rollback{version} reload{dry_run} config{} dashboard{} ask{question,hint} eval{version,limit}. `done` is called exactly
  // once, on any thread, within `deadline_ms` (kTemporary names what it waited for). Unknown verb or parameter: kUsage.
  virtual void call(const std::string& verb, const std::string& params_json, int deadline_ms, Done done) = 0;

  virtual bool live() const = 0;                 // control actors answered lately
  virtual Readiness readiness() const = 0;       // started, store writable, not draining, no stage given up
  virtual std::string metrics_text() const = 0;  // Prometheus exposition format
  virtual ReplayStore& store() = 0;              // for replay queries; thread-safe
};

}  // namespace autodidact
