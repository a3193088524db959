#pragma once
// Selectors kept ready for the draws that were asked for lately: one per set of restrictions, filled once from the summaries
// and then fed by the writer, so that a draw costs microseconds whatever the size of the store. Owner: a store. Any thread.
// Nothing survives a crash: views are made again on demand.

#include <cstdint>
#include <list>
#include <mutex>

#include "storage/selector.hpp"
#include "storage/summary_source.hpp"

namespace autodidact {

class DrawViews {
 public:
  // Ids drawn by the request's rule; empty for an unknown rule or when nothing matches.
  std::vector<AttemptId> draw(const SummarySource& source, const DrawRequest& request);
  // The writer stored these rows / recorded this consumption last.
  void added(std::span<const AttemptSummary> rows);
  void consumed(AttemptId last);
  // Forget every view: the rows may be others now.
  void reset(AttemptId last_consumed);

 private:
  struct View {
    DrawRequest request;  // count and seed aside
    std::unique_ptr<Selector> selector;
  };
  static constexpr std::size_t kMaxViews = 4;  // of 8-24 bytes per matching attempt
  Selector* view_for(const SummarySource& source, const DrawRequest& request);

  std::mutex mutex_;       // guards all below; taken after no other lock of the store, before BlockTable's
  std::list<View> views_;  // most recently used first
  AttemptId last_consumed_ = 0;
};

}  // namespace autodidact
