#pragma once
// The two addition checkers. Pure; any thread; linear in the length of the completion and in that of the right scratchpad,
// whatever bytes a model (or an attacker) puts there.

#include <string_view>

#include "config/types.hpp"
#include "tasks/scratchpad_format.hpp"

namespace autodidact {

// answer: the final answer equals the reference. process: besides, the whole scratchpad is the one right text of the problem's
// prompt. Either way step_scores says how far the scratchpad is right: one entry per step of the right text, 1 up to the
// first wrong step and 0 from there on. kCannotJudge without a reference, or when the prompt is no sum in this format.
Verdict judge_addition(const ScratchpadFormat& format, const Problem& problem, std::string_view completion, bool process);

}  // namespace autodidact
