#include "tests/clients/sum_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

namespace autodidact {

namespace {

constexpr std::size_t kContext = 2048;
constexpr char kEnd = '\0';  // the stop token
const float kSure = std::log(0.9f), kUnsure = std::log(0.1f / 255);

std::string text_of(char token) { return token == kEnd ? std::string() : std::string(1, token); }

// What the model expects behind `text`.
char next_of(const std::string& text) {
  const auto equals = text.rfind('=');
  const auto plus = text.rfind('+', equals);
  if (equals == std::string::npos || plus == std::string::npos) return '?';
  auto begin = plus;
  while (begin > 0 && std::isdigit(static_cast<unsigned char>(text[begin - 1])) != 0) --begin;
  const long sum = std::atol(text.c_str() + begin) + std::atol(text.c_str() + plus + 1);
  const std::string whole = std::to_string(sum), said = text.substr(equals + 1);
  if (said.size() < whole.size() && whole.starts_with(said)) return whole[said.size()];
  return kEnd;
}

AnswerToken token_of(const std::string& before, char token) {
  const char best = next_of(before);
  AnswerToken out;
  out.id = static_cast<unsigned char>(token);
  out.text = text_of(token);
  if (!before.empty()) out.logprob = token == best ? kSure : kUnsure;
  if (!before.empty()) out.best = std::pair(text_of(best), kSure);
  return out;
}

Result<std::string> prompt_of(const AnswerRequest& request) {
  std::string prompt = request.prompt.value_or("");
  if (!request.messages.empty()) prompt = request.messages.back().content + "=";
  for (const TokenId token : request.prompt_tokens.value_or(std::vector<TokenId>())) {
    if (token > 255) return Status(Errc::kUsage, "token " + std::to_string(token) + " is not in the vocabulary of 256");
    prompt += static_cast<char>(token);
  }
  if (prompt.size() < kContext) return prompt;
  return Status(Errc::kUsage, "the prompt has " + std::to_string(prompt.size()) + " tokens; the context holds 2048");
}

// Where the first stop string begins; npos when none does.
std::size_t stop_in(const std::string& text, const std::vector<std::string>& stops) {
  std::size_t first = std::string::npos;
  for (const std::string& stop : stops) first = std::min(first, text.find(stop));
  return first;
}

class Sampling {
 public:
  Sampling(const AnswerRequest& request, std::string prompt, std::uint32_t choice)
      : request_(request), prompt_(std::move(prompt)), random_(request.seed.value_or(std::random_device()()) + choice) {}

  AnswerChoice run() {
    AnswerChoice choice;
    choice.finish = Finish::kLength;
    std::string text;
    const auto fits = static_cast<std::int32_t>(kContext - prompt_.size());
    const std::int32_t most =
        request_.sampler.max_tokens == 0 && !request_.echo ? fits : std::min(fits, request_.sampler.max_tokens);
    for (generated_ = 0; generated_ < static_cast<std::uint64_t>(most) && choice.finish == Finish::kLength;) {
      const char token = draw(prompt_ + text);
      choice.tokens.push_back(token_of(prompt_ + text, token));
      text += text_of(token);
      ++generated_;
      const std::size_t stop = stop_in(text, request_.stop);
      if (token == kEnd || stop != std::string::npos) choice.finish = Finish::kStop;
      if (stop != std::string::npos) text.resize(stop);
    }
    choice.text = text;
    if (request_.echo) echo(choice);
    if (!request_.logprobs) choice.tokens.clear();
    return choice;
  }

  std::uint64_t generated() const { return generated_; }

 private:
  char draw(const std::string& before) {
    const bool sure = request_.sampler.temperature == 0 || std::uniform_real_distribution<>()(random_) < 0.9;
    return sure ? next_of(before) : static_cast<char>('0' + std::uniform_int_distribution<>(0, 9)(random_));
  }

  void echo(AnswerChoice& choice) const {
    choice.text = prompt_ + choice.text;
    std::vector<AnswerToken> tokens;
    for (std::size_t i = 0; i < prompt_.size(); ++i) tokens.push_back(token_of(prompt_.substr(0, i), prompt_[i]));
    choice.tokens.insert(choice.tokens.begin(), tokens.begin(), tokens.end());
  }

  const AnswerRequest& request_;
  const std::string prompt_;
  std::mt19937_64 random_;
  std::uint64_t generated_ = 0;
};

Result<Answer> compute(const AnswerRequest& request) {
  AD_ASSIGN_OR_RETURN(const std::string prompt, prompt_of(request));
  const std::string strategy = request.reasoning ? request.reasoning->strategy : "";
  if (!strategy.empty() && !strategy.starts_with("greedy") && !strategy.starts_with("majority")) {
    return Status(Errc::kUsage, "no strategy \"" + strategy + "\"; there are greedy and majority");
  }
  Answer answer;
  answer.version = 1;
  answer.prompt_tokens = prompt.size();
  for (std::uint32_t c = 0; c < request.n; ++c) {
    Sampling sampling(request, prompt, c);
    answer.choices.push_back(sampling.run());
    answer.completion_tokens += sampling.generated();
  }
  if (!request.reasoning) return answer;
  answer.reasoning = ReasoningReport{strategy.empty() ? "greedy" : strategy,
                                     0.9,
                                     {{answer.choices[0].text, 1}},
                                     std::nullopt,
                                     answer.completion_tokens,
                                     0,
                                     false};
  return answer;
}

}  // namespace

void answer_as_sum_model(FakeAnswers::Asked& asked) {
  auto answer = compute(asked.request);
  if (answer.ok() && asked.listener.part) {
    for (std::uint32_t c = 0; c < answer->choices.size(); ++c) {
      const AnswerChoice& choice = answer->choices[c];
      for (std::size_t i = 0; i < choice.text.size(); ++i) {
        AnswerPart part{c, choice.text.substr(i, 1), {}};
        if (i < choice.tokens.size()) part.tokens.push_back(choice.tokens[i]);
        asked.listener.part(part);
      }
    }
  }
  asked.listener.done(std::move(answer));
}

}  // namespace autodidact
