#pragma once
// The daemon's counters and gauges, and their Prometheus exposition. Owned by the daemon; any thread may update or read.
// Names: autodidact_<what>_<unit>, `_total` for counters, no unbounded labels. docs/metrics.md is tested against this list.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace autodidact {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // Counters. `label` is the one label of the family, from a small fixed set (a stage, an outcome, a reason).
  void add(const char* family, const std::string& label, double amount = 1);
  void set(const char* family, const std::string& label, double value);
  void observe(const char* family, const std::string& label, double seconds);
  // What add() and set() last left; 0 when never touched. For status and the progress line.
  double value(const char* family, const std::string& label) const;
  // The same; nothing when never touched, and then it does not show in text() either.
  std::optional<double> seen(const char* family, const std::string& label) const;

  std::string text() const;  // Prometheus exposition format

  // name, kind, label, unit-bearing help: what docs/metrics.md lists.
  struct Family {
    const char* name;
    enum Kind { kCounter, kGauge, kHistogram } kind;
    const char* label;
    const char* help;
  };
  static const Family* families(std::size_t* count);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace autodidact
