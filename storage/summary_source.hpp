#pragma once
// Where summary blocks come from, and the one way to answer a query from them. Two sources: the daemon's RAM (BlockTable) and
// the disk (read-only tools). Methods may be called from any thread.

#include <functional>
#include <memory>

#include "storage/summary_block.hpp"

namespace autodidact {

class SummarySource {
 public:
  virtual ~SummarySource() = default;
  // Visits the blocks whose zone is wanted, from block `from` on upwards (ascending) or downwards, until visit answers false.
  virtual Status scan(bool ascending, BlockNumber from, const std::function<bool(const SummaryZone&)>& wanted,
                      const std::function<bool(const SummaryBlock&)>& visit) const = 0;
  // Null when no attempt of the block is stored.
  virtual Result<std::shared_ptr<const SummaryBlock>> block(BlockNumber number) const = 0;
  // Visits the ids of a problem's attempts behind the cursor `after` (0 = all), ascending or descending, until visit answers
  // false. Ids that retention deleted may still come.
  virtual Status scan_problem(ProblemId problem, bool ascending, AttemptId after,
                              const std::function<bool(AttemptId)>& visit) const = 0;
};

inline constexpr BlockNumber kNewestBlock = UINT64_MAX / kBlockRows;

// One page of results. Visits a block only if its zone allows a match; a problem's attempts are found by postings.
Result<AttemptPage> find_page(const SummarySource& source, const AttemptQuery& query);
// Rows matching the request, ascending id.
Status scan_drawable(const SummarySource& source, const DrawRequest& request,
                     const std::function<void(const AttemptSummary&)>& visit);

}  // namespace autodidact
