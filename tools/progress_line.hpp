#pragma once
// One line that tells how the loop stands: redrawn in place on a terminal, a plain line now and then elsewhere. One thread.

#include <chrono>
#include <cstdint>
#include <string>

#include "actors/status_board.hpp"

namespace autodidact {

class ProgressLine {
 public:
  explicit ProgressLine(bool terminal) : terminal_(terminal) {}
  ~ProgressLine();
  void show(const Progress& progress);
  static std::string text(const Progress& progress);

 private:
  const bool terminal_;
  bool drawn_ = false;
  std::string shown_phase_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace autodidact
