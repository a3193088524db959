#include "actors/curriculum.hpp"

namespace autodidact {

Result<std::vector<JudgedAttempt>> seed_attempts(const Task& task, const Prompts& prompts, std::vector<Problem>* problems) {
  std::vector<JudgedAttempt> seeds;
  for (const WorkedExample& example : task.seeds()) {
    JudgedAttempt judged;
    Attempt& attempt = judged.attempt;
    attempt.problem = example.problem.id;
    attempt.method = "seed";
    attempt.seed_example = true;
    attempt.hinted = example.hinted;
    attempt.text = example.completion;
    // A hinted seed teaches how to rationalize, so its hint stays; of sampled attempts no hint is ever stored.
    AD_ASSIGN_OR_RETURN(auto pair, prompts.seed(example));
    attempt.prompt_tokens = std::move(pair.prompt);
    attempt.tokens = std::move(pair.completion);
    judged.verdict = task.judge(example.problem, example.completion, true);
    judged.selection = {true, Reject::kNone, 1.0f};
    problems->push_back(example.problem);
    seeds.push_back(std::move(judged));
  }
  return seeds;
}

}  // namespace autodidact
