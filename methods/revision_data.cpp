#include "methods/revision_data.hpp"

#include <algorithm>
#include <utility>

#include "methods/method.hpp"
#include "tasks/counter_hash.hpp"
#include "tasks/shuffle.hpp"

namespace autodidact {
namespace {

// Streams of counter_hash() that nothing else of a run uses.
constexpr std::uint64_t kShareStream = 0x7265'7669, kNumberStream = 0x7368'6f77, kOrderStream = 0x6f72'6468;
constexpr std::size_t kCompared = 2048;  // bytes of a text that distances look at

std::size_t closest(std::string_view right, std::span<const std::string> wrong) {
  std::size_t best = 0, distance = kCompared;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const std::size_t d = edit_distance(right, std::string_view(wrong[i]).substr(0, kCompared), distance);
    if (d < distance) best = i, distance = d;
  }
  return best;
}

}  // namespace

std::vector<TokenId> shown_attempts(std::span<const std::span<const TokenId>> attempts, std::span<const TokenId> prompt,
                                    std::int64_t room) {
  std::size_t first = attempts.size();
  while (first > 0 && attempts.size() - first < kShownAttempts) {
    room -= static_cast<std::int64_t>(attempts[first - 1].size() + prompt.size());
    if (room < 0) break;
    --first;
  }
  std::vector<TokenId> shown;
  for (const auto& attempt : attempts.subspan(first)) {
    shown.insert(shown.end(), attempt.begin(), attempt.end());
    shown.insert(shown.end(), prompt.begin(), prompt.end());
  }
  return shown;
}

// By rows of the table of distances between beginnings, of which only the diagonal band within `most` is filled in (Ukkonen).
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  if (a.size() > b.size()) std::swap(a, b);
  const std::size_t none = most + 1;
  if (b.size() - a.size() > most) return none;
  if (a.empty()) return b.size();
  std::vector<std::size_t> row(a.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::min(i, none);
  for (std::size_t j = 1; j <= b.size(); ++j) {
    const std::size_t first = j > most ? j - most : 1, last = std::min(a.size(), j + most);
    std::size_t diagonal = row[first - 1];
    std::size_t least = row[first - 1] = first == 1 ? std::min(j, none) : none;
    for (std::size_t i = first; i <= last; ++i) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = row[i];
      row[i] = std::min({replaced, diagonal + 1, row[i - 1] + 1, none});
      least = std::min(least, row[i]);
    }
    if (least == none) return none;
  }
  return row.back();
}

bool is_revised(AttemptId right, double share, std::uint64_t seed) {
  return unit(counter_hash({seed, kShareStream, right})) < share;
}

std::vector<std::size_t> draw_shown(AttemptId right, std::string_view right_text, std::span<const std::string> wrong,
                                    std::uint64_t seed) {
  const std::size_t number =
      std::min<std::size_t>(below(counter_hash({seed, kNumberStream, right}), kShownAttempts + 1), wrong.size());
  std::vector<std::size_t> shown;
  if (number == 0) return shown;
  const std::size_t last = closest(right_text.substr(0, kCompared), wrong);
  for (std::size_t i = 0; i + 1 < number; ++i) {
    const std::size_t drawn = shuffled(i, wrong.size() - 1, counter_hash({seed, kOrderStream, right}));
    shown.push_back(drawn < last ? drawn : drawn + 1);
  }
  shown.push_back(last);
  return shown;
}

TrainExample revision_example(const JudgedAttempt& right, std::span<const std::span<const TokenId>> shown,
                              std::int64_t max_positions) {
  TrainExample example = make_example(right);
  const std::vector<TokenId>& prompt = right.attempt.prompt_tokens;
  const auto context = shown_attempts(shown, prompt, max_positions - static_cast<std::int64_t>(example.tokens.size()));
  example.tokens.insert(example.tokens.begin() + static_cast<std::ptrdiff_t>(prompt.size()), context.begin(), context.end());
  example.prompt_length += static_cast<std::uint32_t>(context.size());
  return example;
}

}  // namespace autodidact
