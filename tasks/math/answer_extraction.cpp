#include "tasks/math/answer_extraction.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "tasks/math/number_lexer.hpp"
#include "tasks/math/work.hpp"

namespace autodidact::math {
namespace {

constexpr auto kNowhere = std::string_view::npos;

struct Piece {
  std::size_t begin = 0, end = 0;              // of the answer's text
  std::size_t outer_begin = 0, outer_end = 0;  // with its mark
};

bool blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// What counts: all of it, or what follows the line of thought. nullopt while the thought is still open.
std::optional<std::string_view> spoken_part(std::string_view text) {
  const std::size_t open = text.rfind("<think>"), close = text.rfind("</think>");
  if (close != kNowhere && (open == kNowhere || open < close)) return text.substr(close + 8);
  return open == kNowhere ? std::optional(text) : std::nullopt;
}

// Complete boxes, each outermost one once. One pass: a stack of the boxes that are open, and how deep the braces are.
std::vector<Piece> boxes(std::string_view text, bool& broken_off) {
  struct Open {
    std::size_t mark, begin, depth;
  };
  std::vector<Open> open;
  std::vector<Piece> found;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      const bool box = text.substr(i).starts_with("\\boxed"), frame = text.substr(i).starts_with("\\fbox");
      std::size_t brace = i + (box ? 6 : 5);
      while ((box || frame) && brace < text.size() && text[brace] == ' ') ++brace;
      if ((box || frame) && brace < text.size() && text[brace] == '{') {
        open.push_back({i, brace + 1, depth++});
        i = brace;
      } else {
        ++i;  // an escaped brace is no brace
      }
    } else if (open.empty()) {
      continue;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == open.back().depth) {
      while (!found.empty() && found.back().begin > open.back().begin) found.pop_back();  // those inside
      found.push_back({open.back().begin, i, open.back().mark, i + 1});
      open.pop_back();
    }
  }
  broken_off = !open.empty();
  return found;
}

// A markdown heading is no answer, unless it is the last thing said.
bool is_heading(std::string_view line, bool last) {
  const auto letters = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  return !last && line.size() > 1 && letters(line[0]) && letters(line[1]);
}

std::vector<Piece> hash_lines(std::string_view text) {
  std::vector<Piece> found;
  for (std::size_t at = text.find("####"); at != kNowhere; at = text.find("####", at)) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const bool five = text.substr(at).starts_with("#####") || (at > 0 && text[at - 1] == '#');
    const std::string_view line = trimmed(text.substr(at + 4, end - at - 4));
    if (!five && !line.empty() && !is_heading(line, trimmed(text.substr(end, 256)).empty() && text.size() - end <= 256)) {
      found.push_back({at + 4, end, at, end});
    }
    at = end;
  }
  return found;
}

// The text between two boxes joins them to one answer: "\boxed{1} and \boxed{2}".
bool joins(std::string_view gap) {
  if (gap.size() > 32) return false;
  std::string rest;
  for (const char c : gap) {
    if (!blank(c) && std::string_view(",;$&\\(){}").find(c) == kNowhere) rest += c;
  }
  return rest.empty() || rest == "and" || rest == "or" || rest == "textand" || rest == "textor";
}

std::string text_of(std::string_view text, const Piece& piece) {
  return std::string(trimmed(text.substr(piece.begin, piece.end - piece.begin)));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Up to the end of the line or of the sentence, without the stars of markdown.
std::string sentence(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size() && (blank(text[begin]) || text[begin] == ':' || text[begin] == '*')) ++begin;
  text = text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
  for (std::size_t i = text.find(". "); i != kNowhere; i = text.find(". ", i + 1)) {
    const bool abbreviated = i >= 2 && text[i - 2] == '.';  // a.m.
    if (abbreviated) continue;
    text = text.substr(0, i);
    break;
  }
  std::string out(text);
  std::erase(out, '*');
  return std::string(trimmed(out));
}

std::optional<std::string> after_phrase(std::string_view text) {
  const std::string small = lower(text);
  std::size_t best = kNowhere;
  for (const std::string_view phrase : {"answer is", "answer:", "answer**:", "answer equals", "answers are", "solution is"}) {
    const std::size_t at = small.rfind(phrase);
    if (at != kNowhere && (best == kNowhere || at + phrase.size() > best)) best = at + phrase.size();
  }
  if (best == kNowhere) return std::nullopt;
  std::string found = sentence(text.substr(best));
  return found.empty() ? std::nullopt : std::optional(std::move(found));
}

