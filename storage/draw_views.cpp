#include "storage/draw_views.hpp"

#include "storage/query.hpp"

namespace autodidact {
namespace {

bool same_view(const DrawRequest& a, const DrawRequest& b) {
  return selector_options(a) == selector_options(b) && a.min_round == b.min_round && a.include_seeds == b.include_seeds &&
         a.min_version == b.min_version;
}

}  // namespace

std::vector<AttemptId> DrawViews::draw(const SummarySource& source, const DrawRequest& request) {
  const std::lock_guard lock(mutex_);
  Selector* selector = view_for(source, request);
  return selector ? selector->sample(request.count, request.seed, last_consumed_) : std::vector<AttemptId>();
}

Selector* DrawViews::view_for(const SummarySource& source, const DrawRequest& request) {
  for (auto view = views_.begin(); view != views_.end(); ++view) {
    if (!same_view(view->request, request)) continue;
    views_.splice(views_.begin(), views_, view);
    return views_.front().selector.get();
  }
  auto selector = make_selector(selector_options(request));
  if (!selector) return nullptr;
  const Status status =
      scan_drawable(source, request, [&](const AttemptSummary& row) { selector->insert(row.id, row.weight); });
  if (!status.ok()) return nullptr;
  if (views_.size() == kMaxViews) views_.pop_back();
  views_.push_front({request, std::move(selector)});
  return views_.front().selector.get();
}

void DrawViews::added(std::span<const AttemptSummary> rows) {
  const std::lock_guard lock(mutex_);
  for (View& view : views_) {
    for (const AttemptSummary& row : rows) {
      if (matches(view.request, row)) view.selector->insert(row.id, row.weight);
    }
  }
}

void DrawViews::consumed(AttemptId last) {
  const std::lock_guard lock(mutex_);
  last_consumed_ = last;
}

void DrawViews::reset(AttemptId last_consumed) {
  const std::lock_guard lock(mutex_);
  views_.clear();
  last_consumed_ = last_consumed;
}

}  // namespace autodidact
