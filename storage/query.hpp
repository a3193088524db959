#pragma once
// What both stores agree on: the summary of an attempt, what a filter means, what a well-formed WriteSet is. Pure functions;
// any thread.

#include "storage/replay_store.hpp"
#include "storage/selector.hpp"

namespace autodidact {

AttemptSummary summarize(const JudgedAttempt& judged);
bool matches(const AttemptQuery& query, const AttemptSummary& row);
// The attempts a training batch may be drawn from.
bool matches(const DrawRequest& request, const AttemptSummary& row);
SelectorOptions selector_options(const DrawRequest& request);
// True when `id` lies behind the query's cursor.
bool past_cursor(const AttemptQuery& query, AttemptId id);

// Fills the item and problem of attempts that left them 0, then checks what the store relies on. kInternal names the attempt:
// a malformed set is a bug of the caller.
Status normalize(WriteSet& set);

// Whether a well-formed score may be stored of this attempt (unset = not there): kNotFound, or kInternal when its steps end
// behind the completion. To be asked of a whole set before any of it is applied.
Status check_target(const AttemptScore& score, const std::optional<AttemptSummary>& attempt);

// Attempts and seeds of the set.
std::size_t attempt_count(const WriteSet& set);

}  // namespace autodidact
