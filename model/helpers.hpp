#pragma once
// Threads that share the work of one pass, when whoever computes has them to itself; without them it computes alone. A value:
// copies name the same threads. One thread at a time shares.

#include <algorithm>
#include <cstdint>

#include "model/worker_pool.hpp"

namespace autodidact {

class Helpers {
 public:
  // Pieces for each thread: one that comes late, or that the system takes off its core, has fewer of them.
  static constexpr std::int64_t kPiecesEach = 4;

  explicit Helpers(WorkerPool* pool = nullptr) : pool_(pool) {}

  // work(piece, first, count) for 0 .. size - 1, piece < kPiecesEach * threads; in one piece on this thread when there is
  // nobody, or `size` times `each` multiply-adds are not worth waking anybody for. Pieces begin at multiples of `multiple`.
  template <class Work>
  void share(std::int64_t size, std::int64_t each, std::int64_t multiple, Work work) const {
    constexpr std::int64_t kWorthSharing = std::int64_t{1} << 18;
    if (pool_ == nullptr || pool_->threads() == 1 || size * each < kWorthSharing) return work(0, 0, size);
    const std::int64_t pieces = kPiecesEach * pool_->threads(), units = (size + multiple - 1) / multiple;
    pool_->run_pieces(size, (units + pieces - 1) / pieces * multiple, work);
  }

 private:
  WorkerPool* pool_;
};

}  // namespace autodidact
