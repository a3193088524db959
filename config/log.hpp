#pragma once
// The process's log: one line per event on stderr, and to a rotating file when asked. One per process; any thread may call
// anything here and never waits for a slow reader: after open_log() lines pass through a bounded queue that drops the oldest
// when it is full (counted). Before open_log() and after close_log() lines go straight to stderr. A crash loses what the
// queue held, under a millisecond's worth; close_log() loses nothing.
//
//   log_warn("store", "disk nearly full", {{"free_mb", 431}, {"path", dir}});
//   2025-01-31T12:00:00.000Z warning store: disk nearly full free_mb=431 path=/srv/run
//
// Say the varying part in fields, not in the message: beyond 20 lines per 10 s a message of one stage is held back, and the
// next one that passes says how many were (`suppressed=`). Control characters in any text are escaped.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "config/options.hpp"
#include "config/status.hpp"

namespace autodidact {

enum class LogLevel : int { kTrace = 0, kDebug = 1, kInfo = 2, kWarn = 3, kError = 4 };

struct LogField {
  using Value = std::variant<std::int64_t, std::uint64_t, double, bool, std::string>;

  template <class T>
  LogField(std::string_view field_key, const T& field_value) : key(field_key), value(to_value(field_value)) {}

  std::string_view key;
  Value value;

 private:
  template <class T>
  static Value to_value(const T& v) {
    if constexpr (std::is_same_v<T, bool>) {
      return v;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(v);
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      return static_cast<std::int64_t>(v);
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<std::uint64_t>(v);
    } else {
      return std::string(v);
    }
  }
};
using LogFields = std::initializer_list<LogField>;

// Opens the sinks that `options` name. On failure (the file cannot be made) the log stays as it was.
Status open_log(const LogOptions& options);
// Writes out what is queued, closes the file, returns to plain stderr.
void close_log();
// "trace" ... "error"; kConfig for anything else. Takes effect at once.
Status set_log_level(std::string_view level);
// Lines the queue dropped since open_log().
std::uint64_t log_lines_dropped();

bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view stage, std::string_view message, LogFields fields = {});

inline void log_debug(std::string_view stage, std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::kDebug, stage, message, fields);
}
inline void log_info(std::string_view stage, std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::kInfo, stage, message, fields);
}
inline void log_warn(std::string_view stage, std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::kWarn, stage, message, fields);
}
inline void log_error(std::string_view stage, std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::kError, stage, message, fields);
}

}  // namespace autodidact
