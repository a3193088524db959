#pragma once
// How far what is trained on lies behind what serves. No CAF; no state; any thread.

#include <optional>
#include <span>

#include "actors/metrics.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

struct Staleness {
  double mean = 0, max = 0;  // versions
};

// Of a batch: from the version that sampled each attempt to `newest`. Seeds are of no version and do not count; nothing when
// there is nothing else.
std::optional<Staleness> staleness_of(const ReplayStore& store, std::span<const AttemptId> batch, VersionId newest);
// The same into autodidact_staleness_versions.
void note_staleness(const ReplayStore& store, std::span<const AttemptId> batch, VersionId newest, Metrics& metrics);

}  // namespace autodidact
