#pragma once
// The parts of `export`, a format each. Rows are the same bytes for the same store and filter. Private to storage/inspect_*;
// stateless; any thread.

#include <functional>

#include "storage/inspect_request.hpp"

namespace autodidact {

// Rows of a page with their attempts and problems, read a few hundred at a time; `visit` returns false to stop.
using VisitAttempt = std::function<Result<bool>(const AttemptSummary&, const JudgedAttempt&, const Problem&)>;
Result<bool> read_rows(const InspectCall& call, std::span<const AttemptSummary> rows, const VisitAttempt& visit);

// {"prompt","chosen","rejected"} (preferences) or {"prompt","completion","label"} (unpaired preferences), by problem: drawn
// from its distinct attempts without a hint as a verifier's are, see methods/preference.hpp. `per_problem`: pairs, or attempts
// of either outcome. Takes 24 bytes of memory for each attempt that matches.
enum class Graded { kPairs, kSingles };
Status export_graded(const InspectCall& call, AttemptQuery query, Graded kind, std::uint64_t per_problem);

// {"prompt","completion","tokens","step_ends","values"}: attempts without a hint whose steps rollouts have labelled.
Status export_steps(const InspectCall& call, AttemptQuery query);

}  // namespace autodidact
