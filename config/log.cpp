#include "config/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "config/clock.hpp"
#include "config/log_format.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kQueueLines = 8192;
constexpr std::size_t kRotatedFiles = 3;
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v";
// On a terminal a progress line may stand where we write: clear it, its owner paints it again.
constexpr const char* kTerminalPattern = "\r\x1b[K%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v";

spdlog::level::level_enum to_spdlog(LogLevel level) {
  constexpr std::array kLevels = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                  spdlog::level::err};
  return kLevels[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_level(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(LogLevel::kError); ++i) {
    if (text == name(static_cast<LogLevel>(i))) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void set_pattern(spdlog::sinks::sink& sink, const char* pattern) {
  sink.set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
}

spdlog::sink_ptr stderr_sink(bool json) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  set_pattern(*sink, json ? "%v" : ::isatty(STDERR_FILENO) != 0 ? kTerminalPattern : kTextPattern);
  return sink;
}

// spdlog reports a file it cannot open by exception: translated here, nowhere else.
Result<spdlog::sink_ptr> file_sink(const LogOptions& options, bool json) {
  try {
    const auto max_bytes = static_cast<std::size_t>(options.max_mb) << 20;
    spdlog::sink_ptr sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, max_bytes, kRotatedFiles);
    set_pattern(*sink, json ? "%v" : kTextPattern);
    return sink;
  } catch (const spdlog::spdlog_ex& error) {
    return Status(Errc::kCannotCreate, "log.file: " + std::string(error.what()) + "; name a writable path or leave it empty");
  }
}

class Log {
 public:
  Log() { to_plain_stderr(); }

  Status open(const LogOptions& options) {
    const std::optional<LogLevel> level = parse_level(options.level);
    if (!level) return {Errc::kConfig, "log.level: expected trace, debug, info, warn or error, got \"" + options.level + "\""};
    const bool json = options.format == "json";
    std::vector<spdlog::sink_ptr> sinks = {stderr_sink(json)};
    if (!options.file.empty()) {
      AD_ASSIGN_OR_RETURN(spdlog::sink_ptr sink, file_sink(options, json));
      sinks.push_back(std::move(sink));
    }
    const std::lock_guard lock(mutex_);
    retire_logger();
    queue_ = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
    logger_ = std::make_shared<spdlog::async_logger>("autodidact", sinks.begin(), sinks.end(), queue_,
                                                     spdlog::async_overflow_policy::overrun_oldest);
    adopt(json, *level);
    return {};
  }

  void close() {
    const std::lock_guard lock(mutex_);
    to_plain_stderr();
  }

  void write(LogLevel level, std::string_view stage, std::string_view message, LogFields fields) {
    const std::lock_guard lock(mutex_);
    const auto [pass, suppressed] = limiter_.admit(stage, message, system_clock().mono_ns());
    if (!pass) return;
    logger_->log(to_spdlog(level), json_ ? format_log_json(system_clock().now_us(), level, stage, message, fields, suppressed)
                                         : format_log_text(stage, message, fields, suppressed));
  }

  std::uint64_t dropped() {
    const std::lock_guard lock(mutex_);
    return queue_ ? queue_->overrun_counter() : 0;
  }

  std::atomic<LogLevel> level{LogLevel::kInfo};

 private:
  void to_plain_stderr() {
    retire_logger();
    logger_ = std::make_shared<spdlog::logger>("autodidact", stderr_sink(false));
    adopt(false, level);
  }
  // Dropping the queue joins its thread, which first writes out all it holds; after that nobody else holds the logger.
  void retire_logger() {
    queue_.reset();
    logger_.reset();
  }
  void adopt(bool json, LogLevel new_level) {
    json_ = json;
    level = new_level;
    logger_->set_level(spdlog::level::trace);  // filtering is ours, before anything is formatted
    logger_->flush_on(spdlog::level::info);
  }

  std::mutex mutex_;  // guards all below
  std::shared_ptr<spdlog::details::thread_pool> queue_;
  std::shared_ptr<spdlog::logger> logger_;
  RepeatLimiter limiter_;
  bool json_ = false;
};

Log& the_log() {
  static Log log;
  return log;
}

}  // namespace

Status open_log(const LogOptions& options) { return the_log().open(options); }
void close_log() { the_log().close(); }
std::uint64_t log_lines_dropped() { return the_log().dropped(); }
bool log_enabled(LogLevel level) { return level >= the_log().level.load(std::memory_order_relaxed); }

Status set_log_level(std::string_view level) {
  const std::optional<LogLevel> parsed = parse_level(level);
  if (!parsed)
    return {Errc::kConfig, "log.level: expected trace, debug, info, warn or error, got \"" + std::string(level) + "\""};
  the_log().level = *parsed;
  return {};
}

void log_line(LogLevel level, std::string_view stage, std::string_view message, LogFields fields) {
  if (log_enabled(level)) the_log().write(level, stage, message, fields);
}

}  // namespace autodidact
