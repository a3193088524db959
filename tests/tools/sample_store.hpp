#pragma once
// A small run as the daemon would have stored it, the same every time: what the replay queries and the tool are tested on.
//
//   40 problems "i+1=" in two groups; 6 seed examples; versions 1 (base), 2, 3 written at steps 100, 200, 300
//   round 1, version 1: problems 0-19, right when i is even; failures asked again with the hint, right when i % 4 == 1
//   round 2, version 2: problems 0-19, right when i % 3 != 0; problems 20-29 cannot be judged
//   steps 101-110 trained version 2 on the seeds and round 1; steps 201-210 version 3 on the seeds and round 2
//   scores of round 1: rollouts of problems 0-9, by step {i / 10, right}; of problem 4 also verifiers 4 (dpo) and 5 (prm)
//   the last attempt is full of what a terminal must not be sent

#include <cstdint>
#include <string>

#include "config/status.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

inline constexpr std::uint64_t kSampleSeeds = 6;
inline constexpr std::uint64_t kSampleLabelled = 10;
inline constexpr std::uint64_t kSampleRound1 = 20, kSampleHinted = 10, kSampleRound2 = 30, kSampleHostile = 1;
inline constexpr std::uint64_t kSampleAttempts = kSampleSeeds + kSampleRound1 + kSampleHinted + kSampleRound2 + kSampleHostile;
// Ids are given in the order of writing: seeds, round 1, its hinted items, round 2, the hostile one.
inline constexpr AttemptId kHostileId = kSampleAttempts;
inline constexpr std::int64_t kSampleStartUs = 1'700'000'000'000'000;  // 2023-11-14 22:13:20 UTC; one second per attempt

// "\x1b]0;owned\x07..." and its friends.
std::string hostile_text();
Problem sample_problem(std::uint64_t index);
AttemptId round1_id(std::uint64_t problem);
AttemptId round2_id(std::uint64_t problem);

Status fill_sample_store(ReplayStore& store);
// versions/v00000N with a tokenizer.json, and the store in <data_dir>/store.
Status write_sample_run(const std::string& data_dir);

}  // namespace autodidact
