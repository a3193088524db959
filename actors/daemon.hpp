#pragma once
// One daemon: data directory, store, actor system, configuration, and the admin surface over them. Knows no HTTP and no command
// line. Owner: tools/daemon_main.cpp, and tests. start() and the destructor belong to one thread; the AdminBackend methods may
// be called from any.

#include <memory>
#include <string>
#include <vector>

#include "actors/admin_backend.hpp"
#include "actors/answer_backend.hpp"
#include "actors/status_board.hpp"
#include "config/options.hpp"
#include "config/status.hpp"
#include "model/runtime.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

struct DaemonSettings {
  std::string config_path;             // read again by reload(); empty = no reload
  std::vector<std::string> overrides;  // --set section.key=value, also applied on reload
  Options options;
  // Makes the model runtime once the tokenizer is known (a fake one answers in its text).
  std::function<std::unique_ptr<ModelRuntime>(std::shared_ptr<const Tokenizer>)> runtime;
};

class Daemon : public AdminBackend {
 public:
  // kTemporary: another daemon has the data directory. Otherwise what is wrong with directory, store, weights or task; a state
  // that cannot be resumed is refused, never started over.
  static Result<std::unique_ptr<Daemon>> start(DaemonSettings settings);
  // Stops the actors without draining; call drain() first for an orderly end.
  ~Daemon() override;

  void call(const std::string& verb, const std::string& params_json, int deadline_ms, Done done) override;
  bool live() const override;
  Readiness readiness() const override;
  std::string metrics_text() const override;
  ReplayStore& store() override;

  // No new work, pipeline emptied into the store, trainer at a step boundary. False: not within `timeout_ms`; status() names
  // what is left.
  bool drain(int timeout_ms);
  // The same as the `reload` verb: JSON of what changed, or why the file is refused (the old configuration stays).
  Result<std::string> reload(bool dry_run);

  AnswerBackend& answers();
  StatusBoard& board();
  std::shared_ptr<const Options> options() const;

 private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autodidact
