#pragma once
// Byte-pair encoding over bytes (Sennrich et al. 2016, as GPT-2 has it): a piece of text begins as one token a byte, and the
// neighbours whose merge has the lowest rank are merged until no rank is left. Immutable after make(); any thread.
//
// Most pieces of real text are tokens themselves. make() finds out which tokens their own bytes merge into, so that those
// pieces cost one look-up and the rest are merged: O(n log n) for n bytes, a megabyte of one letter included.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"

namespace autodidact {

class BpeVocabulary {
 public:
  // tokens[id] are the bytes of a token, empty where no token has that id. merges: pairs of tokens by bytes, in order of rank.
  // ignore_merges: a piece that is a token is taken whole whatever the merges say (Llama 3).
  // Bytes without a token are left out of what is encoded, as Hugging Face does (SmolLM2 has none for 21 that UTF-8 text hardly
  // has). kBadInput names the merge or byte: two tokens alike, a merge of or into something that is no token, a pair merged
  // twice, a printable ASCII character without a token.
  static Result<BpeVocabulary> make(std::vector<std::string> tokens,
                                    const std::vector<std::pair<std::string, std::string>>& merges, bool ignore_merges);

  BpeVocabulary(BpeVocabulary&&) = default;  // a copy's map would look into the original's strings
  BpeVocabulary& operator=(BpeVocabulary&&) = default;

  // Appends the tokens of `piece`, which is at most 2 GiB.
  void encode(std::string_view piece, std::vector<TokenId>& out) const;
  const std::string& bytes(TokenId id) const { return tokens_[static_cast<std::size_t>(id)]; }  // id in [0, size())
  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()); }

 private:
  BpeVocabulary() = default;
  struct Merge {
    std::uint32_t rank;
    TokenId result;
  };
  struct Whole {
    TokenId id;
    bool direct;  // encode() of its bytes gives this one token
  };
  static std::uint64_t pair_of(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
  }
  Status add_tokens();
  Status add_merges(const std::vector<std::pair<std::string, std::string>>& merges);
  void find_direct();
  const Merge* merge_of(TokenId left, TokenId right) const;
  void merge_short(std::string_view piece, std::vector<TokenId>& out) const;
  void merge_long(std::string_view piece, std::vector<TokenId>& out) const;
  void merge(std::string_view piece, std::vector<TokenId>& out) const;

  std::vector<std::string> tokens_;  // stays where it is: whole_ views its strings
  boost::unordered_flat_map<std::string_view, Whole> whole_;
  boost::unordered_flat_map<std::uint64_t, Merge> merges_;
  std::array<TokenId, 256> byte_{};
  bool ignore_merges_ = false, has_every_byte_ = true;
};

}  // namespace autodidact
