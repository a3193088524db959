#pragma once
// A SentencePiece model (tokenizer.model): the part of its protocol buffer that encoding and decoding need, read and written by
// hand, so that the library only ever sees what has been checked here. Its own parser takes what its trainer wrote; tables from
// strangers make it read beyond its memory. Pure functions; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

struct SentencePiece {
  enum class Type : std::uint8_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };
  std::string text;
  float score = 0;
  Type type = Type::kNormal;
};

// Names and defaults of sentencepiece_model.proto.
struct SentencePieceModel {
  enum class Type : std::uint8_t { kUnigram = 1, kBpe = 2 };
  std::vector<SentencePiece> pieces;  // by id
  Type type = Type::kUnigram;
  bool byte_fallback = false, treat_whitespace_as_suffix = false;
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
  std::string precompiled_charsmap;  // how characters are normalized; empty: not at all
  std::string unk_surface = " \xE2\x81\x87 ";
  std::string bos_piece = "<s>", eos_piece = "</s>", pad_piece = "<pad>";
};

// kBadInput with the byte where it goes wrong, or what check_sentencepiece_model() says.
Result<SentencePieceModel> parse_sentencepiece_model(std::string_view bytes);
// Whether the library can be given it: pieces unique and well-formed, one unknown, all bytes or none, no control piece that
// text could become, a charsmap that stays inside itself (charsmap.hpp).
Status check_sentencepiece_model(const SentencePieceModel& model);
std::string write_sentencepiece_model(const SentencePieceModel& model);

// "<0x0A>" -> 10; -1 for anything else.
int byte_of_piece(std::string_view text);

}  // namespace autodidact
