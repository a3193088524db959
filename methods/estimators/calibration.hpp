#pragma once
// A confidence that means what it says: of the answers given 0.8, eight in ten are right. Logistic regression on standardised
// evidence, with a ridge on its weights. Fitted on held-out problems the verifier was not trained on. A value: any thread may
// hold one; it is kept as JSON beside the version of the weights it was fitted for, and is of no use to another.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "config/status.hpp"
#include "methods/estimators/answer_evidence.hpp"

namespace autodidact {

struct JudgedAnswer {
  AnswerEvidence evidence = {};
  bool correct = false;
};

class Calibration {
 public:
  // Newton's method on the mean log-loss + ridge / 2n * |weights|^2. Evidence that is not finite counts as the mean,
  // evidence that never varies has no weight. Platt's targets, (n+ + 1) / (n+ + 2) and 1 / (n- + 2) instead of 1 and 0, and the
  // ridge keep every weight finite though the classes be separable, or one be missing. kBadInput without any answer.
  static Result<Calibration> fit(std::span<const JudgedAnswer> answers, double ridge = 1.0);

  // The probability that the answer is right, in (0, 1). Evidence beyond what was seen counts as the utmost that was seen.
  double confidence(const AnswerEvidence& evidence) const;

  std::uint64_t answers() const { return answers_; }          // it was fitted on
  const AnswerEvidence& weights() const { return weights_; }  // per standard deviation of the evidence

  std::string to_json() const;
  // kBadInput with the field at fault: hostile until checked. Confidences are the same to the last bit.
  static Result<Calibration> from_json(std::string_view text);

 private:
  AnswerEvidence standardised(const AnswerEvidence& evidence) const;
  Status read_evidence(const nlohmann::json& row, std::size_t j);
  void learn_scales(std::span<const JudgedAnswer> answers);

  std::uint64_t answers_ = 0;
  double intercept_ = 0;
  AnswerEvidence weights_ = {}, mean_ = {}, scale_ = {};  // scale 0: never varied
  AnswerEvidence least_ = {}, most_ = {};                 // standardised, as seen
};

}  // namespace autodidact
