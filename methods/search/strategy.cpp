#include "methods/search/strategy.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace autodidact {
namespace {

constexpr std::uint32_t kMaxSamples = 1024, kMaxSteps = 64;

// A strategy's parameters, in the order they are written.
const std::map<std::string, std::vector<std::string>, std::less<>>& known() {
  static const std::map<std::string, std::vector<std::string>, std::less<>> parameters = {
      {"greedy", {}},
      {"sample", {}},
      {"majority", {"n", "early_stop"}},
      {"best_of_n", {"n", "early_stop"}},
      {"weighted", {"n", "early_stop"}},
      {"beam", {"n", "width"}},
      {"lookahead", {"n", "width", "k"}},
      {"dvts", {"n", "width"}},
      {"revise", {"n", "length"}},
      {"auto", {}},
  };
  return parameters;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// What users sent, for an error message that goes into JSON.
std::string shown(std::string_view text) {
  std::string shown(text.substr(0, 32));
  for (char& c : shown)
    if (c < ' ' || c > '~') c = '?';
  return shown;
}

Status bad(const std::string& what) { return {Errc::kUsage, "strategy: " + what}; }

struct Number {
  std::uint32_t* value;
  std::uint32_t max;
};
Number number_of(Strategy& strategy, std::string_view key) {
  if (key == "n") return {&strategy.n, kMaxSamples};
  if (key == "width") return {&strategy.width, kMaxSamples};
  return {key == "k" ? &strategy.k : &strategy.length, kMaxSteps};
}

Status read_flag(Strategy& strategy, std::string_view value) {
  if (value != "true" && value != "false") return bad("early_stop is true or false");
  strategy.early_stop = value == "true";
  return {};
}

Status read_number(Strategy& strategy, std::string_view key, std::string_view value) {
  const Number number = number_of(strategy, key);
  std::uint32_t read = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), read);
  if (error != std::errc() || end != value.data() + value.size() || read < 1 || read > number.max)
    return bad(std::string(key) + " is a whole number from 1 to " + std::to_string(number.max));
  *number.value = read;
  return {};
}

Status read_parameter(Strategy& strategy, std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  const auto& keys = known().find(strategy.name)->second;
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
    return bad(strategy.name + " has no parameter \"" + shown(key) + "\"; it has " + (keys.empty() ? "none" : joined(keys)));
  }
  const std::string_view value = equals == std::string_view::npos ? "true" : text.substr(equals + 1);
  return key == "early_stop" ? read_flag(strategy, value) : read_number(strategy, key, value);
}

Status check(const Strategy& s) {
  const bool tree = s.name == "beam" || s.name == "lookahead" || s.name == "dvts";
  if (tree && s.n % s.width != 0)
    return bad("n = " + std::to_string(s.n) + " is no multiple of width = " + std::to_string(s.width));
  if (s.name == "revise" && s.n % s.length != 0)
    return bad("n = " + std::to_string(s.n) + " is no multiple of length = " + std::to_string(s.length));
  return {};
}

}  // namespace

bool Strategy::scores() const { return name == "best_of_n" || name == "weighted" || scores_steps(); }
bool Strategy::scores_steps() const { return name == "beam" || name == "lookahead" || name == "dvts"; }

std::string Strategy::text() const {
  std::string text = name;
  char separator = ':';
  for (const std::string& key : known().find(name)->second) {
    if (key == "early_stop" && !early_stop) continue;
    Strategy copy = *this;
    text += separator + key;
    if (key != "early_stop") text += "=" + std::to_string(*number_of(copy, key).value);
    separator = ',';
  }
  return text;
}

const std::vector<std::string>& strategy_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, parameters] : known()) all.push_back(name);
    return all;
  }();
  return names;
}

Result<Strategy> parse_strategy(std::string_view text) {
  Strategy strategy;
  const std::size_t colon = text.find(':');
  strategy.name = std::string(text.substr(0, std::min<std::size_t>(colon, 64)));
  if (!known().contains(strategy.name))
    return bad("\"" + shown(strategy.name) + "\" is not known; there are " + joined(strategy_names()));
  if (strategy.name == "greedy" || strategy.name == "sample") strategy.n = 1;
  std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    AD_RETURN_IF_ERROR(read_parameter(strategy, rest.substr(0, comma)));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  AD_RETURN_IF_ERROR(check(strategy));
  return strategy;
}

}  // namespace autodidact
