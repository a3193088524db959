#include "model/bpe/bpe_vocabulary.hpp"

#include <limits>
#include <queue>

#include "model/bpe/byte_level.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kShort = 64;  // bytes; below it looking at every pair again is faster than a heap
constexpr TokenId kNoToken = -1;
constexpr std::uint32_t kNoRank = std::numeric_limits<std::uint32_t>::max();

Status bad(const std::string& what) { return {Errc::kBadInput, what}; }
std::string quoted(const std::string& bytes) { return "\"" + spelling_of_bytes(bytes) + "\""; }

}  // namespace

Result<BpeVocabulary> BpeVocabulary::make(std::vector<std::string> tokens,
                                          const std::vector<std::pair<std::string, std::string>>& merges, bool ignore_merges) {
  BpeVocabulary made;
  made.tokens_ = std::move(tokens);
  made.ignore_merges_ = ignore_merges;
  AD_RETURN_IF_ERROR(made.add_tokens());
  AD_RETURN_IF_ERROR(made.add_merges(merges));
  made.find_direct();
  return made;
}

Status BpeVocabulary::add_tokens() {
  whole_.reserve(tokens_.size());
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].empty()) continue;
    const auto [entry, fresh] = whole_.try_emplace(tokens_[id], Whole{static_cast<TokenId>(id), false});
    if (!fresh)
      return bad("tokens " + std::to_string(entry->second.id) + " and " + std::to_string(id) + " are both " +
                 quoted(tokens_[id]));
  }
  for (std::size_t byte = 0; byte < byte_.size(); ++byte) {
    const std::string alone(1, static_cast<char>(byte));
    const auto found = whole_.find(alone);
    byte_[byte] = found == whole_.end() ? kNoToken : found->second.id;
    if (found != whole_.end()) continue;
    if (byte >= 0x20 && byte < 0x7f)
      return bad("no token for the byte " + quoted(alone) + ": this is no byte-level vocabulary");
    has_every_byte_ = false;
  }
  return {};
}

Status BpeVocabulary::add_merges(const std::vector<std::pair<std::string, std::string>>& merges) {
  merges_.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const std::string place = "merge " + std::to_string(rank) + ", " + quoted(left) + " with " + quoted(right) + ": ";
    const auto a = whole_.find(left), b = whole_.find(right), both = whole_.find(left + right);
    if (a == whole_.end() || b == whole_.end()) return bad(place + "one of them is no token");
    if (both == whole_.end()) return bad(place + "what they make is no token");
    const Merge merge{static_cast<std::uint32_t>(rank), both->second.id};
    if (!merges_.try_emplace(pair_of(a->second.id, b->second.id), merge).second) return bad(place + "it stands here twice");
  }
  return {};
}

void BpeVocabulary::find_direct() {
  std::vector<TokenId> out;
  for (auto& [bytes, whole] : whole_) {
    out.clear();
    if (!ignore_merges_) merge(bytes, out);
    whole.direct = ignore_merges_ || (out.size() == 1 && out[0] == whole.id);
  }
}

const BpeVocabulary::Merge* BpeVocabulary::merge_of(TokenId left, TokenId right) const {
  const auto found = merges_.find(pair_of(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void BpeVocabulary::encode(std::string_view piece, std::vector<TokenId>& out) const {
  if (piece.empty()) return;
  const auto found = whole_.find(piece);
  if (found != whole_.end() && found->second.direct) {
    out.push_back(found->second.id);
  } else {
    merge(piece, out);
  }
}

void BpeVocabulary::merge(std::string_view piece, std::vector<TokenId>& out) const {
  std::string known;
  if (!has_every_byte_) {
    for (const char c : piece)
      if (byte_[static_cast<std::uint8_t>(c)] != kNoToken) known += c;
    piece = known;
  }
  if (piece.empty()) return;
  piece.size() <= kShort ? merge_short(piece, out) : merge_long(piece, out);
}

void BpeVocabulary::merge_short(std::string_view piece, std::vector<TokenId>& out) const {
  std::array<TokenId, kShort> ids;
  std::array<std::uint32_t, kShort> ranks;  // of the merge of i and i + 1
  std::array<TokenId, kShort> results;
  std::size_t n = piece.size();
  const auto look = [&](std::size_t i) {
    const Merge* merge = i + 1 < n ? merge_of(ids[i], ids[i + 1]) : nullptr;
    ranks[i] = merge ? merge->rank : kNoRank;
    results[i] = merge ? merge->result : 0;
  };
  for (std::size_t i = 0; i < n; ++i) ids[i] = byte_[static_cast<std::uint8_t>(piece[i])];
  for (std::size_t i = 0; i < n; ++i) look(i);
  while (n > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < n; ++i) best = ranks[i] < ranks[best] ? i : best;
    if (ranks[best] == kNoRank) break;
    ids[best] = results[best];
    for (std::size_t i = best + 1; i + 1 < n; ++i) {
      ids[i] = ids[i + 1];
      ranks[i] = ranks[i + 1];
      results[i] = results[i + 1];
    }
    --n;
    look(best);
    if (best > 0) look(best - 1);
  }
  out.insert(out.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(n));
}

// A linked list of tokens and a heap of the merges that were possible when they were pushed; one that is not any more is
// skipped. A rank belongs to one pair only, so the rank tells whether the entry still speaks of what is there.
void BpeVocabulary::merge_long(std::string_view piece, std::vector<TokenId>& out) const {
  struct Symbol {
    TokenId id;
    std::int32_t previous, next;  // -1: none
  };
  const auto n = static_cast<std::int32_t>(piece.size());
  std::vector<Symbol> symbols(piece.size());
  const auto at = [&](std::int32_t i) -> Symbol& { return symbols[static_cast<std::size_t>(i)]; };
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> heap;  // rank, then position of the left one
  const auto push = [&](std::int32_t i) {
    if (i < 0 || at(i).next < 0) return;
    if (const Merge* merge = merge_of(at(i).id, at(at(i).next).id))
      heap.push(static_cast<std::uint64_t>(merge->rank) << 32 | static_cast<std::uint32_t>(i));
  };
  for (std::int32_t i = 0; i < n; ++i) {
    at(i) = {byte_[static_cast<std::uint8_t>(piece[static_cast<std::size_t>(i)])], i - 1, i + 1 < n ? i + 1 : -1};
  }
  for (std::int32_t i = 0; i < n; ++i) push(i);
  for (; !heap.empty();) {
    const auto rank = static_cast<std::uint32_t>(heap.top() >> 32);
    const auto i = static_cast<std::int32_t>(heap.top() & 0xffffffffu);
    heap.pop();
    Symbol& left = at(i);
    if (left.id < 0 || left.next < 0) continue;
    Symbol& right = at(left.next);
    const Merge* merge = merge_of(left.id, right.id);
    if (merge == nullptr || merge->rank != rank) continue;
    left.id = merge->result;
    right.id = -1;  // is part of the left one now
    left.next = right.next;
    if (left.next >= 0) at(left.next).previous = i;
    push(left.previous);
    push(i);
  }
  for (std::int32_t i = 0; i >= 0; i = at(i).next) out.push_back(at(i).id);
}

}  // namespace autodidact