// $ opens before something and closes after something, and does not close before a digit: "$5 and $6" is money.
std::size_t closing_dollar(std::string_view text, std::size_t from) {
  for (std::size_t i = text.find('$', from); i != kNowhere; i = text.find('$', i + 1)) {
    if (text[i - 1] == '\\') continue;
    const bool closes =
        i > from && !blank(text[i - 1]) && (i + 1 >= text.size() || !std::isdigit(static_cast<unsigned char>(text[i + 1])));
    return closes ? i : kNowhere;
  }
  return kNowhere;
}

std::optional<std::string> formula_in(std::string_view text) {
  std::optional<Piece> found;
  bool round = true, square = true;  // whether such a bracket may still be closed
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    std::size_t end = kNowhere, mark = 2;
    if (text[i] == '\\' && text[i + 1] == '(' && round) {
      round = (end = text.find("\\)", i + 2)) != kNowhere;
    } else if (text[i] == '\\' && text[i + 1] == '[' && square) {
      square = (end = text.find("\\]", i + 2)) != kNowhere;
    } else if (text[i] == '\\') {
      ++i;
    } else if (text.substr(i).starts_with("$$")) {
      end = text.find("$$", i + 2);
      if (end == kNowhere) break;
    } else if (text[i] == '$') {
      mark = 1;
      end = closing_dollar(text, i + 1);
    }
    if (end == kNowhere) continue;
    found = Piece{i + mark, end, i, end + mark};
    i = end + mark - 1;
  }
  return found ? std::optional(text_of(text, *found)) : std::nullopt;
}

}  // namespace

Stated marked_answers(std::string_view completion) {
  Stated stated;
  const auto text = spoken_part(completion);
  if (!text) {
    stated.broken_off = true;
    return stated;
  }
  std::vector<Piece> pieces = boxes(*text, stated.broken_off);
  const std::size_t box_count = pieces.size();
  const std::vector<Piece> lines = hash_lines(*text);
  pieces.insert(pieces.end(), lines.begin(), lines.end());
  stated.too_many = pieces.size() > kMaxStatedAnswers;
  const std::size_t first = stated.too_many ? pieces.size() - kMaxStatedAnswers : 0;
  for (std::size_t i = first; i < pieces.size(); ++i) {
    const bool both_boxes = i > first && i < box_count;
    const std::string_view gap = both_boxes
                                     ? text->substr(pieces[i - 1].outer_end, pieces[i].outer_begin - pieces[i - 1].outer_end)
                                     : std::string_view();
    if (both_boxes && joins(gap)) {
      stated.answers.back() += (gap.find("or") == kNowhere ? ", " : " or ") + text_of(*text, pieces[i]);
    } else {
      stated.answers.push_back(text_of(*text, pieces[i]));
    }
  }
  return stated;
}

std::optional<std::string> spoken_answer(std::string_view completion) {
  const auto text = spoken_part(completion);
  if (!text) return std::nullopt;
  return after_phrase(*text);
}

std::optional<std::string> last_formula(std::string_view completion) {
  const auto text = spoken_part(completion);
  return text ? formula_in(*text) : std::nullopt;
}

std::optional<std::string> last_number(std::string_view completion) {
  const auto text = spoken_part(completion);
  if (!text) return std::nullopt;
  Piece last;
  for (std::size_t i = 0; i < text->size(); ++i) {
    if (!starts_number(*text, i)) continue;
    const ScannedNumber number = scan_number(text->substr(i), {});
    const bool sign = i > 0 && (*text)[i - 1] == '-' && (i == 1 || !std::isalnum(static_cast<unsigned char>((*text)[i - 2])));
    last = {i - (sign ? 1 : 0), i + number.length, 0, 0};
    i += number.length - 1;
  }
  return last.end > 0 ? std::optional(text_of(*text, last)) : std::nullopt;
}

std::string reference_answer(std::string_view reference) {
  const Stated stated = marked_answers(reference);
  const bool marked = !stated.answers.empty() && !stated.broken_off;
  return marked ? stated.answers.back() : std::string(trimmed(reference));
}

}  // namespace autodidact::math

namespace autodidact {

std::optional<std::string> extract_math_answer(std::string_view completion, MathMode mode) {
  math::Stated stated = math::marked_answers(completion);
  if (mode == MathMode::kReward && stated.broken_off) return std::nullopt;
  if (!stated.answers.empty()) return std::move(stated.answers.back());
  if (mode == MathMode::kReward || stated.broken_off) return std::nullopt;
  auto spoken = math::spoken_answer(completion);
  return spoken ? spoken : math::last_formula(completion);
}

}  // namespace autodidact
