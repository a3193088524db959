#include "model/kv_pages.hpp"

#include <algorithm>

#include "config/status.hpp"

namespace autodidact {
namespace {

// Beyond as many as are in use: what nobody uses is not to take all the memory there is, nor push the rest out of the caches.
constexpr std::int64_t kMostUnused = 64;

std::int64_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  const std::size_t most = std::min(a.size(), b.size());
  return std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin()).first - a.begin();
}

}  // namespace

KvPages::KvPages(std::int64_t pages) : nodes_(static_cast<std::size_t>(pages)) {
  free_.reserve(nodes_.size());
  for (std::int64_t page = pages; page-- > 0;) free_.push_back(static_cast<PageId>(page));
}

// The first of the siblings whose tokens are not before these in the alphabet.
std::vector<PageId>::const_iterator KvPages::place(const std::vector<PageId>& siblings, std::span<const TokenId> tokens) const {
  return std::lower_bound(siblings.begin(), siblings.end(), tokens, [this](PageId page, std::span<const TokenId> wanted) {
    return std::ranges::lexicographical_compare(text(page), wanted);
  });
}

KvPages::Found KvPages::find(std::span<const TokenId> tokens, std::vector<PageId>& whole) const {
  const std::vector<PageId>* siblings = &roots_;
  while (!tokens.empty()) {
    const auto wanted = tokens.first(std::min<std::size_t>(tokens.size(), kPage));
    const auto at = place(*siblings, wanted);
    // In alphabetical order the one that has most in common stands beside the place.
    Found best;
    for (auto i = at == siblings->begin() ? at : at - 1; i != siblings->end() && i <= at; ++i)
      if (const std::int64_t same = common_prefix(text(*i), wanted); same > best.partial_tokens) best = {*i, same};
    if (best.partial_tokens < kPage) return best;
    whole.push_back(best.partial);
    siblings = &node(best.partial).children;
    tokens = tokens.subspan(kPage);
  }
  return {};
}

void KvPages::take(PageId page) {
  if (node(page).users++ == 0) leave_unused(page);
}

void KvPages::give(PageId page) {
  AD_REQUIRE(node(page).users > 0, "a page that nobody uses was given back");
  if (--node(page).users > 0) return;
  if (node(page).count > 0)
    make_newest(page);
  else
    free_.push_back(page);
}

PageId KvPages::allocate() {
  PageId page = kNoPage;
  const std::int64_t used = count() - available();
  if (!free_.empty() && unused_ <= used + kMostUnused) {
    page = free_.back();
    free_.pop_back();
  } else if (oldest_ != kNoPage) {
    page = oldest_;
    leave_unused(page);
    unpublish(page);
  } else {
    return kNoPage;
  }
  node(page).users = 1;
  return page;
}

bool KvPages::publish(PageId page, PageId parent, std::span<const TokenId> tokens) {
  auto& siblings = children_of(parent);
  auto at = place(siblings, tokens);
  if (at != siblings.end() && std::ranges::equal(text(*at), tokens)) return *at == page;
  if (node(page).count > 0) {
    unpublish(page);
    at = place(siblings, tokens);
  }
  siblings.insert(at, page);
  Node& mine = node(page);
  mine.parent = parent;
  mine.count = static_cast<std::int32_t>(tokens.size());
  std::ranges::copy(tokens, mine.tokens.begin());
  return true;
}

void KvPages::unpublish(PageId page) {
  Node& mine = node(page);
  AD_REQUIRE(mine.children.empty(), "a page with a text behind it cannot go");
  std::erase(children_of(mine.parent), page);
  mine.count = 0;
  mine.parent = kNoPage;
}

void KvPages::forget() {
  while (oldest_ != kNoPage) {
    free_.push_back(oldest_);
    leave_unused(oldest_);
  }
  for (Node& each : nodes_) {
    each.count = 0;
    each.parent = kNoPage;
    each.children.clear();
  }
  roots_.clear();
}

void KvPages::make_newest(PageId page) {
  node(page).older = newest_;
  node(page).newer = kNoPage;
  (newest_ == kNoPage ? oldest_ : node(newest_).newer) = page;
  newest_ = page;
  ++unused_;
}

void KvPages::leave_unused(PageId page) {
  const Node& mine = node(page);
  (mine.newer == kNoPage ? newest_ : node(mine.newer).older) = mine.older;
  (mine.older == kNoPage ? oldest_ : node(mine.older).newer) = mine.newer;
  --unused_;
}

}  // namespace autodidact
