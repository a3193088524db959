#pragma once
// One question to the replay store, from the command line to the screen: the request goes to a ReplaySource, its answer lines
// to the command's renderer, or out as they are with --json. One thread.

#include <functional>
#include <memory>
#include <string>

#include "tools/cli.hpp"
#include "tools/json_view.hpp"
#include "tools/render.hpp"
#include "tools/replay_source.hpp"

namespace autodidact {

// `directory`, when given, goes before --data-dir. Says on standard error who answers.
Result<ReplaySource> open_source(const Globals& globals, const std::string& directory, ReplaySource::Access access);

class ReplayQuery {
 public:
  ReplayQuery(Output& output, const std::string& command) : output_(output), renderer_(make_renderer(command, output)) {}

  // Called with each line before it is shown.
  std::function<void(Json&)> enrich;
  // May be called again: `tail` does.
  Status run(ReplaySource& source, const Json& request);

  std::uint64_t next() const { return next_; }    // where the next page begins; 0 at the end
  std::uint64_t lines() const { return lines_; }  // so far
  bool sound() const { return sound_; }           // `verify` found nothing wrong

 private:
  bool take(std::string_view line);

  Output& output_;
  std::unique_ptr<Renderer> renderer_;
  std::uint64_t next_ = 0, lines_ = 0;
  bool sound_ = true;
};

// Opens, asks, shows; the exit status.
Result<int> run_query(const Globals& globals, Output& output, const std::string& directory, const Json& request,
                      ReplaySource::Access access = ReplaySource::Access::kRead);

}  // namespace autodidact
