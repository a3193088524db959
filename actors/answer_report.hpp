#pragma once
// What a strategy's outcome says beside its answer. Pure functions; any thread.

#include "actors/answer_backend.hpp"
#include "methods/estimators/calibration.hpp"
#include "methods/search/search_engine.hpp"

namespace autodidact {

// What stands in the place of an answer that is withheld.
inline constexpr const char* kDontKnow = "I don't know.";

// calibration: null: there is no confidence, and nothing is withheld. abstain_below: 0 = never.
ReasoningReport reasoning_report(const SearchOutcome& outcome, const Calibration* calibration, double abstain_below);

}  // namespace autodidact
