#pragma once
// What a model must be taught to revise (arXiv 2408.03314, section 6.1 and appendix H): right attempts behind up to four wrong
// ones at the same problem, the last of which looks most like the right one, so that there is something to mend. Only the right
// one is learnt. Also how earlier attempts stand before the next one, in training as in search/revision.cpp. Pure functions of
// their arguments; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/types.hpp"
#include "model/train_example.hpp"

namespace autodidact {

constexpr std::size_t kShownAttempts = 4;

// The newest of `attempts` (oldest first), kShownAttempts at most and within `room` tokens: each followed by the question
// again.
std::vector<TokenId> shown_attempts(std::span<const std::span<const TokenId>> attempts, std::span<const TokenId> prompt,
                                    std::int64_t room);

// Insertions, deletions and replacements of bytes; most + 1 stands for all that are more than `most`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most);

// Whether this attempt is one of the `share` that are learnt as revisions; the same ones in every run of a seed.
bool is_revised(AttemptId right, double share, std::uint64_t seed);

// Which of `wrong` are shown before the attempt `right`, oldest first: none to kShownAttempts, as many of each number on
// average while there are enough, at random but for the last, which is closest to right_text.
std::vector<std::size_t> draw_shown(AttemptId right, std::string_view right_text, std::span<const std::string> wrong,
                                    std::uint64_t seed);

// The attempt behind `shown`, of which all is prompt: the oldest are left out where the model has no room.
TrainExample revision_example(const JudgedAttempt& right, std::span<const std::span<const TokenId>> shown,
                              std::int64_t max_positions);

}  // namespace autodidact
