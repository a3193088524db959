#include "model/sentencepiece/model_proto.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <unordered_set>

#include "model/bpe/utf8.hpp"
#include "model/sentencepiece/charsmap.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kMaxPieces = 1 << 20, kMaxPieceBytes = 512;
constexpr std::size_t kMaxUserDefinedPrefixes = 60;  // of one another; the library has room for 64

Status bad(const std::string& what) { return {Errc::kBadInput, "sentencepiece model: " + what}; }

struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // of a varint or a fixed one
  std::string_view bytes;   // of a length-delimited one
  bool is_bytes = false;
};

// One message's fields, in order; what is not known is passed over.
class Message {
 public:
  Message(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}
  bool done() const { return next_ == bytes_.size(); }
  std::size_t at() const { return at_ + next_; }  // in the file
  Result<Field> next() {
    AD_ASSIGN_OR_RETURN(const std::uint64_t tag, varint());
    Field field;
    if (tag >> 3 == 0 || tag >> 3 >= 1u << 29) return malformed();
    field.number = static_cast<std::uint32_t>(tag >> 3);
    switch (tag & 7) {
      case 0: {
        AD_ASSIGN_OR_RETURN(field.value, varint());
        return field;
      }
      case 1: AD_RETURN_IF_ERROR(fixed(8, field.value)); return field;
      case 5: AD_RETURN_IF_ERROR(fixed(4, field.value)); return field;
      case 2: {
        AD_ASSIGN_OR_RETURN(const std::uint64_t length, varint());
        if (length > bytes_.size() - next_) return malformed();
        field.bytes = bytes_.substr(next_, length);
        field.is_bytes = true;
        next_ += length;
        return field;
      }
      default: return malformed();
    }
  }

 private:
  Status malformed() const { return bad("byte " + std::to_string(at()) + ": malformed"); }
  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (next_ == bytes_.size()) return malformed();
      const auto byte = static_cast<unsigned char>(bytes_[next_++]);
      value |= std::uint64_t{byte & 127u} << shift;
      if (byte < 128) return value;
    }
    return malformed();
  }
  Status fixed(std::size_t width, std::uint64_t& value) {
    if (width > bytes_.size() - next_) return malformed();
    std::memcpy(&value, bytes_.data() + next_, width);
    next_ += width;
    return {};
  }
  std::string_view bytes_;
  std::size_t at_, next_ = 0;
};

Status each_field(std::string_view bytes, std::size_t at, const std::function<Status(const Field&, std::size_t)>& take) {
  Message message(bytes, at);
  while (!message.done()) {
    AD_ASSIGN_OR_RETURN(const Field field, message.next());
    AD_RETURN_IF_ERROR(take(field, message.at() - field.bytes.size()));
  }
  return {};
}

Status read_piece(const Field& message, std::size_t at, SentencePieceModel& model) {
  SentencePiece piece;
  AD_RETURN_IF_ERROR(each_field(message.bytes, at, [&](const Field& field, std::size_t place) -> Status {
    if (field.number == 1) piece.text = field.bytes;
    if (field.number == 2) std::memcpy(&piece.score, &field.value, sizeof piece.score);
    if (field.number != 3) return {};
    if (field.value < 1 || field.value > 6) return bad("byte " + std::to_string(place) + ": an unknown type of piece");
    piece.type = static_cast<SentencePiece::Type>(field.value);
    return {};
  }));
  if (model.pieces.size() == kMaxPieces) return bad("more than a million pieces");
  model.pieces.push_back(std::move(piece));
  return {};
}

Status read_trainer_spec(const Field& message, std::size_t at, SentencePieceModel& model) {
  return each_field(message.bytes, at, [&](const Field& field, std::size_t place) -> Status {
    switch (field.number) {
      case 3:
        if (field.value != 1 && field.value != 2)
          return bad("byte " + std::to_string(place) + ": only unigram and BPE models are read");
        model.type = static_cast<SentencePieceModel::Type>(field.value);
        break;
      case 24: model.treat_whitespace_as_suffix = field.value != 0; break;
      case 35: model.byte_fallback = field.value != 0; break;
      case 44: model.unk_surface = field.bytes; break;
      case 46: model.bos_piece = field.bytes; break;
      case 47: model.eos_piece = field.bytes; break;
      case 48: model.pad_piece = field.bytes; break;
      default: break;
    }
    return {};
  });
}

Status read_normalizer_spec(const Field& message, std::size_t at, SentencePieceModel& model) {
  return each_field(message.bytes, at, [&](const Field& field, std::size_t) -> Status {
    if (field.number == 2) model.precompiled_charsmap = field.bytes;
    if (field.number == 3) model.add_dummy_prefix = field.value != 0;
    if (field.number == 4) model.remove_extra_whitespaces = field.value != 0;
    if (field.number == 5) model.escape_whitespaces = field.value != 0;
    return {};
  });
}

Status check_denormalizer(const Field& message, std::size_t at) {
  return each_field(message.bytes, at, [&](const Field& field, std::size_t place) -> Status {
    if (field.number != 2 || field.bytes.empty()) return {};
    return bad("byte " + std::to_string(place) + ": a denormalizer is not supported");
  });
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  out += static_cast<char>(value);
}
void append_number(std::string& out, std::uint32_t number, std::uint64_t value) {
  append_varint(out, number << 3);
  append_varint(out, value);
}
void append_bytes(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_varint(out, number << 3 | 2);
  append_varint(out, bytes.size());
  out += bytes;
}

