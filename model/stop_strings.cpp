#include "model/stop_strings.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace autodidact {
namespace {

constexpr std::size_t kLongestCharacter = 4;  // bytes

class StopStrings {
 public:
  StopStrings(const std::vector<std::string>& stops, std::shared_ptr<const Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)), stops_(stops.begin(), stops.end()) {
    std::set<std::size_t> lengths;
    for (const std::string& stop : stops_) lengths.insert(stop.size());
    lengths_.assign(lengths.begin(), lengths.end());
  }

  // A token has a byte at least, so the longest stop begins in the last of as many tokens as it has bytes.
  bool operator()(std::span<const TokenId> tokens) const {
    const auto window = tokens.last(std::min(tokens.size(), lengths_.back() + 1));
    const std::string text = tokenizer_->decode(window);
    // Bytes that end a character only together with the last token's are shown otherwise before it.
    const std::size_t before = tokenizer_->decode(window.first(window.size() - 1)).size();
    for (std::size_t end = before - std::min(before, kLongestCharacter) + 1; end <= text.size(); ++end)
      if (ends_at(text, end)) return true;
    return false;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  bool ends_at(std::string_view text, std::size_t end) const {
    return std::ranges::any_of(
        lengths_, [&](std::size_t length) { return length <= end && stops_.contains(text.substr(end - length, length)); });
  }

  std::shared_ptr<const Tokenizer> tokenizer_;
  std::unordered_set<std::string, Hash, std::equal_to<>> stops_;
  std::vector<std::size_t> lengths_;  // of the stops, ascending
};

}  // namespace

Result<std::shared_ptr<const EndOfText>> make_stop_strings(const std::vector<std::string>& stops,
                                                           std::shared_ptr<const Tokenizer> tokenizer) {
  if (std::ranges::any_of(stops, &std::string::empty)) return {Errc::kBadInput, "a stop string is empty"};
  if (stops.empty()) return std::shared_ptr<const EndOfText>();
  return std::make_shared<const EndOfText>(StopStrings(stops, std::move(tokenizer)));
}

}  // namespace autodidact
