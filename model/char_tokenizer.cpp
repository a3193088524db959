// One token per ASCII character: what a model trained from scratch on digits needs, and nothing that a 0.1M-parameter model
// would have to learn first (a BPE would cut "1234" into pieces that hide the columns of a sum).

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/tokenizer.hpp"

namespace autodidact {
namespace {

constexpr TokenId kPad = 0;
constexpr TokenId kEos = 1;
constexpr TokenId kFirstCharacter = 2;
constexpr TokenId kNoToken = -1;
constexpr const char* kReplacement = "\xEF\xBF\xBD";  // U+FFFD

std::string readable(unsigned char c) {
  switch (c) {
    case '\n': return "\\n";
    case '\t': return "\\t";
    case '\r': return "\\r";
    case '\\': return "\\\\";
    default: break;
  }
  if (c >= 0x20 && c < 0x7f) return std::string(1, static_cast<char>(c));
  char text[8];
  std::snprintf(text, sizeof text, "\\x%02x", c);
  return text;
}

class CharTokenizer final : public Tokenizer {
 public:
  explicit CharTokenizer(std::string characters) : characters_(std::move(characters)) {
    token_of_.fill(kNoToken);
    for (std::size_t i = 0; i < characters_.size(); ++i) {
      token_of_[static_cast<unsigned char>(characters_[i])] = kFirstCharacter + static_cast<TokenId>(i);
    }
  }

  std::int32_t vocab_size() const override { return kFirstCharacter + static_cast<std::int32_t>(characters_.size()); }
  TokenId eos() const override { return kEos; }
  TokenId pad() const override { return kPad; }

  Result<std::vector<TokenId>> encode(std::string_view text) const override {
    std::vector<TokenId> tokens;
    tokens.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (token_of_[c] == kNoToken) return no_token(c, i);
      tokens.push_back(token_of_[c]);
    }
    return tokens;
  }

  std::string decode(std::span<const TokenId> tokens) const override {
    std::string text;
    text.reserve(tokens.size());
    for (TokenId token : tokens) {
      if (is_character(token)) {
        text += characters_[static_cast<std::size_t>(token - kFirstCharacter)];
      } else if (token != kPad && token != kEos) {
        text += kReplacement;
      }
    }
    return text;
  }

  std::string token_text(TokenId token) const override {
    if (token == kPad) return "<pad>";
    if (token == kEos) return "<eos>";
    if (!is_character(token)) return kReplacement;
    return readable(static_cast<unsigned char>(characters_[static_cast<std::size_t>(token - kFirstCharacter)]));
  }

  std::string to_json() const override {
    const nlohmann::ordered_json json = {
        {"type", "char"}, {"version", 1}, {"pad", kPad}, {"eos", kEos}, {"characters", characters_}};
    return json.dump(2) + "\n";
  }

 private:
  bool is_character(TokenId token) const { return token >= kFirstCharacter && token < vocab_size(); }
  Status no_token(unsigned char c, std::size_t offset) const {
    return {Errc::kBadInput, "no token for the character '" + readable(c) + "' at byte " + std::to_string(offset) +
                                 "; this model reads only: " + readable_alphabet()};
  }
  std::string readable_alphabet() const {
    std::string text;
    for (char c : characters_) text += readable(static_cast<unsigned char>(c));
    return text;
  }

  const std::string characters_;            // sorted; token kFirstCharacter + i is characters_[i]
  std::array<TokenId, 256> token_of_ = {};  // kNoToken where there is none
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_char_tokenizer(std::string_view alphabet) {
  std::string characters(alphabet);
  std::sort(characters.begin(), characters.end());
  characters.erase(std::unique(characters.begin(), characters.end()), characters.end());
  if (characters.empty()) return {Errc::kBadInput, "a character tokenizer needs at least one character"};
  for (char c : characters) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0 || byte > 0x7f) {
      return {Errc::kBadInput, "a character tokenizer takes ASCII 1..127 only, not '" + readable(byte) + "'"};
    }
  }
  return std::shared_ptr<const Tokenizer>(std::make_shared<CharTokenizer>(std::move(characters)));
}

}  // namespace autodidact
