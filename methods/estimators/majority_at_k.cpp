// majority@k without drawing subsets. A uniform k-subset is what remains of tossing a coin for every candidate (probability
// p = k/N each) given that k came in. Under the coins answers gather votes independently, so that the subsets in which v votes
// win can be summed by convolving the answers' vote distributions; given the winner's votes, who cast them is exchangeable.

#include <algorithm>
#include <vector>

#include "config/status.hpp"
#include "methods/estimators/ballot.hpp"
#include "methods/estimators/vote_at_k.hpp"

namespace autodidact {
namespace {

using Distribution = std::vector<double>;  // probability of i votes

Distribution binomial(std::uint32_t n, double p) {
  Distribution votes{1};
  for (std::uint32_t i = 0; i < n; ++i) {
    votes.push_back(0);
    for (std::size_t j = votes.size(); j-- > 0;) votes[j] = votes[j] * (1 - p) + (j > 0 ? votes[j - 1] * p : 0);
  }
  return votes;
}

struct Answer {
  std::uint32_t voters = 0, correct = 0;
  Distribution votes;
  double right() const { return static_cast<double>(correct) / voters; }
};

// The mass of the outcomes so far, and that mass times the summed rightness of the answers that have v votes in each.
struct Mass {
  double all = 0, right = 0;
};

// Outcomes in which no answer has more than v votes, by how many have v ("tied") and how many votes are out.
class Outcomes {
 public:
  Outcomes(std::uint64_t k, std::uint64_t v) : k_(k), v_(v), mass_((k / v + 1) * (k + 1)) { at(0, 0).all = 1; }

  void add_silent(const Distribution& votes) {
    for (std::size_t tied = 0; tied <= k_ / v_; ++tied) {
      for (std::size_t out = k_ + 1; out-- > 0;) at(tied, out) = convolved(votes, votes.size(), tied, out);
    }
  }

  // In place, from above: every entry is made of entries that are still old.
  void add(const Answer& answer) {
    for (std::size_t tied = k_ / v_ + 1; tied-- > 0;) {
      for (std::size_t out = k_ + 1; out-- > 0;) {
        Mass sum = convolved(answer.votes, v_, tied, out);
        if (tied > 0 && out >= v_ && answer.votes.size() > v_) {
          const Mass& before = at(tied - 1, out - v_);
          sum.all += before.all * answer.votes[v_];
          sum.right += (before.right + before.all * answer.right()) * answer.votes[v_];
        }
        at(tied, out) = sum;
      }
    }
  }

  // The mass of "a correct answer is taken" when k votes are out and ties are broken evenly.
  double won_right() const {
    double sum = 0;
    for (std::size_t tied = 1; tied <= k_ / v_; ++tied) sum += mass_[tied * (k_ + 1) + k_].right / static_cast<double>(tied);
    return sum;
  }

 private:
  Mass& at(std::size_t tied, std::size_t out) { return mass_[tied * (k_ + 1) + out]; }
  Mass convolved(const Distribution& votes, std::size_t below, std::size_t tied, std::size_t out) {
    Mass sum;
    for (std::size_t i = 0; i < std::min({below, votes.size(), out + 1}); ++i) {
      const Mass& before = at(tied, out - i);
      sum.all += before.all * votes[i];
      sum.right += before.right * votes[i];
    }
    return sum;
  }

  const std::uint64_t k_, v_;
  std::vector<Mass> mass_;
};

}  // namespace

double majority_at_k(JudgedCandidates candidates, std::uint64_t k) {
  const std::size_t n = candidates.size();
  AD_REQUIRE(k >= 1 && k <= n, "majority@k is of 1 <= k <= N candidates");
  const Ballot ballot = make_ballot(candidates);
  std::vector<Answer> answers(ballot.answers);
  std::uint32_t silent = 0, most = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (ballot.answer[i] < 0) {
      ++silent;
      continue;
    }
    Answer& answer = answers[static_cast<std::size_t>(ballot.answer[i])];
    most = std::max(most, ++answer.voters);
    answer.correct += candidates[i].correct ? 1 : 0;
  }

  const double p = static_cast<double>(k) / static_cast<double>(n);
  for (Answer& answer : answers) answer.votes = binomial(answer.voters, p);
  const Distribution silence = binomial(silent, p);
  double won = 0;
  for (std::uint64_t v = 1; v <= std::min<std::uint64_t>(most, k); ++v) {
    Outcomes outcomes(k, v);
    outcomes.add_silent(silence);
    for (const Answer& answer : answers) outcomes.add(answer);
    won += outcomes.won_right();
  }
  return won / binomial(static_cast<std::uint32_t>(n), p)[k];
}

}  // namespace autodidact
