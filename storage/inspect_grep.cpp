// grep: attempts whose text matches a pattern, newest first, with the place where it does.

#include <algorithm>

#include "storage/inspect_json.hpp"
#include "storage/inspect_pattern.hpp"
#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kReadAtOnce = 256;
constexpr std::size_t kContextBytes = 60;
constexpr std::size_t kMatchBytes = 400;  // of a long match, so much is shown

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The largest character boundary <= `at`, and the smallest >= it.
std::size_t floor_boundary(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && continues(text[at])) --at;
  return at;
}
std::size_t ceil_boundary(std::string_view text, std::size_t at) {
  while (at < text.size() && continues(text[at])) ++at;
  return std::min(at, text.size());
}

Json snippet(std::string_view text, std::size_t begin, std::size_t end) {
  const std::size_t left = floor_boundary(text, begin > kContextBytes ? begin - kContextBytes : 0);
  const std::size_t stop = ceil_boundary(text, std::min(end, begin + kMatchBytes));
  const std::size_t right = ceil_boundary(text, std::min(text.size(), stop + kContextBytes));
  return {{"before", text.substr(left, begin - left)},
          {"match", text.substr(begin, stop - begin)},
          {"after", text.substr(stop, right - stop)},
          {"cut", left > 0 || right < text.size()}};
}

enum class Where { kCompletion, kPrompt, kAnswer };

Result<Where> where_named(const std::string& name) {
  if (name == "completion") return Where::kCompletion;
  if (name == "prompt") return Where::kPrompt;
  if (name == "answer") return Where::kAnswer;
  return Status(Errc::kUsage, "replay grep: field must be completion | prompt | answer");
}

struct Search {
  const InspectCall& call;
  Pattern pattern;
  Where where;
  bool invert;
  std::uint64_t limit;  // 0 = all
  std::uint64_t hits = 0;
  std::uint64_t searched = 0;

  // False when enough was found or nobody listens.
  Result<bool> visit(std::span<const AttemptSummary> rows) {
    for (std::size_t at = 0; at < rows.size(); at += kReadAtOnce) {
      const auto part = rows.subspan(at, std::min(kReadAtOnce, rows.size() - at));
      std::vector<AttemptId> ids;
      for (const AttemptSummary& row : part) ids.push_back(row.id);
      AD_ASSIGN_OR_RETURN(const auto attempts, call.store.read(ids));
      for (std::size_t i = 0; i < part.size(); ++i) {
        AD_ASSIGN_OR_RETURN(const bool more, visit_one(part[i], attempts[i]));
        if (!more) return false;
      }
      if (!call.sink({})) return false;
    }
    return true;
  }

  Result<bool> visit_one(const AttemptSummary& row, const JudgedAttempt& judged) {
    ++searched;
    std::string text = where == Where::kAnswer ? judged.verdict.extracted : judged.attempt.text;
    if (where == Where::kPrompt) {
      AD_ASSIGN_OR_RETURN(Problem problem, call.store.problem(row.problem));
      text = std::move(problem.prompt);
    }
    AD_ASSIGN_OR_RETURN(const auto found, pattern.find(text));
    if (found.has_value() == invert) return true;
    Json line = to_json(row);
    line["type"] = "hit";
    line["snippet"] = found ? snippet(text, found->first, found->second) : snippet(text, 0, 0);
    ++hits;
    return emit(call.sink, line) && (limit == 0 || hits < limit);
  }
};

}  // namespace

Status inspect_grep(const InspectCall& call) {
  AttemptQuery query = call.request.filter();
  query.after = call.request.number("after").value_or(0);
  const auto regex = call.request.text("pattern");
  const bool ignore_case = call.request.flag("ignore_case").value_or(false);
  const bool invert = call.request.flag("invert").value_or(false);
  const std::string field = call.request.text("field").value_or("completion");
  const std::uint64_t limit = call.request.number("limit", InspectRequest::kMaxLimit).value_or(50);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (!regex) return Status(Errc::kUsage, "replay grep needs a pattern");
  AD_ASSIGN_OR_RETURN(const Where where, where_named(field));
  AD_ASSIGN_OR_RETURN(Pattern pattern, Pattern::compile(*regex, ignore_case));
  Search search{call, std::move(pattern), where, invert, limit};
  AD_RETURN_IF_ERROR(
      for_each_page(call.store, query, call.sink, [&](std::span<const AttemptSummary> rows) { return search.visit(rows); }));
  emit(call.sink, {{"type", "searched"}, {"attempts", search.searched}, {"hits", search.hits}});
  return Status();
}

}  // namespace autodidact
