#pragma once
// Who uses which page of a key-value cache, and which beginnings of text the pages hold: a prefix tree over pages of kPage
// tokens with reference counts. Knows page numbers, no memory (kv_memory.hpp) and no weights.
//
// A page is free, in use (by as many sequences as take() it), or known and unused: then it is kept for whoever begins alike
// until allocate() needs it, the least recently used first and the end of a text before its beginning. Only a page that
// allocate() gave is written to; what others may read of it is what publish() has named.
//
// Owner and thread: one decoder, its thread. Lookup is O(tokens log children).

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/types.hpp"
#include "kernels/cpu_kernels.hpp"

namespace autodidact {

using PageId = std::int32_t;
constexpr PageId kNoPage = -1;
constexpr std::int64_t pages_for(std::int64_t positions) { return (positions + kPage - 1) / kPage; }

class KvPages {
 public:
  explicit KvPages(std::int64_t pages);

  // The longest beginning of `tokens` that is known: appends its whole pages to `whole`. `partial` is a page that holds
  // `partial_tokens` more (fewer than kPage); it is another sequence's to write on, so they are to be copied.
  struct Found {
    PageId partial = kNoPage;
    std::int64_t partial_tokens = 0;
  };
  Found find(std::span<const TokenId> tokens, std::vector<PageId>& whole) const;

  // One more sequence uses the page.
  void take(PageId page);
  // One fewer. A text's pages are given back from its end.
  void give(PageId page);
  // A page for one sequence to write to, already taken; kNoPage when all are in use.
  PageId allocate();
  // How many allocate() would give.
  std::int64_t available() const { return static_cast<std::int64_t>(free_.size()) + unused_; }
  std::int64_t count() const { return static_cast<std::int64_t>(nodes_.size()); }

  // `page` holds these tokens (1 to kPage), after the text that ends with `parent`, a published whole page (kNoPage: at the
  // beginning). A page named before is named anew. False, and nothing changes, when another page is known to hold the same:
  // what comes after must not be published either.
  bool publish(PageId page, PageId parent, std::span<const TokenId> tokens);
  // No beginning is known any longer; pages in use stay with who uses them.
  void forget();

 private:
  struct Node {
    std::array<TokenId, kPage> tokens;
    std::int32_t count = 0;  // of tokens; 0: not published
    std::int32_t users = 0;
    PageId parent = kNoPage;
    PageId newer = kNoPage, older = kNoPage;  // in the list of the unused
    std::vector<PageId> children;             // by their tokens
  };
  Node& node(PageId page) { return nodes_[static_cast<std::size_t>(page)]; }
  const Node& node(PageId page) const { return nodes_[static_cast<std::size_t>(page)]; }
  std::vector<PageId>& children_of(PageId parent) { return parent == kNoPage ? roots_ : node(parent).children; }
  std::span<const TokenId> text(PageId page) const { return std::span(node(page).tokens).first(node(page).count); }
  std::vector<PageId>::const_iterator place(const std::vector<PageId>& siblings, std::span<const TokenId> tokens) const;
  void unpublish(PageId page);
  void make_newest(PageId page);
  void leave_unused(PageId page);

  std::vector<Node> nodes_;
  std::vector<PageId> roots_, free_;
  PageId newest_ = kNoPage, oldest_ = kNoPage;  // of the unused
  std::int64_t unused_ = 0;
};

}  // namespace autodidact
