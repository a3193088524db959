#pragma once
// How a log event becomes a line, and which events are held back: the parts of the log that need no sink, so that tests can
// look at them. Pure functions, any thread; RepeatLimiter belongs to whoever guards it with a lock.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "config/log.hpp"

namespace autodidact {

// "stage: message key=value key=\"two words\"": everything after time and level. `suppressed` > 0 adds itself as a field.
std::string format_log_text(std::string_view stage, std::string_view message, LogFields fields, std::uint64_t suppressed);
// One JSON object: ts (RFC 3339 UTC), level, stage, msg, then the fields. Bytes that are not UTF-8 become U+FFFD.
std::string format_log_json(std::int64_t now_us, LogLevel level, std::string_view stage, std::string_view message,
                            LogFields fields, std::uint64_t suppressed);
const char* name(LogLevel level);

// Lets 20 lines of one stage and message through per 10 s.
class RepeatLimiter {
 public:
  struct Decision {
    bool pass = true;
    std::uint64_t suppressed = 0;  // held back since the last one that passed; meaningful when pass
  };
  Decision admit(std::string_view stage, std::string_view message, std::int64_t mono_ns);

 private:
  struct Window {
    std::int64_t start_ns = 0;
    int passed = 0;
    std::uint64_t suppressed = 0;
  };
  std::map<std::string, Window, std::less<>> windows_;  // at most kMaxMessages: beyond that it starts afresh
};

}  // namespace autodidact
