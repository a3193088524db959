#include "storage/summary_source.hpp"

#include "storage/query.hpp"

namespace autodidact {
namespace {

class PageBuilder {
 public:
  explicit PageBuilder(const AttemptQuery& query) : query_(query) {}
  // False: the page is full and `row` is the first one behind it.
  bool add(const AttemptSummary& row) {
    if (page_.rows.size() < query_.limit) {
      page_.rows.push_back(row);
      return true;
    }
    page_.next = page_.rows.empty() ? 0 : page_.rows.back().id;
    return false;
  }
  AttemptPage take() { return std::move(page_); }

 private:
  const AttemptQuery& query_;
  AttemptPage page_;
};

Result<AttemptPage> find_by_problem(const SummarySource& source, const AttemptQuery& query) {
  PageBuilder page(query);
  std::shared_ptr<const SummaryBlock> block;  // neighbours mostly share one
  Status failure;
  const Status status = source.scan_problem(*query.problem, query.oldest_first, query.after, [&](AttemptId id) {
    if (!block || block->number() != block_of(id)) {
      auto loaded = source.block(block_of(id));
      if (!loaded.ok()) {
        failure = loaded.status();
        return false;
      }
      block = loaded.value();
    }
    const auto row = block ? block->find(id) : std::nullopt;
    return !row || !matches(query, *row) || page.add(*row);
  });
  AD_RETURN_IF_ERROR(status);
  AD_RETURN_IF_ERROR(failure);
  return page.take();
}

}  // namespace

Result<AttemptPage> find_page(const SummarySource& source, const AttemptQuery& query) {
  if (query.problem) return find_by_problem(source, query);
  PageBuilder page(query);
  std::vector<std::uint16_t> hits;
  const auto visit = [&](const SummaryBlock& block) {
    block.match(query, hits);
    for (std::size_t i = 0; i < hits.size(); ++i) {
      const AttemptSummary row = block.row(hits[query.oldest_first ? i : hits.size() - 1 - i]);
      if (past_cursor(query, row.id) && !page.add(row)) return false;
    }
    return true;
  };
  const BlockNumber start = query.oldest_first ? 0 : kNewestBlock;
  const BlockNumber from = query.after == 0 ? start : block_of(query.after);
  AD_RETURN_IF_ERROR(source.scan(
      query.oldest_first, from, [&](const SummaryZone& zone) { return may_match(query, zone); }, visit));
  return page.take();
}

Status scan_drawable(const SummarySource& source, const DrawRequest& request,
                     const std::function<void(const AttemptSummary&)>& visit) {
  AttemptQuery kept;
  kept.kept = true;
  std::vector<std::uint16_t> hits;
  return source.scan(
      true, 0, [&](const SummaryZone& zone) { return may_match(request, zone); },
      [&](const SummaryBlock& block) {
        block.match(kept, hits);
        for (std::uint16_t index : hits) {
          const AttemptSummary row = block.row(index);
          if (matches(request, row)) visit(row);
        }
        return true;
      });
}

}  // namespace autodidact
