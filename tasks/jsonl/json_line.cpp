#include "tasks/jsonl/json_line.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

namespace autodidact {
namespace {

using nlohmann::json;

// Walks a text once before anything is built from it, and stops at the first fault.
class Checker final : public nlohmann::json_sax<json> {
 public:
  explicit Checker(std::size_t size) : size_(size) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(json::binary_t&) override { return true; }

  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    if (keys_.back().insert(name).second) return true;
    fault_ = "the key \"" + name.substr(0, 64) + "\" stands twice in one object";
    return false;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception& why) override {
    column_ = std::min(position, size_);
    const std::string_view what = why.what();
    const auto says = [&](std::string_view part) { return what.find(part) != std::string_view::npos; };
    if (says("UTF-8")) {
      fault_ = "a byte that is not UTF-8; convert the file, e.g. with iconv -t utf-8";
    } else if (says("out_of_range")) {
      fault_ = "a number beyond what a double can hold";
    } else if (position > size_ || says("missing closing quote")) {
      fault_ = "the line ends in the middle of its JSON; was the file cut short?";
    } else {
      fault_ = "not JSON";
    }
    return false;
  }

  const std::string& fault() const { return fault_; }
  std::size_t column() const { return column_; }  // 0 = not known

 private:
  bool open() {
    if (keys_.size() >= kMaxJsonDepth) {
      fault_ = "nested deeper than " + std::to_string(kMaxJsonDepth);
      return false;
    }
    keys_.emplace_back();
    return true;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  const std::size_t size_;
  std::string fault_;
  std::size_t column_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of each object or array that is open
};

}  // namespace

Result<json> parse_json_line(const LineReader& at, std::string_view line) {
  // The parser would take a NUL for the end of the text and what follows for nothing.
  if (const std::size_t nul = line.find('\0'); nul != std::string_view::npos) return at.error_at(nul + 1, "a NUL byte");
  Checker checker(line.size());
  if (!json::sax_parse(line, &checker)) {
    return checker.column() > 0 ? at.error_at(checker.column(), checker.fault()) : at.error(checker.fault());
  }
  json parsed = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return at.error("expected a JSON object, {\"question\": …, \"answer\": …}");
  return parsed;
}

}  // namespace autodidact
