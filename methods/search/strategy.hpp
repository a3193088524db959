#pragma once
// How an answer is searched for, as users write it: "majority:n=16", "beam:n=16,width=4". Parsed and checked here, run by
// search.hpp. Values; any thread.
//
//   greedy                       one sample at temperature 0
//   sample                       one sample
//   majority:n,early_stop        n samples, the answer most of them give
//   best_of_n:n,early_stop       the sample the verifier scores highest
//   weighted:n,early_stop        the answer with the largest sum of verifier scores (weighted best-of-n)
//   beam:n,width                 n beams grown step by step, the best n/width by the process verifier grown `width` times each
//   lookahead:n,width,k          beam search whose scores look k steps ahead, greedily
//   dvts:n,width                 n/width independent beams of one: diverse verifier tree search
//   revise:n,length              n/length chains of `length` attempts, each seeing those before; votes within, then across
//   auto                         by predicted difficulty, from the table that `autodidact eval --fit-auto` fitted

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

struct Strategy {
  std::string name = "greedy";
  std::uint32_t n = 16;     // samples, or beams
  std::uint32_t width = 4;  // continuations of each beam that is kept
  std::uint32_t k = 1;      // lookahead steps
  std::uint32_t length = 4;
  bool early_stop = false;  // once no outstanding sample can change the choice

  bool scores() const;        // needs a learned verifier
  bool scores_steps() const;  // … of steps
  std::string text() const;   // what parse_strategy() reads, with the parameters it has
};

// kUsage names what is wrong and what there is: unknown names, parameters of another strategy, numbers out of range (n up to
// 1024), a width that does not divide n.
Result<Strategy> parse_strategy(std::string_view text);
const std::vector<std::string>& strategy_names();

}  // namespace autodidact
