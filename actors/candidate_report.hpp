#pragma once
// From the candidates of held-out problems to numbers: what choosing among k of them is worth, and how far an answer's
// confidence can be believed. No CAF. Pure functions of their arguments; any thread.

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "methods/estimators/calibration.hpp"
#include "methods/estimators/calibration_metrics.hpp"
#include "methods/estimators/selection_curve.hpp"
#include "methods/search/search_engine.hpp"
#include "tasks/task.hpp"

namespace autodidact {

// Whether a candidate's answer is right. An unfinished one is wrong.
bool is_right(const Task& task, const Problem& problem, const Candidate& candidate);

// What the estimators know of an outcome's candidates, filled up to `samples` with wrong ones that say nothing: budget,
// deadline or the model's length took those, and leaving them out would flatter.
std::vector<JudgedCandidate> judged_candidates(const Task& task, const Problem& problem, const SearchOutcome& outcome,
                                               std::size_t samples);

// [{"k", "tokens", "pass": {"value", "low", "high"}, "best": …, "majority": …, "weighted": …}]; best and weighted are missing
// without a verifier.
nlohmann::json curve_json(const SelectionCurve& curve);
nlohmann::json estimate_json(const MeanEstimate& estimate);

// Answers as the vote among the first 1, 2, 4, … candidates gives them (weighted by their scores where they have any): what a
// confidence is fitted on, so that it holds for few samples and for many.
std::vector<JudgedAnswer> judged_votes(std::span<const std::vector<JudgedCandidate>> problems);

// Each half's answers with the confidence fitted on the other half: problems alternate, `per_problem` answers each. Empty for
// fewer than four problems.
std::vector<JudgedConfidence> cross_fitted(std::span<const JudgedAnswer> answers, std::size_t per_problem);

// {"ece", "adaptive_ece", "brier", "aurc", "error", "error_after_abstaining_20", "risk_coverage": [[threshold, coverage,
// error]]}
nlohmann::json confidence_json(JudgedConfidences answers);

}  // namespace autodidact
