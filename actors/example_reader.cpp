#include "actors/example_reader.hpp"

#include <algorithm>

namespace autodidact {
namespace {

constexpr std::size_t kKept = 1 << 18;

}  // namespace

// Ascending, each once.
std::vector<AttemptId> ExampleReader::missing(const std::vector<AttemptId>& ids) const {
  std::vector<AttemptId> missing;
  for (const AttemptId id : ids) {
    if (!examples_.contains(id)) missing.push_back(id);
  }
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  return missing;
}

void ExampleReader::keep(const Attempts& attempts) {
  if (!attempts.ok()) return;
  for (const auto& judged : *attempts) {
    TrainExample example = make_example(judged);
    if (judged.selection.weight > 0) example.weight = judged.selection.weight;
    examples_.emplace(judged.attempt.id, std::move(example));
  }
}

void ExampleReader::read_ahead(const std::vector<AttemptId>& ids) {
  auto wanted = missing(ids);
  if (wanted.empty()) return;
  ahead_ = post_future(*thread_, [store = store_, wanted = std::move(wanted)] { return store->read(wanted); });
}

Result<std::vector<TrainExample>> ExampleReader::load(const std::vector<AttemptId>& ids) {
  if (examples_.size() > kKept) examples_.clear();
  if (ahead_.valid()) keep(ahead_.get());
  if (const auto wanted = missing(ids); !wanted.empty()) {
    const auto attempts = store_->read(wanted);
    if (!attempts.ok()) return attempts.status();
    keep(attempts);
  }
  std::vector<TrainExample> batch;
  batch.reserve(ids.size());
  for (const AttemptId id : ids) batch.push_back(examples_.at(id));
  return batch;
}

}  // namespace autodidact
