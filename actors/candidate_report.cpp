#include "actors/candidate_report.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "methods/estimators/risk_coverage.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

// The answer that most weight is behind, the first of equals; "" when nobody has one.
std::string vote(JudgedCandidates candidates) {
  double highest = -std::numeric_limits<double>::infinity();
  for (const JudgedCandidate& c : candidates) highest = std::fmax(highest, c.score);
  const bool scored = std::isfinite(highest);
  std::vector<std::pair<std::string, double>> sums;
  for (const JudgedCandidate& c : candidates) {
    if (c.answer.empty()) continue;
    const auto same = std::find_if(sums.begin(), sums.end(), [&](const auto& sum) { return sum.first == c.answer; });
    const double weight = !scored ? 1 : std::isfinite(c.score) ? std::exp(c.score - highest) : 0;
    if (same == sums.end())
      sums.emplace_back(c.answer, weight);
    else
      same->second += weight;
  }
  const auto most =
      std::max_element(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == sums.end() ? "" : most->first;
}

bool any_right(JudgedCandidates candidates, const std::string& answer) {
  return std::any_of(candidates.begin(), candidates.end(), [&](const auto& c) { return c.correct && c.answer == answer; });
}

// A curve of at most this many points says as much as one of thousands.
constexpr std::size_t kCurvePoints = 50;

json points_json(const std::vector<RiskPoint>& curve) {
  json points = json::array();
  const std::size_t every = std::max<std::size_t>(1, curve.size() / kCurvePoints);
  for (std::size_t i = 0; i < curve.size(); ++i)
    if (i % every == 0 || i + 1 == curve.size()) points.push_back({curve[i].threshold, curve[i].coverage, curve[i].error});
  return points;
}

}  // namespace

bool is_right(const Task& task, const Problem& problem, const Candidate& candidate) {
  return candidate.whole && task.judge(problem, candidate.text, /*process=*/false).answer_correct;
}

std::vector<JudgedCandidate> judged_candidates(const Task& task, const Problem& problem, const SearchOutcome& outcome,
                                               std::size_t samples) {
  std::vector<JudgedCandidate> judged;
  for (const Candidate& candidate : outcome.result.candidates) {
    JudgedCandidate one;
    one.correct = is_right(task, problem, candidate);
    if (candidate.score) one.score = candidate.score->score;
    one.answer = candidate.answer;
    one.tokens = candidate.tokens.size();
    judged.push_back(std::move(one));
  }
  if (judged.size() < samples) judged.resize(samples);
  return judged;
}

json estimate_json(const MeanEstimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

json curve_json(const SelectionCurve& curve) {
  json points = json::array();
  for (const SelectionPoint& point : curve) {
    json row = {{"k", point.k},
                {"tokens", point.tokens},
                {"pass", estimate_json(point.pass)},
                {"majority", estimate_json(point.majority)}};
    if (!std::isnan(point.best.value)) row["best"] = estimate_json(point.best);
    if (!std::isnan(point.weighted.value)) row["weighted"] = estimate_json(point.weighted);
    points.push_back(std::move(row));
  }
  return points;
}

std::vector<JudgedAnswer> judged_votes(std::span<const std::vector<JudgedCandidate>> problems) {
  std::vector<JudgedAnswer> answers;
  std::size_t most = problems.empty() ? 0 : problems.front().size();
  for (const auto& candidates : problems) most = std::min(most, candidates.size());
  for (const auto& candidates : problems) {
    for (std::size_t k = 1; k <= most; k *= 2) {
      const JudgedCandidates first(candidates.data(), k);
      const std::string answer = vote(first);
      answers.push_back({answer_evidence(first, answer), !answer.empty() && any_right(first, answer)});
    }
  }
  return answers;
}

std::vector<JudgedConfidence> cross_fitted(std::span<const JudgedAnswer> answers, std::size_t per_problem) {
  AD_REQUIRE(per_problem > 0 && answers.size() % per_problem == 0, "answers of some problems are missing");
  const std::size_t problems = answers.size() / per_problem;
  if (problems < 4) return {};
  std::vector<JudgedAnswer> halves[2];
  for (std::size_t i = 0; i < answers.size(); ++i) halves[i / per_problem % 2].push_back(answers[i]);
  std::vector<JudgedConfidence> out;
  for (int half = 0; half < 2; ++half) {
    const auto fitted = Calibration::fit(halves[1 - half]);
    if (!fitted.ok()) return {};
    for (const JudgedAnswer& answer : halves[half]) out.push_back({fitted->confidence(answer.evidence), answer.correct});
  }
  return out;
}

json confidence_json(JudgedConfidences answers) {
  const double wrong = static_cast<double>(
      std::count_if(answers.begin(), answers.end(), [](const JudgedConfidence& answer) { return !answer.correct; }));
  return {{"answers", answers.size()},
          {"ece", expected_calibration_error(answers)},
          {"adaptive_ece", adaptive_calibration_error(answers)},
          {"brier", brier_score(answers)},
          {"aurc", area_under_risk_coverage(answers)},
          {"error", wrong / static_cast<double>(answers.size())},
          {"error_after_abstaining_20", error_after_abstaining(answers, 0.2)},
          {"risk_coverage", points_json(risk_coverage_curve(answers))}};
}

}  // namespace autodidact
