#pragma once
// The run's curves as TensorBoard event files: looks at metrics, status board and store about once a second and writes what is
// new. Its own thread, so that a slow or full disk never holds the loop up: the first failed write is logged, and it gives up.
// No CAF. Owner: the daemon, which runs it on a compute thread; one thread at a time. A crash costs the last second's points.

#include <atomic>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "actors/event_file.hpp"
#include "actors/metrics.hpp"
#include "actors/status_board.hpp"
#include "actors/version_history.hpp"

namespace autodidact {

class TensorboardLog {
 public:
  struct Sources {
    const ReplayStore& store;
    const Metrics& metrics;
    const StatusBoard& board;
    const std::atomic<std::uint64_t>& step;  // the trainer's, the x axis of all but the versions
    const Clock& clock;
  };
  static constexpr std::uint64_t kMostBytes = 64 << 20;

  // One file per start in `directory`. Versions that the store has already count as written by an earlier start.
  TensorboardLog(std::string directory, Sources sources);

  // Samples until told to stop, once more then, and returns; also when it gave up.
  void run(std::stop_token stop);
  // What is new since the last call, written out. False: it gave up, for good.
  bool sample();
  // Until the next sample is due: a second, later a two-thousandth of the time the daemon is up, so that a month of running
  // makes a few MiB and TensorBoard, which shows 1000 points, still has more than it needs.
  std::int64_t spacing_ns() const;

 private:
  using Named = std::vector<std::pair<std::string, double>>;
  void training(Named& out);
  void loop(Named& out);
  void versions();
  void version(const VersionPoint& point);
  void put(std::int64_t step, const Named& values);
  // True when the counter or gauge is there and is not what it was at the last call.
  bool moved(const char* family, const std::string& label);

  const std::string directory_;
  const Sources sources_;
  VersionHistory history_;
  std::map<VersionId, bool> written_;   // versions, and whether with their candidates' curve
  std::map<std::string, double> last_;  // what moved() saw
  const std::int64_t born_ns_;
  double now_s_ = 0;  // of the sample under way
  std::optional<EventFile> file_;
  bool given_up_ = false;
};

}  // namespace autodidact
