#include "tasks/jsonl/problem_set.hpp"

#include <algorithm>
#include <unordered_set>

#include "config/log.hpp"
#include "tasks/counter_hash.hpp"
#include "tasks/jsonl/problem_file.hpp"
#include "tasks/problem_id.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

using Hashes = std::unordered_set<std::uint64_t>;

// What decides the side: the question without its choices.
std::uint64_t question_hash(const ProblemRow& row) { return mix64(make_problem_id("question", normalised(row.question))); }

std::uint64_t whole_hash(const ProblemRow& row) {
  std::string text = normalised(row.question);
  for (const std::string& choice : row.choices) text += "\n" + normalised(choice);
  return make_problem_id("whole", text);
}

// Leaves the first of each; tells how many went.
std::size_t drop_repeated(std::vector<ProblemRow>& rows) {
  Hashes seen;
  return std::erase_if(rows, [&](const ProblemRow& row) { return !seen.insert(whole_hash(row)).second; });
}

// The questions to hold out of a single file.
Result<Hashes> choose_held_out(const std::vector<ProblemRow>& rows, std::int64_t wanted) {
  std::vector<std::uint64_t> hashes;
  for (const ProblemRow& row : rows) hashes.push_back(question_hash(row));
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  const auto size = static_cast<std::int64_t>(hashes.size());
  const std::int64_t count = wanted > 0 ? wanted : std::clamp<std::int64_t>(size / 5, 1, 200);
  if (count >= size) {
    return Status(Errc::kConfig, "task.held_out_size: " + std::to_string(count) + " of the " + std::to_string(size) +
                                     " questions in task.train_file leave none to train on; hold out fewer");
  }
  return Hashes(hashes.begin(), hashes.begin() + count);
}

void keep_first(std::vector<ProblemRow>& rows, std::int64_t count) {
  if (count > 0 && static_cast<std::uint64_t>(count) < rows.size()) rows.resize(static_cast<std::size_t>(count));
}

}  // namespace

Result<ProblemSet> ProblemSet::load(const TaskOptions& options, bool multiple_choice) {
  const RowFormat format{multiple_choice, options.question_field, options.answer_field};
  AD_ASSIGN_OR_RETURN(auto training, read_problem_file(options.train_file, "task.train_file", format));
  std::vector<ProblemRow> held_out;
  if (!options.held_out_file.empty()) {
    AD_ASSIGN_OR_RETURN(held_out, read_problem_file(options.held_out_file, "task.held_out_file", format));
  }
  return make(options, std::move(training), std::move(held_out));
}

Result<ProblemSet> ProblemSet::make(const TaskOptions& options, std::vector<ProblemRow> training,
                                    std::vector<ProblemRow> held_out) {
  ProblemSet set;
  set.repeated_ = drop_repeated(training) + drop_repeated(held_out);
  Hashes aside;
  if (held_out.empty()) {
    AD_ASSIGN_OR_RETURN(aside, choose_held_out(training, options.held_out_size));
    std::ranges::copy_if(training, std::back_inserter(held_out),
                         [&](const ProblemRow& row) { return aside.contains(question_hash(row)); });
    std::erase_if(training, [&](const ProblemRow& row) { return aside.contains(question_hash(row)); });
  } else {
    for (const ProblemRow& row : held_out) aside.insert(question_hash(row));
    set.withdrawn_ = std::erase_if(training, [&](const ProblemRow& row) { return aside.contains(question_hash(row)); });
    keep_first(held_out, options.held_out_size);
  }
  if (training.empty()) {
    return Status(Errc::kConfig, "task.train_file: every question in it is in task.held_out_file; none is left to train on");
  }
  keep_first(training, options.limit);
  set.training_ = std::move(training);
  set.held_out_ = std::move(held_out);
  log_info("task", "problems read",
           {{"training", set.training_.size()},
            {"held_out", set.held_out_.size()},
            {"repeated", set.repeated_},
            {"withdrawn", set.withdrawn_}});
  return set;
}

}  // namespace autodidact
