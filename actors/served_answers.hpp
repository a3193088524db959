#pragma once
// Answers that were given away, as the loop may learn from them: attempts of items of their own (rounds no loop reaches),
// stored as they were given; with feedback they are graded and their question is asked again in the next round. No CAF. Owned
// by the daemon; any thread, but grade() blocks on the store.
//
// Everything is derived from the store, so it survives a crash with it: an answer's item is a hash of its id; feedback makes a
// second item of the same number, asking again a third. Each is done once, whoever sends what how often.

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/answer_backend.hpp"
#include "actors/context.hpp"
#include "actors/round_cursor.hpp"

namespace autodidact {

class ServedAnswers {
 public:
  explicit ServedAnswers(ContextPtr context) : context_(std::move(context)) {}

  // Kept as they are, not to be trained on before they are graded. Does not block; what the store has no room for is lost, and
  // a metric says so.
  void store(const std::string& id, Problem problem, std::vector<Attempt> attempts);

  // What the filter is to judge and to commit: the answer's attempts, and their problem with the reference that the feedback
  // gives it. Where the task knows the answer itself its own reference stays.
  struct Graded {
    WorkItem work;
    std::vector<Attempt> attempts;
  };
  // kNotFound: no such answer is stored. kUsage: the feedback says nothing that could be learnt.
  Result<Graded> grade(const Feedback& feedback);

 private:
  struct Served {
    ItemId item;
    ProblemId problem;
  };
  Result<Served> find(const std::string& id);
  Result<std::vector<Attempt>> attempts_of(const Served& served) const;
  void remember(ItemId item, ProblemId problem);
  bool held_out(ProblemId problem);

  const ContextPtr context_;
  std::mutex mutex_;
  std::unordered_map<ItemId, std::pair<ProblemId, std::list<ItemId>::iterator>> recent_;  // guarded by mutex_
  std::list<ItemId> order_;                                                               // guarded by mutex_; newest first
  std::unordered_set<ProblemId> held_out_;                                                // guarded by mutex_
};

// Problems with feedback that no round has asked again, at most as many as one round takes.
Result<std::vector<AskedAgain>> asked_again(const ReplayStore& store);

}  // namespace autodidact
