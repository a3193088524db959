// An answer of `ask` for a person; declared in eval_view.hpp.

#include "tools/eval_view.hpp"
#include "tools/render.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kLabel = 12;

void add_field(std::string& text, const Style& style, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  const std::string label = name + std::string(kLabel > name.size() ? kLabel - name.size() : 1, ' ');
  text += paint(style, Color::kDim, label) + value + "\n";
}

bool has_number(const Json& answer, const char* member) { return answer.contains(member) && answer[member].is_number(); }

// [["132", 0.875], …], or {"132": 0.875, …}: "132 87.5 %, 122 12.5 %"
std::string votes_text(const Json& votes) {
  constexpr std::size_t kMost = 5;
  std::string text;
  std::size_t shown = 0;
  const auto add = [&](const std::string& answer, const Json& share) {
    if (++shown > kMost || !share.is_number()) return;
    text += (text.empty() ? "" : ", ") + escape_text(answer.empty() ? "no answer" : answer) + " " +
            format_share(share.get<double>());
  };
  if (votes.is_object())
    for (const auto& [answer, share] : votes.items()) add(answer, share);
  if (votes.is_array()) {
    for (const Json& vote : votes) {
      if (vote.is_array() && vote.size() == 2 && vote[0].is_string()) add(vote[0].get<std::string>(), vote[1]);
      if (vote.is_object()) add(text_of(vote, "answer"), vote.value("share", Json()));
    }
  }
  return shown > kMost ? text + ", " + std::to_string(shown - kMost) + " more" : text;
}

std::string tokens_text(const Json& answer) {
  const char* member = answer.contains("tokens_spent") ? "tokens_spent" : "tokens";
  if (!has_number(answer, member)) return "";
  const std::string spent = format_count(count_of(answer, member));
  const std::uint64_t scored = count_of(answer, "tokens_scored");
  return scored == 0 ? spent : spent + " generated, " + format_count(scored) + " scored";
}

std::string version_text(const Json& answer) {
  if (!has_number(answer, "version")) return "";
  const std::uint64_t verifier = count_of(answer, "verifier");
  return "v" + std::to_string(count_of(answer, "version")) + (verifier == 0 ? "" : ", verifier v" + std::to_string(verifier));
}

}  // namespace

std::string answer_text(const Json& given, const Style& style) {
  Json answer = given;
  // As /v1 nests it.
  if (answer.is_object() && answer.contains("reasoning") && answer["reasoning"].is_object())
    answer.update(Json(answer["reasoning"]));
  if (!answer.is_object() || (!answer.contains("answer") && !flag_of(answer, "abstained"))) return view_json(answer, style);
  const bool abstained = flag_of(answer, "abstained");
  std::string text;
  if (abstained)
    text = paint(style, Color::kYellow, "I don't know") + "\n\n";
  else
    text = paint(style, Color::kBold, scalar_text(answer["answer"])) + "\n\n";
  const Json votes = answer.value("votes", Json());
  add_field(text, style, "confidence", has_number(answer, "confidence") ? format_share(number_of(answer, "confidence")) : "");
  add_field(text, style, "votes", votes_text(votes));
  add_field(text, style, "verifier", has_number(answer, "verifier_score") ? scalar_text(answer["verifier_score"]) : "");
  if (!abstained) add_field(text, style, "outcome", escape_text(text_of(answer, "outcome")));
  add_field(text, style, "tokens", tokens_text(answer));
  add_field(text, style, "strategy", escape_text(text_of(answer, "strategy")));
  add_field(text, style, "version", version_text(answer));
  add_field(text, style, "id", escape_text(text_of(answer, "id")));  // what feedback names
  const std::string rationale = text_of(answer, "rationale");
  if (abstained || rationale.empty()) return text;
  text += "\n";
  for (const std::string& line : escape_lines(rationale)) text += "  " + line + "\n";
  return text;
}

}  // namespace autodidact
