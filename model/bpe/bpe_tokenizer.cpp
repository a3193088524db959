#include "model/bpe/bpe_tokenizer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/bpe/tokenizer_json.hpp"
#include "model/bpe/utf8.hpp"

namespace autodidact {
namespace {

// The part of `ranges` in [begin, end), counted from there.
std::vector<ByteRange> cut(std::span<const ByteRange> ranges, std::size_t begin, std::size_t end) {
  std::vector<ByteRange> out;
  auto range = std::partition_point(ranges.begin(), ranges.end(), [&](const ByteRange& r) { return r.end <= begin; });
  for (; range != ranges.end() && range->begin < end; ++range) {
    out.push_back({std::max(range->begin, begin) - begin, std::min(range->end, end) - begin});
  }
  return out;
}

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(std::string json, TokenizerParts parts, TokenId eos, TokenId pad)
      : json_(std::move(json)), parts_(std::move(parts)), added_(parts_.added), eos_(eos), pad_(pad) {
    by_id_.resize(static_cast<std::size_t>(parts_.vocabulary.size()), nullptr);
    for (const AddedToken& token : added_.all()) by_id_[static_cast<std::size_t>(token.id)] = &token;
  }

  std::int32_t vocab_size() const override { return parts_.vocabulary.size(); }
  TokenId eos() const override { return eos_; }
  TokenId pad() const override { return pad_; }
  std::string to_json() const override { return json_; }

  Result<std::vector<TokenId>> encode(std::string_view text) const override {
    if (is_well_formed(text)) return encode(text, {}, false);
    return encode(replace_ill_formed(text), {}, false);
  }
  Result<std::vector<TokenId>> encode_markup(const Markup& markup) const override {
    if (is_well_formed(markup.text)) return encode(markup.text, markup.untrusted, true);
    const Markup mended = map_runs(markup.text, markup.untrusted, replace_ill_formed);
    return encode(mended.text, mended.untrusted, true);
  }

  std::string decode(std::span<const TokenId> tokens) const override {
    std::string text;
    for (const TokenId token : tokens) text += bytes_of(token);
    return replace_ill_formed(text);
  }

  std::string token_bytes(TokenId token) const override { return std::string(bytes_of(token)); }

  std::string token_text(TokenId token) const override {
    if (const AddedToken* added = added_at(token)) return added->content;
    return escape(bytes_of(token));
  }

 private:
  static std::string escape(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t length = utf8_length(bytes.substr(at));
      const auto byte = static_cast<unsigned char>(bytes[at]);
      if (length == 0 || byte < 0x20 || byte == 0x7f) {
        text += byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : byte == '\r' ? "\\r" : hex(byte);
        ++at;
      } else {
        text += byte == '\\' ? std::string("\\\\") : std::string(bytes.substr(at, length));
        at += length;
      }
    }
    return text;
  }
  static std::string hex(unsigned char byte) {
    constexpr const char* kDigits = "0123456789abcdef";
    return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }

  const AddedToken* added_at(TokenId token) const {
    return token >= 0 && token < vocab_size() ? by_id_[static_cast<std::size_t>(token)] : nullptr;
  }
  std::string_view bytes_of(TokenId token) const {
    if (token < 0 || token >= vocab_size()) return "\xEF\xBF\xBD";
    if (const AddedToken* added = added_at(token)) return added->special ? std::string_view() : added->content;
    return parts_.vocabulary.bytes(token);
  }

  // Added tokens first, in the text as it is; then the normalized rest, in which others are looked for. `text` is well-formed.
  Result<std::vector<TokenId>> encode(std::string_view text, std::span<const ByteRange> untrusted, bool with_special) const {
    std::vector<TokenId> out;
    out.reserve(text.size() / 3);
    const auto token = [&](TokenId id) { out.push_back(id); };
    const AddedTokens::Visitor inner{[&](std::string_view rest) { return encode_plain(rest, out); }, token};
    const AddedTokens::Visitor outer{[&](std::string_view rest) -> Status {
                                       const auto offset = static_cast<std::size_t>(rest.data() - text.data());
                                       AD_ASSIGN_OR_RETURN(const Markup normal,
                                                           normalized(rest, cut(untrusted, offset, offset + rest.size())));
                                       return added_.split(normal.text, with_special, true, inner, normal.untrusted);
                                     },
                                     token};
    AD_RETURN_IF_ERROR(added_.split(text, with_special, false, outer, untrusted));
    return out;
  }
  // Run by run, if that gives the same: then the ranges are known. Else characters met across a border, and all of it counts as
  // untrusted.
  Result<Markup> normalized(std::string_view text, const std::vector<ByteRange>& untrusted) const {
    Markup whole;
    AD_ASSIGN_OR_RETURN(whole.text, parts_.normalizer.normalize(std::string(text)));
    if (untrusted.empty()) return whole;
    Status status;
    Markup runs = map_runs(text, untrusted, [&](std::string_view run) {
      auto normal = parts_.normalizer.normalize(std::string(run));
      if (!normal.ok()) status = normal.status();
      return normal.ok() ? *normal : std::string();
    });
    AD_RETURN_IF_ERROR(status);
    if (runs.text == whole.text) return runs;
    if (!whole.text.empty()) whole.untrusted = {{0, whole.text.size()}};
    return whole;
  }
  Status encode_plain(std::string_view text, std::vector<TokenId>& out) const {
    return parts_.splitter.split(text, [&](std::string_view piece) { parts_.vocabulary.encode(piece, out); });
  }

  const std::string json_;
  const TokenizerParts parts_;
  const AddedTokens added_;
  std::vector<const AddedToken*> by_id_;  // null: not an added one
  const TokenId eos_, pad_;
};

Result<TokenId> find_added(const TokenizerParts& parts, const std::string& content, const char* what) {
  for (const AddedToken& token : parts.added) {
    if (token.content == content) return token.id;
  }
  return Status(Errc::kBadInput, std::string(what) + " \"" + content + "\" is none of the added tokens");
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_bpe_tokenizer(std::string text, const nlohmann::json& json,
                                                            const EndTokens& ends) {
  AD_ASSIGN_OR_RETURN(TokenizerParts parts, parse_tokenizer_json(json));
  AD_ASSIGN_OR_RETURN(const TokenId eos, find_added(parts, ends.eos, "eos_token"));
  AD_ASSIGN_OR_RETURN(const TokenId pad, find_added(parts, ends.pad.empty() ? ends.eos : ends.pad, "pad_token"));
  return std::shared_ptr<const Tokenizer>(std::make_shared<BpeTokenizer>(std::move(text), std::move(parts), eos, pad));
}

}  // namespace autodidact
