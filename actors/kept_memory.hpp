#pragma once
// What was kept before for each problem: how many, and their token hashes, for the method's cap and duplicate rules. Plain
// class, one owner. Bounded: the problems longest untouched are forgotten, which can only keep one more duplicate of an old
// problem. Nothing here is durable; recall() rebuilds it from the store.

#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>
#include <vector>

#include "config/status.hpp"
#include "config/types.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

class KeptMemory {
 public:
  explicit KeptMemory(std::size_t max_problems = 1 << 17) : max_problems_(max_problems) {}

  struct Kept {
    std::uint64_t count = 0;
    std::vector<std::uint64_t> hashes;  // the newest kMaxHashes
  };
  const Kept& of(ProblemId problem);
  void keep(ProblemId problem, std::uint64_t hash);
  void clear();
  std::size_t problems() const { return order_.size(); }

  // Fills from kept attempts of rounds >= min_round, the newest max_problems of them.
  Status recall(const ReplayStore& store, std::uint32_t min_round);

 private:
  static constexpr std::size_t kMaxHashes = 64;
  struct Entry {
    Kept kept;
    std::list<ProblemId>::iterator place;
  };
  Entry& touch(ProblemId problem);

  const std::size_t max_problems_;
  std::list<ProblemId> order_;  // newest use first
  std::unordered_map<ProblemId, Entry> entries_;
};

}  // namespace autodidact
