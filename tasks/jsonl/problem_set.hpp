#pragma once
// A finite set of problems in two parts that never meet: what is trained on, and what is held out. Immutable after
// construction; any thread. Nothing to persist: the same files and options give the same set.

#include <cstdint>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "config/status.hpp"
#include "tasks/jsonl/layout.hpp"

namespace autodidact {

class ProblemSet {
 public:
  // Reads what `options` name: training and held-out problems, with every error under the key of its setting.
  static Result<ProblemSet> load(const TaskOptions& options, bool multiple_choice);

  // `held_out` empty: options.held_out_size questions of `training` are held out, those whose text has the least hashes: the
  // same whatever the seed and the order of the lines. Else the first held_out_size of it are, and no question in it is
  // trained on. Questions are the same when they differ in white space and letter case alone; one that stands twice is
  // taken once.
  static Result<ProblemSet> make(const TaskOptions& options, std::vector<ProblemRow> training,
                                 std::vector<ProblemRow> held_out);

  const std::vector<ProblemRow>& training() const { return training_; }
  const std::vector<ProblemRow>& held_out() const { return held_out_; }
  std::size_t repeated() const { return repeated_; }    // lines left out because they stand twice
  std::size_t withdrawn() const { return withdrawn_; }  // training lines left out because they are held out

 private:
  ProblemSet() = default;

  std::vector<ProblemRow> training_, held_out_;
  std::size_t repeated_ = 0, withdrawn_ = 0;
};

}  // namespace autodidact
