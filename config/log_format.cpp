#include "config/log_format.hpp"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

constexpr int kLinesPerWindow = 20;
constexpr std::int64_t kWindowNs = 10'000'000'000;
constexpr std::size_t kMaxMessages = 1024;

// Messages and values may carry sampled text: a newline would forge a line, an escape would drive the terminal.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      char code[5];
      std::snprintf(code, sizeof code, "\\x%02x", byte);
      out += code;
    } else {
      if (quoted && (c == '"' || c == '\\')) out += '\\';
      out += c;
    }
  }
}

void append_value(std::string& out, const std::string& text) {
  const bool quoted = text.empty() || text.find_first_of(" =\"\\") != std::string::npos;
  if (quoted) out += '"';
  append_escaped(out, text, quoted);
  if (quoted) out += '"';
}

void append_value(std::string& out, bool value) { out += value ? "true" : "false"; }

void append_value(std::string& out, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  out += text;
}

template <class Integer>
void append_value(std::string& out, Integer value) {
  out += std::to_string(value);
}

std::string rfc3339(std::int64_t now_us) {
  const std::time_t seconds = now_us / 1'000'000;
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%03dZ", date, static_cast<int>(now_us / 1000 % 1000));
  return text;
}

}  // namespace

std::string format_log_text(std::string_view stage, std::string_view message, LogFields fields, std::uint64_t suppressed) {
  std::string line;
  append_escaped(line, stage, false);
  line += ": ";
  append_escaped(line, message, false);
  const auto add = [&line](std::string_view key, const auto& value) {
    line += ' ';
    line += key;
    line += '=';
    append_value(line, value);
  };
  for (const LogField& field : fields) {
    std::visit([&](const auto& value) { add(field.key, value); }, field.value);
  }
  if (suppressed > 0) add("suppressed", suppressed);
  return line;
}

std::string format_log_json(std::int64_t now_us, LogLevel level, std::string_view stage, std::string_view message,
                            LogFields fields, std::uint64_t suppressed) {
  nlohmann::ordered_json line = {{"ts", rfc3339(now_us)}, {"level", name(level)}, {"stage", stage}, {"msg", message}};
  for (const LogField& field : fields) {
    std::visit([&](const auto& value) { line[std::string(field.key)] = value; }, field.value);
  }
  if (suppressed > 0) line["suppressed"] = suppressed;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

const char* name(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace: return "trace";
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "error";
}

RepeatLimiter::Decision RepeatLimiter::admit(std::string_view stage, std::string_view message, std::int64_t mono_ns) {
  std::string key(stage);
  key += '\n';
  key += message;
  if (windows_.size() >= kMaxMessages && windows_.find(key) == windows_.end()) windows_.clear();
  Window& window = windows_[key];
  if (window.passed == 0 || mono_ns - window.start_ns >= kWindowNs) {
    window.start_ns = mono_ns;
    window.passed = 0;
  }
  if (window.passed >= kLinesPerWindow) {
    ++window.suppressed;
    return {false, 0};
  }
  ++window.passed;
  return {true, std::exchange(window.suppressed, 0)};
}

}  // namespace autodidact
