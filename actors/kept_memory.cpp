#include "actors/kept_memory.hpp"

#include <algorithm>

#include "methods/method.hpp"

namespace autodidact {

KeptMemory::Entry& KeptMemory::touch(ProblemId problem) {
  auto it = entries_.find(problem);
  if (it == entries_.end()) {
    order_.push_front(problem);
    it = entries_.emplace(problem, Entry{{}, order_.begin()}).first;
    if (order_.size() > max_problems_) {
      entries_.erase(order_.back());
      order_.pop_back();
    }
  } else if (it->second.place != order_.begin()) {
    order_.splice(order_.begin(), order_, it->second.place);
  }
  return it->second;
}

const KeptMemory::Kept& KeptMemory::of(ProblemId problem) {
  static const Kept kNothing;
  const auto it = entries_.find(problem);
  return it == entries_.end() ? kNothing : it->second.kept;
}

void KeptMemory::keep(ProblemId problem, std::uint64_t hash) {
  Kept& kept = touch(problem).kept;
  ++kept.count;
  if (kept.hashes.size() == kMaxHashes) kept.hashes.erase(kept.hashes.begin());
  kept.hashes.push_back(hash);
}

void KeptMemory::clear() {
  order_.clear();
  entries_.clear();
}

Status KeptMemory::recall(const ReplayStore& store, std::uint32_t min_round) {
  clear();
  DrawRequest request;
  request.min_round = min_round;
  auto ids = store.kept_ids(request);
  if (ids.size() > max_problems_) ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(max_problems_));
  constexpr std::size_t kChunk = 512;
  for (std::size_t i = 0; i < ids.size(); i += kChunk) {
    const auto n = std::min(kChunk, ids.size() - i);
    AD_ASSIGN_OR_RETURN(const auto attempts, store.read({ids.data() + i, n}));
    for (const auto& judged : attempts) keep(judged.attempt.problem, token_hash(judged.attempt.tokens));
  }
  return {};
}

}  // namespace autodidact
