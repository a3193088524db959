#include "model/kv_cache.hpp"

#include <algorithm>

#include "config/status.hpp"

namespace autodidact {

std::int64_t KvCache::known(std::span<const TokenId> text) {
  whole_.clear();
  const KvPages::Found found = pages_.find(text.first(text.size() - 1), whole_);
  return static_cast<std::int64_t>(whole_.size()) * kPage + found.partial_tokens;
}

std::optional<std::int64_t> KvCache::begin(std::span<const TokenId> text, std::int64_t spare, PageTable& table) {
  whole_.clear();
  KvPages::Found found = pages_.find(text.first(text.size() - 1), whole_);
  const auto shared = static_cast<std::int64_t>(whole_.size()), all = pages_for(static_cast<std::int64_t>(text.size()));
  const auto enough = [&] { return pages_.available() >= all - shared + spare; };
  for (const PageId page : whole_) pages_.take(page);
  if (found.partial != kNoPage) pages_.take(found.partial);  // or it might be given away before it is copied
  if (found.partial != kNoPage && !enough()) {               // its own page may be the one that is missing
    pages_.give(found.partial);
    found = {};
  }
  if (!enough()) {
    for (; !whole_.empty(); whole_.pop_back()) pages_.give(whole_.back());
    return std::nullopt;
  }
  table.ids.insert(table.ids.end(), whole_.begin(), whole_.end());
  for (std::int64_t i = shared; i < all; ++i) table.ids.push_back(pages_.allocate());
  if (found.partial != kNoPage) {
    copy_(found.partial, table.ids[static_cast<std::size_t>(shared)]);
    pages_.give(found.partial);
  }
  table.epoch = epoch_;
  return shared * kPage + found.partial_tokens;
}

bool KvCache::grow(PageTable& table) {
  const PageId page = pages_.allocate();
  if (page == kNoPage) return false;
  table.ids.push_back(page);
  return true;
}

void KvCache::publish(const PageTable& table, std::span<const TokenId> text) {
  if (table.epoch != epoch_) return;
  PageId parent = kNoPage;
  for (std::size_t i = 0; !text.empty(); ++i) {
    const auto tokens = text.first(std::min<std::size_t>(text.size(), kPage));
    // Another page may hold the same by now, computed at the same time: a text behind it would not keep it alive.
    if (!pages_.publish(table.ids[i], parent, tokens)) return;
    parent = table.ids[i];
    text = text.subspan(tokens.size());
  }
}

void KvCache::release(PageTable& table) {
  for (; !table.ids.empty(); table.ids.pop_back()) pages_.give(table.ids.back());
}

void KvCache::forget() {
  pages_.forget();
  ++epoch_;
}

}  // namespace autodidact
