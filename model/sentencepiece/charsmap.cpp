#include "model/sentencepiece/charsmap.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "model/bpe/utf8.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kMaxBytes = 4 << 20;  // NFKC with case folding, the largest in use, takes 0.3 MB
constexpr int kMaxRuleBytes = 32;           // room for that many prefixes of a text: kMaxTrieResultsSize

Status bad(const std::string& what) { return {Errc::kBadInput, "precompiled_charsmap: " + what}; }

// A unit is either a value (the highest bit set) or a node: the byte that leads to it, whether a value hangs on it, and how far
// its children are.
class Trie {
 public:
  explicit Trie(std::string_view bytes) : units_(bytes.size() / 4) {
    if (!units_.empty()) std::memcpy(units_.data(), bytes.data(), units_.size() * 4);
  }

  // Walks over all that texts can reach, byte by byte.
  Status check(std::string_view replacements) const {
    if (units_.empty()) return bad("an empty trie");
    std::vector<std::uint32_t> level = {0}, next;
    std::size_t steps = 0;
    for (int depth = 0; !level.empty(); ++depth, level.swap(next)) {
      if (depth > kMaxRuleBytes) return bad("a rule of more than 32 bytes");
      next.clear();
      for (const std::uint32_t node : level) {
        if (++steps > 4 * units_.size()) return bad("nodes are shared too much");
        AD_RETURN_IF_ERROR(visit(node, depth > 0, replacements, next));
      }
      std::sort(next.begin(), next.end());
      next.erase(std::unique(next.begin(), next.end()), next.end());
    }
    return {};
  }

 private:
  static std::uint32_t offset(std::uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
  Status visit(std::uint32_t node, bool may_have_value, std::string_view replacements, std::vector<std::uint32_t>& next) const {
    const std::uint32_t unit = units_[node], children = node ^ offset(unit);
    if ((children | 0xffu) >= units_.size()) return bad("node " + std::to_string(node) + " leads out of the trie");
    const bool has_value = (unit >> 8 & 1) != 0;
    if (has_value && may_have_value) {
      const std::uint32_t value = units_[children] & 0x7fffffffu;
      const bool inside = value < replacements.size() && (static_cast<unsigned char>(replacements[value]) & 0xc0) != 0x80;
      if (!inside) return bad("node " + std::to_string(node) + " has no replacement");
    }
    for (std::uint32_t byte = 1; byte < 256; ++byte)
      if ((units_[children ^ byte] & (1u << 31 | 0xffu)) == byte) next.push_back(children ^ byte);
    if ((units_[children] & (1u << 31 | 0xffu)) == 0) return bad("a rule with a zero byte");  // the place of values
    return {};
  }

  std::vector<std::uint32_t> units_;
};

}  // namespace

Status check_charsmap(std::string_view charsmap) {
  if (charsmap.size() > kMaxBytes) return bad("larger than 4 MiB");
  std::uint32_t trie_bytes = 0;
  if (charsmap.size() <= sizeof trie_bytes) return bad("too short");
  std::memcpy(&trie_bytes, charsmap.data(), sizeof trie_bytes);
  charsmap.remove_prefix(sizeof trie_bytes);
  if (trie_bytes % 4 != 0 || trie_bytes >= charsmap.size()) return bad("its trie leaves no room for replacements");
  const std::string_view replacements = charsmap.substr(trie_bytes);
  if (replacements.back() != '\0' || !is_well_formed(replacements)) return bad("replacements are not UTF-8 ended by a zero");
  return Trie(charsmap.substr(0, trie_bytes)).check(replacements);
}

}  // namespace autodidact
