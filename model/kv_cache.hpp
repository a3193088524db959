#pragma once
// Who has which pages of a decoder's key-value cache: a table for each sequence. Sequences that begin alike share pages; the
// last one, which they do not share whole, is copied. Where the pages lie is a backend's business. Owner and thread: one
// decoder, its thread. Nothing survives a crash.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "model/kv_pages.hpp"

namespace autodidact {

// A sequence's pages in order: page i holds positions kPage * i and on.
struct PageTable {
  std::vector<PageId> ids;
  std::uint64_t epoch = 0;  // of the weights that computed all of it
};

class KvCache {
 public:
  // copy: one page's contents to another.
  using Copy = std::function<void(PageId from, PageId to)>;
  KvCache(std::int64_t pages, Copy copy) : pages_(pages), copy_(std::move(copy)) {}

  // How many tokens of `text` need not be computed: never its last, whose logits are wanted.
  std::int64_t known(std::span<const TokenId> text);
  // Gives an empty table the pages of all of `text`, of which the first known() tokens are there already; returns how many.
  // Nothing, and no pages, when fewer than `spare` would then be left.
  std::optional<std::int64_t> begin(std::span<const TokenId> text, std::int64_t spare, PageTable& table);
  // A page for the position behind the last page's; false when there is none.
  bool grow(PageTable& table);
  // Lets others begin with `text`, whose keys and values are all in the table.
  void publish(const PageTable& table, std::span<const TokenId> text);
  void release(PageTable& table);
  // The weights have changed: what was computed is of use only to the sequences under way.
  void forget();
  std::int64_t available() const { return pages_.available(); }
  std::int64_t pages() const { return pages_.count(); }

 private:
  KvPages pages_;
  Copy copy_;
  std::uint64_t epoch_ = 1;
  std::vector<PageId> whole_;  // of the last search; keeps its memory
};

}  // namespace autodidact