Status check_piece(const SentencePiece& piece) {
  if (piece.text.empty() || piece.text.size() > kMaxPieceBytes) return bad("a piece has 1 to 512 bytes");
  if (!is_well_formed(piece.text) || piece.text.find('\0') != std::string::npos)
    return bad("a piece is UTF-8 without a zero byte");
  if (!(std::abs(piece.score) <= 1e30f)) return bad("a score is a number");
  if (piece.type == SentencePiece::Type::kControl && utf8_length(piece.text) == piece.text.size())
    return bad("a control piece has more than one character: text of a user could become it");
  if (piece.type == SentencePiece::Type::kByte && byte_of_piece(piece.text) < 0)
    return bad("a byte's piece is <0x00> to <0xFF>");
  return {};
}

// The library matches user-defined pieces as they stand in the text, with room for so many that begin one another.
Status check_user_defined(const SentencePieceModel& model) {
  std::vector<std::string_view> sorted, open;
  for (const SentencePiece& piece : model.pieces)
    if (piece.type == SentencePiece::Type::kUserDefined) sorted.push_back(piece.text);
  std::sort(sorted.begin(), sorted.end());
  for (const std::string_view text : sorted) {
    while (!open.empty() && !text.starts_with(open.back())) open.pop_back();
    open.push_back(text);
    if (open.size() > kMaxUserDefinedPrefixes) return bad("too many user-defined pieces begin one another");
  }
  return {};
}

}  // namespace

int byte_of_piece(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
  const std::size_t high = kDigits.find(text[3]), low = kDigits.find(text[4]);
  return high == std::string_view::npos || low == std::string_view::npos ? -1 : static_cast<int>(16 * high + low);
}

Result<SentencePieceModel> parse_sentencepiece_model(std::string_view bytes) {
  SentencePieceModel model;
  AD_RETURN_IF_ERROR(each_field(bytes, 0, [&](const Field& field, std::size_t at) -> Status {
    if (field.number >= 1 && field.number <= 5 && !field.is_bytes)
      return bad("byte " + std::to_string(at) + ": malformed (no SentencePiece model?)");
    if (field.number == 1) return read_piece(field, at, model);
    if (field.number == 2) return read_trainer_spec(field, at, model);
    if (field.number == 3) return read_normalizer_spec(field, at, model);
    if (field.number == 5) return check_denormalizer(field, at);
    return {};
  }));
  AD_RETURN_IF_ERROR(check_sentencepiece_model(model));
  return model;
}

Status check_sentencepiece_model(const SentencePieceModel& model) {
  using Type = SentencePiece::Type;
  std::unordered_set<std::string_view> seen;
  std::size_t unknown = 0, bytes = 0, words = 0;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    const Status good = check_piece(piece);
    if (!good.ok()) return good.with_context("piece " + std::to_string(id));
    if (!seen.insert(piece.text).second) return bad("piece " + std::to_string(id) + " stands twice");
    unknown += piece.type == Type::kUnknown;
    bytes += piece.type == Type::kByte;
    words += piece.type == Type::kNormal || piece.type == Type::kUserDefined;
  }
  if (unknown != 1) return bad("needs one unknown piece, has " + std::to_string(unknown));
  if (words == 0) return bad("has no normal piece");
  if (bytes != (model.byte_fallback ? 256 : 0)) return bad("has " + std::to_string(bytes) + " bytes as pieces");
  if (!is_well_formed(model.unk_surface)) return bad("unk_surface is not UTF-8");
  AD_RETURN_IF_ERROR(check_user_defined(model));
  return model.precompiled_charsmap.empty() ? Status() : check_charsmap(model.precompiled_charsmap);
}

std::string write_sentencepiece_model(const SentencePieceModel& model) {
  std::string out, part;
  for (const SentencePiece& piece : model.pieces) {
    part.clear();
    append_bytes(part, 1, piece.text);
    append_varint(part, 2 << 3 | 5);
    part.append(reinterpret_cast<const char*>(&piece.score), sizeof piece.score);
    append_number(part, 3, static_cast<std::uint64_t>(piece.type));
    append_bytes(out, 1, part);
  }
  part.clear();
  append_number(part, 3, static_cast<std::uint64_t>(model.type));
  append_number(part, 4, model.pieces.size());
  append_number(part, 24, model.treat_whitespace_as_suffix);
  append_number(part, 35, model.byte_fallback);
  append_bytes(part, 44, model.unk_surface);
  append_bytes(part, 46, model.bos_piece);
  append_bytes(part, 47, model.eos_piece);
  append_bytes(part, 48, model.pad_piece);
  append_bytes(out, 2, part);
  part.clear();
  append_bytes(part, 2, model.precompiled_charsmap);
  append_number(part, 3, model.add_dummy_prefix);
  append_number(part, 4, model.remove_extra_whitespaces);
  append_number(part, 5, model.escape_whitespaces);
  append_bytes(out, 3, part);
  return out;
}

}  // namespace autodidact
