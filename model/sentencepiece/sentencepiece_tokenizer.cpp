#include "model/sentencepiece/sentencepiece_tokenizer.hpp"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <unordered_map>

#include "model/bpe/utf8.hpp"
#include "model/sentencepiece/model_proto.hpp"
#include "model/sentencepiece/sentencepiece_json.hpp"

namespace autodidact {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581, how pieces write a space
constexpr std::size_t kMaxTextBytes = 64 << 20;      // the library takes some 30 times that
constexpr TokenId kMaxTokens = 1 << 22;

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }

using Processor = sentencepiece::SentencePieceProcessor;

// The one place where the library's errors become ours. Its trie builder throws.
Status guarded(const char* what, const std::function<sentencepiece::util::Status()>& call) {
  try {
    const auto status = call();
    return status.ok() ? Status() : bad(std::string("sentencepiece ") + what + ": " + status.error_message());
  } catch (const std::exception& error) {
    return bad(std::string("sentencepiece ") + what + ": " + error.what());
  }
}

Result<std::unique_ptr<Processor>> processor_of(const SentencePieceModel& model) {
  auto processor = std::make_unique<Processor>();
  const std::string bytes = write_sentencepiece_model(model);
  AD_RETURN_IF_ERROR(guarded("model", [&] { return processor->LoadFromSerializedProto(bytes); }));
  return processor;
}

class SentencePieceTokenizer final : public Tokenizer {
 public:
  // What each id stands for, by SentencePieceTokenizer::make().
  struct Parts {
    std::string file;
    SentencePieceOptions options;
    SentencePieceModel model;
    std::vector<AddedToken> found_first;  // control pieces and added tokens
    std::unique_ptr<Processor> begin;     // for the beginning of a text
    std::unique_ptr<Processor> behind;    // for text behind a token; null: the same
    std::int32_t vocab_size = 0;
    TokenId eos = 0, pad = 0;
  };
  explicit SentencePieceTokenizer(Parts parts)
      : parts_(std::move(parts)), added_(parts_.found_first), bytes_(static_cast<std::size_t>(parts_.vocab_size)) {
    for (std::size_t id = 0; id < parts_.model.pieces.size(); ++id) bytes_[id] = bytes_of(parts_.model.pieces[id]);
    for (const AddedToken& token : parts_.found_first)
      bytes_[static_cast<std::size_t>(token.id)] = token.special ? "" : token.content;
  }

  std::int32_t vocab_size() const override { return parts_.vocab_size; }
  TokenId eos() const override { return parts_.eos; }
  TokenId pad() const override { return parts_.pad; }
  std::string to_json() const override { return write_sentencepiece_json(parts_.file, parts_.options); }
  const std::string& file() const { return parts_.file; }

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
    bool at_begin = parts_.model.add_dummy_prefix || parts_.model.remove_extra_whitespaces;
    for (const TokenId token : tokens) {
      std::string bytes = token_bytes(token);
      if (at_begin && is_piece(token) && bytes.starts_with(' ')) {
        bytes.erase(0, 1);
        at_begin = parts_.model.remove_extra_whitespaces;
      }
      text += bytes;
      at_begin = at_begin && text.empty();
    }
    return replace_ill_formed(text);
  }
  std::string token_bytes(TokenId token) const override {
    return in_range(token) ? bytes_[static_cast<std::size_t>(token)] : "\xEF\xBF\xBD";
  }
  std::string token_text(TokenId token) const override {
    if (!in_range(token)) return "\xEF\xBF\xBD";
    for (const AddedToken& added : parts_.found_first)
      if (added.id == token) return added.content;
    if (static_cast<std::size_t>(token) >= parts_.model.pieces.size()) return "";
    std::string text;
    for (const char c : parts_.model.pieces[static_cast<std::size_t>(token)].text)
      text += c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : c == '\\' ? "\\\\" : std::string(1, c);
    return text;
  }

 private:
  bool in_range(TokenId token) const { return token >= 0 && token < parts_.vocab_size; }
  // One whose space in front may be the model's own and not the text's.
  bool is_piece(TokenId token) const {
    if (!in_range(token) || static_cast<std::size_t>(token) >= parts_.model.pieces.size()) return false;
    const auto type = parts_.model.pieces[static_cast<std::size_t>(token)].type;
    return type != SentencePiece::Type::kUnknown && type != SentencePiece::Type::kByte;
  }
  std::string bytes_of(const SentencePiece& piece) const {
    if (piece.type == SentencePiece::Type::kControl) return "";
    if (piece.type == SentencePiece::Type::kUnknown) return parts_.model.unk_surface;
    if (piece.type == SentencePiece::Type::kByte) return {static_cast<char>(byte_of_piece(piece.text))};
    std::string out;
    for (std::size_t at = 0; at < piece.text.size();) {
      const bool space = piece.text.compare(at, kSpace.size(), kSpace) == 0;
      out += space ? ' ' : piece.text[at];
      at += space ? kSpace.size() : 1;
    }
    return out;
  }

  // `text` is well-formed.
  Result<std::vector<TokenId>> encode(std::string_view text, std::span<const ByteRange> untrusted, bool with_special) const {
    if (text.size() > kMaxTextBytes) return bad("a text of more than 64 MiB");
    std::vector<TokenId> out;
    const AddedTokens::Visitor visitor{[&](std::string_view rest) { return encode_plain(rest, out); },
                                       [&](TokenId token) { out.push_back(token); }};
    AD_RETURN_IF_ERROR(added_.split(text, with_special, false, visitor, untrusted));
    return out;
  }
  Status encode_plain(std::string_view text, std::vector<TokenId>& out) const {
    const Processor& processor = out.empty() || parts_.behind == nullptr ? *parts_.begin : *parts_.behind;
    std::vector<int> ids;
    AD_RETURN_IF_ERROR(guarded("text", [&] { return processor.Encode(text, &ids); }));
    out.insert(out.end(), ids.begin(), ids.end());
    return {};
  }

  const Parts parts_;
  const AddedTokens added_;
  std::vector<std::string> bytes_;  // by id, what it adds to a text
};

