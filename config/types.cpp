#include "config/types.hpp"

namespace autodidact {

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCannotJudge: return "cannot_judge";
    case Outcome::kCorrect: return "correct";
    case Outcome::kWrong: return "wrong";
  }
  return "cannot_judge";
}

const char* name(Reject reason) {
  switch (reason) {
    case Reject::kNone: return "none";
    case Reject::kWrong: return "wrong";
    case Reject::kCannotJudge: return "cannot_judge";
    case Reject::kDuplicate: return "duplicate";
    case Reject::kProblemCap: return "problem_cap";
    case Reject::kTooLong: return "too_long";
    case Reject::kTruncated: return "truncated";
    case Reject::kHintLeak: return "hint_leak";
    case Reject::kStale: return "stale";
    case Reject::kMethod: return "method";
  }
  return "none";
}

const char* name(Finish finish) {
  switch (finish) {
    case Finish::kStop: return "stop";
    case Finish::kLength: return "length";
    case Finish::kCancelled: return "cancelled";
    case Finish::kError: return "error";
    case Finish::kDeadline: return "deadline";
  }
  return "error";
}

const char* name(VersionState state) {
  switch (state) {
    case VersionState::kCandidate: return "candidate";
    case VersionState::kPromoted: return "promoted";
    case VersionState::kRefused: return "refused";
    case VersionState::kRolledBack: return "rolled_back";
  }
  return "candidate";
}

const char* name(VersionLine line) { return line == VersionLine::kVerifier ? "verifier" : "generator"; }

}  // namespace autodidact
