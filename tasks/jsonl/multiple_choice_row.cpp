// Lines of multiple-choice sets, in the three forms in which they are handed around.

#include <nlohmann/json.hpp>

#include "tasks/jsonl/fields.hpp"
#include "tasks/jsonl/layout.hpp"
#include "tasks/text.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxChoices = 26;  // (a) to (z)
constexpr const char* kForms =
    "expected CommonsenseQA's {\"question\": {\"stem\", \"choices\": [{\"label\", \"text\"}]}, \"answerKey\"}, or "
    "{\"question\", \"choices\": {\"label\": […], \"text\": […]}, \"answerKey\"}, or {\"question\", \"choices\": [\"…\"], "
    "\"answer\"}";

struct Choices {
  std::vector<std::string> texts;
  std::vector<std::string> labels;  // as the file has them: A, B … or 1, 2 …; empty = none
};

Result<std::vector<std::string>> texts_of(const LineReader& at, const json& array, const std::string& path) {
  if (!array.is_array()) return at.error("field \"" + path + "\" must be an array of texts");
  if (array.size() < 2 || array.size() > kMaxChoices) {
    return at.error("field \"" + path + "\" must hold 2 to " + std::to_string(kMaxChoices) + " choices, not " +
                    std::to_string(array.size()));
  }
  std::vector<std::string> texts;
  for (const json& value : array) {
    AD_ASSIGN_OR_RETURN(const std::string text, text_of(at, value, path, "user"));
    texts.push_back(one_line(text));  // the hint is put at the end of a line
    if (texts.back().empty()) return at.error("field \"" + path + "\" holds an empty choice");
  }
  return texts;
}

// [{"label": "A", "text": "…"}, …] turned into its two columns.
Result<Choices> choices_of_objects(const LineReader& at, const json& array, const std::string& path) {
  json labels = json::array(), texts = json::array();
  for (const json& choice : array) {
    const json* label = find_field(choice, "label");
    const json* text = find_field(choice, "text");
    if (label == nullptr || text == nullptr) return at.error("field \"" + path + "\" holds a choice without label or text");
    labels.push_back(*label);
    texts.push_back(*text);
  }
  Choices choices;
  AD_ASSIGN_OR_RETURN(choices.texts, texts_of(at, texts, path));
  AD_ASSIGN_OR_RETURN(choices.labels, texts_of(at, labels, path));
  return choices;
}

Result<Choices> read_choices(const LineReader& at, const json& value, const std::string& path) {
  Choices choices;
  if (value.is_array()) {
    if (!value.empty() && value.front().is_object()) return choices_of_objects(at, value, path);
    AD_ASSIGN_OR_RETURN(choices.texts, texts_of(at, value, path));
    return choices;
  }
  const json* texts = find_field(value, "text");
  const json* labels = find_field(value, "label");
  if (texts == nullptr || labels == nullptr) return at.error("field \"" + path + "\": " + kForms);
  AD_ASSIGN_OR_RETURN(choices.texts, texts_of(at, *texts, path + ".text"));
  AD_ASSIGN_OR_RETURN(choices.labels, texts_of(at, *labels, path + ".label"));
  return choices;
}

// The place of the right choice: by its label, else by its letter, else by its index from 0.
Result<std::size_t> right_choice(const LineReader& at, const Choices& choices, const json& row) {
  const char* field = row.contains("answerKey") ? "answerKey" : "answer";
  AD_ASSIGN_OR_RETURN(const std::string raw, text_field(at, row, field, "assistant"));
  const std::string key(trimmed(raw));
  for (std::size_t i = 0; i < choices.labels.size(); ++i) {
    if (lower_case(choices.labels[i]) == lower_case(key)) return i;
  }
  std::size_t place = kMaxChoices;
  if (choices.labels.empty() && key.size() == 1) {
    const char c = lower_case(key)[0];
    place = c >= 'a' && c <= 'z' ? static_cast<std::size_t>(c - 'a') : static_cast<std::size_t>(c - '0');
  } else if (choices.labels.empty() && key.size() == 2 && key.find_first_not_of("0123456789") == std::string::npos) {
    place = static_cast<std::size_t>(std::stoi(key));
  }
  if (place < choices.texts.size()) return place;
  return at.error(std::string("field \"") + field + "\" is \"" + readable(key) + "\", which names none of the " +
                  std::to_string(choices.texts.size()) + " choices");
}

}  // namespace

Result<ProblemRow> read_multiple_choice_row(const LineReader& at, const json& row) {
  const bool nested = find_field(row, "question.stem") != nullptr;
  const std::string stem = nested ? "question.stem" : "question";
  const std::string path = nested ? "question.choices" : "choices";
  const json* choices_json = find_field(row, path);
  if (find_field(row, stem) == nullptr || choices_json == nullptr) return at.error(kForms);
  ProblemRow problem;
  AD_ASSIGN_OR_RETURN(const std::string question, text_field(at, row, stem, "user"));
  AD_ASSIGN_OR_RETURN(const Choices choices, read_choices(at, *choices_json, path));
  if (!choices.labels.empty() && choices.labels.size() != choices.texts.size()) {
    return at.error("field \"" + path + "\" has " + std::to_string(choices.labels.size()) + " labels for " +
                    std::to_string(choices.texts.size()) + " choices");
  }
  AD_ASSIGN_OR_RETURN(const std::size_t right, right_choice(at, choices, row));
  problem.question = one_line(question);
  if (problem.question.empty()) return at.error("field \"" + stem + "\" holds no question");
  problem.reference = std::string(1, static_cast<char>('a' + right));
  problem.choices = choices.texts;
  problem.line = at.line_number();
  if (const json* subject = find_field(row, "subject"); subject != nullptr && subject->is_string()) {
    problem.group = readable(one_line(subject->get<std::string>()));
  }
  return problem;
}

}  // namespace autodidact