// Merges what the options say about tokens into the model; the ids of all that is looked for before the library has its turn.
Status add_tokens(SentencePieceTokenizer::Parts& parts) {
  using Type = SentencePiece::Type;
  std::vector<SentencePiece>& pieces = parts.model.pieces;
  parts.vocab_size = static_cast<std::int32_t>(pieces.size());
  std::unordered_map<std::string, TokenId> ids;
  for (AddedToken token : parts.options.added) {
    const std::string where = "added token \"" + token.content + "\"";
    if (token.id < 0 || token.id >= kMaxTokens) return bad(where + ": the id " + std::to_string(token.id) + " is out of range");
    if (token.content.empty() || !is_well_formed(token.content)) return bad(where + ": expected text");
    if (!ids.emplace(token.content, token.id).second) return bad(where + " stands twice");
    if (static_cast<std::size_t>(token.id) < pieces.size()) {
      SentencePiece& piece = pieces[static_cast<std::size_t>(token.id)];
      if (piece.text != token.content) return bad(where + ": the model's piece " + std::to_string(token.id) + " is another");
      const bool fixed = piece.type == Type::kUnknown || piece.type == Type::kByte;
      if (!fixed && token.special) piece.type = Type::kControl;
    }
    parts.vocab_size = std::max(parts.vocab_size, token.id + 1);
    token.normalized = false;
    parts.found_first.push_back(std::move(token));
  }
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const auto token = static_cast<TokenId>(id);
    if (pieces[id].type == Type::kControl && ids.emplace(pieces[id].text, token).second)
      parts.found_first.push_back({.id = token, .content = pieces[id].text, .special = true});
  }
  std::vector<bool> taken(static_cast<std::size_t>(parts.vocab_size));
  for (const AddedToken& token : parts.found_first) {
    if (taken[static_cast<std::size_t>(token.id)]) return bad("the id " + std::to_string(token.id) + " belongs to two tokens");
    taken[static_cast<std::size_t>(token.id)] = true;
  }
  return {};
}

Result<TokenId> find_special(const SentencePieceTokenizer::Parts& parts, const std::string& content, const char* what) {
  for (const AddedToken& token : parts.found_first)
    if (token.special && token.content == content) return token.id;
  return bad(std::string(what) + " \"" + content + "\" is none of the special tokens");
}

// An end must be no token that text becomes.
void make_special(SentencePieceOptions& options, const SentencePieceModel& model, const std::string& content) {
  const auto same = [&](const auto& token) { return token.content == content; };
  const auto known = std::find_if(options.added.begin(), options.added.end(), same);
  if (known != options.added.end()) {
    known->special = true;
    return;
  }
  for (std::size_t id = 0; id < model.pieces.size(); ++id)
    if (model.pieces[id].text == content)
      options.added.push_back({.id = static_cast<TokenId>(id), .content = content, .special = true});
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> make_sentencepiece_tokenizer(std::string model, SentencePieceOptions options) {
  SentencePieceTokenizer::Parts parts;
  AD_ASSIGN_OR_RETURN(parts.model, parse_sentencepiece_model(model));
  if (options.eos.empty()) options.eos = parts.model.eos_piece;
  if (options.pad.empty()) options.pad = options.eos;
  make_special(options, parts.model, options.eos);
  make_special(options, parts.model, options.pad);
  parts.file = std::move(model);
  parts.options = std::move(options);
  AD_RETURN_IF_ERROR(add_tokens(parts));
  AD_ASSIGN_OR_RETURN(parts.eos, find_special(parts, parts.options.eos, "eos_token"));
  AD_ASSIGN_OR_RETURN(parts.pad, find_special(parts, parts.options.pad, "pad_token"));
  AD_RETURN_IF_ERROR(check_sentencepiece_model(parts.model));
  AD_ASSIGN_OR_RETURN(parts.begin, processor_of(parts.model));
  if (!parts.options.legacy && parts.model.add_dummy_prefix) {
    SentencePieceModel behind = parts.model;
    behind.add_dummy_prefix = false;
    AD_ASSIGN_OR_RETURN(parts.behind, processor_of(behind));
  }
  return std::shared_ptr<const Tokenizer>(std::make_shared<SentencePieceTokenizer>(std::move(parts)));
}

std::string sentencepiece_model_of(const Tokenizer& tokenizer) {
  const auto* ours = dynamic_cast<const SentencePieceTokenizer*>(&tokenizer);
  return ours == nullptr ? "" : ours->file();
}

}  // namespace autodidact
