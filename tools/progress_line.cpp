#include "tools/progress_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "config/log.hpp"

namespace autodidact {
namespace {

std::string bar(double share) {
  constexpr int kCells = 12;
  const int full = std::clamp(static_cast<int>(share * kCells + 0.5), 0, kCells);
  std::string text = "[";
  for (int i = 0; i < kCells; ++i) text += i < full ? '#' : '.';
  return text + "]";
}

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 120;
}

}  // namespace

std::string ProgressLine::text(const Progress& p) {
  std::string out = p.phase;
  if (p.round > 0) out += " round " + std::to_string(p.round);
  const bool training = (p.phase == "base" || p.phase == "train") && p.plan_steps > 0;
  if (training) {
    const auto done = p.step - std::min(p.step, p.plan_first_step);
    out +=
        " " + bar(double(done) / double(p.plan_steps)) + " step " + std::to_string(done) + "/" + std::to_string(p.plan_steps);
    out += format(" · %.0f tok/s", p.train_tokens_per_s);
  } else if (p.round_size > 0 && (p.phase == "sample" || p.phase == "continuous")) {
    out += " " + bar(double(p.round_done) / double(p.round_size)) + " " + std::to_string(p.round_done) + "/" +
           std::to_string(p.round_size);
    out += format(" · %.0f attempts/s", p.attempts_per_s) + format(" · %.0f tok/s", p.tokens_per_s);
  }
  if (p.serving > 0) out += " · v" + std::to_string(p.serving);
  if (p.accuracy >= 0) out += format(" · held-out %.1f %%", 100 * p.accuracy);
  if (p.accepted > 0) out += format(" · accepted %.0f %%", 100 * p.accepted);
  if (!p.trouble.empty()) out += " · " + p.trouble;
  if (!p.waits.empty()) out += " · " + p.waits;
  return out;
}

void ProgressLine::show(const Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_) {
    // A line per phase, and one in ten seconds within it.
    const std::string phase = progress.phase + std::to_string(progress.round);
    if (phase == shown_phase_ && now - last_ < std::chrono::seconds(10)) return;
    shown_phase_ = phase;
    last_ = now;
    if (!progress.phase.empty()) log_info("progress", text(progress));
    return;
  }
  std::string line = text(progress);
  const std::size_t columns = terminal_columns();
  while (line.size() > columns) line.pop_back();
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80) line.pop_back();  // no half character
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputc('\n', stderr);
}

}  // namespace autodidact
