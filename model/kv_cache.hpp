#pragma once
// The key-value cache of a decoder: pages in memory, and a table of pages for each sequence. Sequences that begin alike share
// pages; the last one, which they do not share whole, is copied. Owner and thread: one decoder, its thread; store() of
// different pages from several. Nothing survives a crash.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/kv_memory.hpp"
#include "model/kv_pages.hpp"

namespace autodidact {

// A sequence's pages in order: page i holds positions kPage * i and on.
struct PageTable {
  std::vector<PageId> ids;
  std::vector<KvPage> pages;  // the same, as attention reads them
  std::uint64_t epoch = 0;    // of the weights that computed all of it
};

constexpr std::int64_t pages_for(std::int64_t positions) { return (positions + kPage - 1) / kPage; }

class KvCache {
 public:
  KvCache(const ModelConfig& config, std::int64_t pages) : memory(config, pages), pages_(pages) {}

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

  KvMemory memory;

 private:
  void append(PageTable& table, PageId page) const {
    table.ids.push_back(page);
    table.pages.push_back(memory.page(page));
  }

  KvPages pages_;
  std::uint64_t epoch_ = 1;
  std::vector<PageId> whole_;  // of the last search; keeps its memory
};

}  // namespace autodidact
