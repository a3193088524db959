#pragma once
// What is known, at the moment of answering, about the answer that was chosen: a small vector for calibration.hpp. Made alike
// when candidates have been judged (to fit) and when they have not (to serve). Pure; any thread.

#include <array>
#include <string>

#include "methods/estimators/judged_candidate.hpp"

namespace autodidact {

// In the order of AnswerEvidence; part of the artefact's format.
constexpr std::array<const char*, 5> kEvidenceNames = {"vote_share", "score", "margin", "log_votes", "log_tokens"};
using AnswerEvidence = std::array<double, kEvidenceNames.size()>;  // NaN: not known

// vote_share: of the candidates that have an answer, those with this one.
// score:      the highest of its candidates', a logarithm of the verifier's probability or likelihood.
// margin:     score less the highest of any other answer's; not known without a rival that has one.
// log_votes:  log(1 + candidates with this answer).
// log_tokens: log(1 + mean tokens of its candidates).
// `correct` is not looked at. An answer nobody gave has share and votes 0, the rest not known.
AnswerEvidence answer_evidence(JudgedCandidates candidates, const std::string& answer);

}  // namespace autodidact
