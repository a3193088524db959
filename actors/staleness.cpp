#include "actors/staleness.hpp"

#include <algorithm>

namespace autodidact {

std::optional<Staleness> staleness_of(const ReplayStore& store, std::span<const AttemptId> batch, VersionId newest) {
  Staleness staleness;
  double sampled = 0;
  for (const AttemptId id : batch) {
    const auto summary = store.summary(id);
    if (!summary || summary->seed_example || summary->version > newest) continue;
    const double behind = newest - summary->version;
    staleness.mean += behind;
    staleness.max = std::max(staleness.max, behind);
    ++sampled;
  }
  if (sampled == 0) return std::nullopt;
  staleness.mean /= sampled;
  return staleness;
}

void note_staleness(const ReplayStore& store, std::span<const AttemptId> batch, VersionId newest, Metrics& metrics) {
  const auto staleness = staleness_of(store, batch, newest);
  if (!staleness) return;
  metrics.set("autodidact_staleness_versions", "mean", staleness->mean);
  metrics.set("autodidact_staleness_versions", "max", staleness->max);
}

}  // namespace autodidact
