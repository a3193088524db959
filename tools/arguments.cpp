#include "tools/arguments.hpp"

#include <charconv>
#include <ctime>

namespace autodidact {

namespace {

template <class T>
bool parse_whole(const std::string& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

template <class T>
Result<Range<T>> parse_range(const std::string& text, const std::string& example) {
  const Status bad(Errc::kUsage, "\"" + text + "\" is no range; write " + example);
  const auto dots = text.find("..");
  Range<T> range;
  T value = {};
  if (dots == std::string::npos) {
    if (!parse_whole(text, value)) return bad;
    range.low = range.high = value;
    return range;
  }
  const std::string low = text.substr(0, dots);
  const std::string high = text.substr(dots + 2);
  if (low.empty() && high.empty()) return bad;
  if (!low.empty()) {
    if (!parse_whole(low, value)) return bad;
    range.low = value;
  }
  if (!high.empty()) {
    if (!parse_whole(high, value)) return bad;
    range.high = value;
  }
  return range;
}

std::optional<std::int64_t> parse_ago(const std::string& text) {
  if (text.size() < 2) return std::nullopt;
  std::int64_t seconds = 0;
  switch (text.back()) {
    case 's': seconds = 1; break;
    case 'm': seconds = 60; break;
    case 'h': seconds = 3600; break;
    case 'd': seconds = 86'400; break;
    case 'w': seconds = 604'800; break;
    default: return std::nullopt;
  }
  std::int64_t number = 0;
  constexpr std::int64_t kMost = 1'000'000'000;
  if (!parse_whole(text.substr(0, text.size() - 1), number) || number < 0 || number > kMost) return std::nullopt;
  return number * seconds * 1'000'000;
}

}  // namespace

Result<std::uint32_t> parse_version(const std::string& text) {
  std::uint32_t version = 0;
  if (parse_whole(!text.empty() && text[0] == 'v' ? text.substr(1) : text, version)) return version;
  return Status(Errc::kUsage, "\"" + text + "\" is no version; write 12 or v12");
}

Result<std::uint64_t> parse_id(const std::string& text) {
  std::uint64_t id = 0;
  if (parse_whole(text, id) && id > 0) return id;
  return Status(Errc::kUsage, "\"" + text + "\" is no attempt's id; `autodidact replay ls` prints them");
}

Result<Range<double>> parse_real_range(const std::string& text) { return parse_range<double>(text, "0.5..1, 0.5.., ..1 or 1"); }

Result<Range<std::uint32_t>> parse_count_range(const std::string& text) {
  return parse_range<std::uint32_t>(text, "10..40, 10.., ..40 or 10");
}

Result<std::int64_t> parse_time(const std::string& text, std::int64_t now_us) {
  if (const auto ago = parse_ago(text)) return now_us - *ago;
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm local = {};
    const char* end = ::strptime(text.c_str(), format, &local);
    if (end == nullptr || *end != '\0') continue;
    local.tm_isdst = -1;
    const std::time_t seconds = std::mktime(&local);
    if (seconds != static_cast<std::time_t>(-1)) return static_cast<std::int64_t>(seconds) * 1'000'000;
  }
  return Status(Errc::kUsage, "\"" + text + "\" is no time; write 2h, 30m, 3d, 2026-11-22 or \"2026-11-22 21:30\"");
}

std::string take_directory(std::vector<std::string>& words) {
  if (words.empty() || words.back().find_first_not_of("0123456789") == std::string::npos) return "";
  std::string directory = std::move(words.back());
  words.pop_back();
  return directory;
}

}  // namespace autodidact
