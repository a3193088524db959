#include "model/bpe/splitter.hpp"

#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

using nlohmann::json;

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

Status bad(const std::string& what) { return {Errc::kBadInput, "pre_tokenizer: " + what}; }

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool flag_of(const json& object, const char* key, bool otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::string escaped(const std::string& literal) {
  std::string pattern;
  for (const char c : literal) {
    if (std::string_view("\\^$.[]|()?*+{}#").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

Result<Splitter> Splitter::make(const json& description) {
  Splitter made;
  AD_RETURN_IF_ERROR(made.add(description));
  return made;
}

Status Splitter::add(const json& step) {
  if (step.is_null()) return {};
  if (!step.is_object()) return bad("expected an object or null");
  const std::string type = text_of(step, "type");
  if (type == "Sequence") {
    const auto parts = step.find("pretokenizers");
    if (parts == step.end() || !parts->is_array() || parts->size() > 16)
      return bad("a Sequence has an array \"pretokenizers\" of at most 16");
    for (const json& part : *parts) {
      if (part.is_object() && text_of(part, "type") == "Sequence") return bad("a Sequence in a Sequence");
      AD_RETURN_IF_ERROR(add(part));
    }
    return {};
  }
  if (type == "Split") return add_split(step);
  if (type == "Digits") return add_regex(flag_of(step, "individual_digits", false) ? "\\p{N}" : "\\p{N}+", Behavior::kIsolated);
  if (type == "ByteLevel") {
    add_prefix_space_ = add_prefix_space_ || flag_of(step, "add_prefix_space", true);
    return flag_of(step, "use_regex", true) ? add_regex(kGpt2, Behavior::kIsolated) : Status();
  }
  return bad("type \"" + type + "\" is not supported; Split, Digits, ByteLevel and Sequence are");
}

Status Splitter::add_split(const json& step) {
  const std::string behavior = text_of(step, "behavior");
  if (behavior != "Isolated" && behavior != "Removed")
    return bad("behavior \"" + behavior + "\" is not supported; Isolated and Removed are");
  if (flag_of(step, "invert", false)) return bad("\"invert\" is not supported");
  const auto pattern = step.find("pattern");
  if (pattern == step.end() || !pattern->is_object()) return bad("a Split has an object \"pattern\"");
  const std::string regex = text_of(*pattern, "Regex"), literal = text_of(*pattern, "String");
  if (regex.empty() == literal.empty()) return bad("a pattern has one of \"Regex\" and \"String\"");
  return add_regex(regex.empty() ? escaped(literal) : regex, behavior == "Isolated" ? Behavior::kIsolated : Behavior::kRemoved);
}

Status Splitter::add_regex(const std::string& pattern, Behavior behavior) {
  AD_ASSIGN_OR_RETURN(SplitRegex regex, SplitRegex::compile(pattern));
  steps_.push_back({std::move(regex), behavior});
  return {};
}

Status Splitter::split(std::string_view text, const Piece& piece) const {
  if (text.empty()) return {};
  if (!add_prefix_space_ || text.front() == ' ') return run(0, text, piece);
  return run(0, " " + std::string(text), piece);
}

Status Splitter::run(std::size_t step, std::string_view text, const Piece& piece) const {
  if (step == steps_.size()) {
    piece(text);
    return {};
  }
  const auto& [regex, behavior] = steps_[step];
  std::size_t at = 0;
  while (at < text.size()) {
    AD_ASSIGN_OR_RETURN(const auto match, regex.find(text, at));
    const std::size_t begin = std::min(match.first, text.size());
    if (begin > at) AD_RETURN_IF_ERROR(run(step + 1, text.substr(at, begin - at), piece));
    if (begin == text.size()) break;
    if (behavior == Behavior::kIsolated) AD_RETURN_IF_ERROR(run(step + 1, text.substr(begin, match.second - begin), piece));
    at = match.second;
  }
  return {};
}

}  // namespace autodidact
