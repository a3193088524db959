#include "storage/inspect_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "config/json_depth.hpp"

namespace autodidact {

namespace {

constexpr std::size_t kMaxRequestBytes = 1 << 20;
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kPageRows = 4096;

constexpr std::array kOutcomes = {Outcome::kCorrect, Outcome::kWrong, Outcome::kCannotJudge};
constexpr std::array kReasons = {Reject::kNone,       Reject::kWrong,   Reject::kCannotJudge, Reject::kDuplicate,
                                 Reject::kProblemCap, Reject::kTooLong, Reject::kTruncated,   Reject::kHintLeak,
                                 Reject::kStale,      Reject::kMethod};

template <class Enum, std::size_t N>
std::optional<Enum> by_name(const std::array<Enum, N>& values, const std::string& text) {
  for (const Enum value : values) {
    if (text == name(value)) return value;
  }
  return std::nullopt;
}

template <class Enum, std::size_t N>
std::string choices(const std::array<Enum, N>& values) {
  std::string all;
  for (const Enum value : values) all += (all.empty() ? "" : " | ") + std::string(name(value));
  return all;
}

}  // namespace

Result<InspectRequest> InspectRequest::parse(const std::string& text) {
  if (text.size() > kMaxRequestBytes) return Status(Errc::kUsage, "the request is longer than 1 MiB");
  if (!json_depth_within(text, kMaxDepth)) return Status(Errc::kUsage, "the request nests too deeply");
  InspectRequest request;
  request.body_ = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!request.body_.is_object()) {
    return Status(Errc::kUsage, "a request must be a JSON object, e.g. {\"command\":\"ls\",\"limit\":20}");
  }
  request.command_ = request.text("command").value_or("");
  if (!request.error_.ok()) return request.error_;
  return request;
}

const nlohmann::json* InspectRequest::take(const char* member) {
  taken_.insert(member);
  const auto found = body_.find(member);
  return found == body_.end() || found->is_null() ? nullptr : &*found;
}

void InspectRequest::complain(const char* member, const std::string& expected) {
  if (error_.ok()) error_ = Status(Errc::kUsage, "replay " + command_ + ": " + member + " must be " + expected);
}

std::optional<std::string> InspectRequest::text(const char* member) {
  const auto* value = take(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  complain(member, "a string");
  return std::nullopt;
}

std::optional<bool> InspectRequest::flag(const char* member) {
  const auto* value = take(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  complain(member, "true or false");
  return std::nullopt;
}

std::optional<std::uint64_t> InspectRequest::number(const char* member, std::uint64_t most) {
  const auto* value = take(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() <= most) return value->get<std::uint64_t>();
  complain(member, "a whole number from 0 to " + std::to_string(most));
  return std::nullopt;
}

std::optional<std::int64_t> InspectRequest::time_us(const char* member) {
  const auto* value = take(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer() && !(value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX)) {
    return value->get<std::int64_t>();
  }
  complain(member, "microseconds since 1970");
  return std::nullopt;
}

std::optional<float> InspectRequest::real(const char* member) {
  const auto* value = take(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_number() && std::isfinite(value->get<double>())) return value->get<float>();
  complain(member, "a number");
  return std::nullopt;
}

std::optional<ProblemId> InspectRequest::problem(const char* member) {
  const auto digits = text(member);
  if (!digits) return std::nullopt;
  ProblemId id = 0;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), id, 16);
  if (error == std::errc() && end == digits->data() + digits->size()) return id;
  complain(member, "a problem's id, 16 hex digits as `replay ls` prints it");
  return std::nullopt;
}

std::vector<std::uint64_t> InspectRequest::numbers(const char* member, std::size_t most) {
  std::vector<std::uint64_t> list;
  const auto* value = take(member);
  if (value == nullptr) return list;
  const auto whole = [](const nlohmann::json& entry) { return entry.is_number_unsigned(); };
  if (!value->is_array() || value->size() > most || !std::all_of(value->begin(), value->end(), whole)) {
    complain(member, "a list of at most " + std::to_string(most) + " whole numbers");
    return list;
  }
  for (const auto& entry : *value) list.push_back(entry.get<std::uint64_t>());
  return list;
}

std::vector<std::string> InspectRequest::texts(const char* member, std::size_t most) {
  std::vector<std::string> list;
  const auto* value = take(member);
  if (value == nullptr) return list;
  const auto is_text = [](const nlohmann::json& entry) { return entry.is_string(); };
  if (!value->is_array() || value->size() > most || !std::all_of(value->begin(), value->end(), is_text)) {
    complain(member, "a list of at most " + std::to_string(most) + " strings");
    return list;
  }
  for (const auto& entry : *value) list.push_back(entry.get<std::string>());
  return list;
}

AttemptQuery InspectRequest::filter() {
  AttemptQuery query;
  query.problem = problem("problem");
  if (const auto version = number("version", UINT32_MAX)) query.version = static_cast<VersionId>(*version);
  if (const auto round = number("round", UINT32_MAX)) query.round = static_cast<std::uint32_t>(*round);
  if (const auto outcome = text("outcome")) {
    query.outcome = by_name(kOutcomes, *outcome);
    if (!query.outcome) complain("outcome", choices(kOutcomes));
  }
  if (const auto reason = text("reason")) {
    query.reason = by_name(kReasons, *reason);
    if (!query.reason) complain("reason", choices(kReasons));
  }
  query.kept = flag("kept");
  query.hinted = flag("hinted");
  query.seed_example = flag("seed");
  query.pinned = flag("pinned");
  query.min_score = real("min_score");
  query.max_score = real("max_score");
  if (const auto length = number("min_length", UINT32_MAX)) query.min_length = static_cast<std::uint32_t>(*length);
  if (const auto length = number("max_length", UINT32_MAX)) query.max_length = static_cast<std::uint32_t>(*length);
  query.since_us = time_us("since_us");
  query.until_us = time_us("until_us");
  return query;
}

AttemptQuery InspectRequest::page(std::size_t default_limit) {
  AttemptQuery query = filter();
  query.after = number("after").value_or(0);
  query.oldest_first = flag("oldest_first").value_or(false);
  query.limit = static_cast<std::size_t>(number("limit", kMaxLimit).value_or(default_limit));
  return query;
}

Status InspectRequest::finish() const {
  if (!error_.ok()) return error_;
  for (const auto& [member, value] : body_.items()) {
    if (taken_.count(member) == 0) return Status(Errc::kUsage, "replay " + command_ + " knows no member \"" + member + "\"");
  }
  return Status();
}

Status for_each_page(ReplayStore& store, AttemptQuery query, const LineSink& sink,
                     const std::function<Result<bool>(std::span<const AttemptSummary>)>& visit) {
  query.limit = kPageRows;
  for (;;) {
    AD_ASSIGN_OR_RETURN(const AttemptPage page, store.find(query));
    if (!page.rows.empty()) {
      AD_ASSIGN_OR_RETURN(const bool more, visit(page.rows));
      if (!more) return Status();
    }
    if (page.next == 0 || !sink({})) return Status();
    query.after = page.next;
  }
}

}  // namespace autodidact
