#pragma once
// A request's members, taken one by one with their types checked; what nobody took is an unknown member. Private to
// storage/inspect_*. A value of one thread.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/inspect.hpp"

namespace autodidact {

class InspectRequest {
 public:
  static Result<InspectRequest> parse(const std::string& text);

  const std::string& command() const { return command_; }

  // Each getter records a wrong type; finish() reports the first one, or a member that no getter asked for.
  std::optional<std::string> text(const char* member);
  std::optional<bool> flag(const char* member);
  std::optional<std::uint64_t> number(const char* member, std::uint64_t most = UINT64_MAX);
  std::optional<std::int64_t> time_us(const char* member);
  std::optional<float> real(const char* member);
  std::optional<ProblemId> problem(const char* member);  // 16 hex digits
  std::vector<std::uint64_t> numbers(const char* member, std::size_t most);
  std::vector<std::string> texts(const char* member, std::size_t most);

  // problem version round outcome reason kept hinted seed pinned min/max_score min/max_length since_us until_us.
  AttemptQuery filter();
  // filter() with after, limit and oldest_first.
  AttemptQuery page(std::size_t default_limit);
  static constexpr std::size_t kMaxLimit = 100'000;

  Status finish() const;

 private:
  const nlohmann::json* take(const char* member);
  void complain(const char* member, const std::string& expected);

  nlohmann::json body_;
  std::string command_;
  std::set<std::string> taken_;
  Status error_;
};

// All pages of a query, oldest first or newest first as it says; `visit` returns false to stop. Calls `sink` with an empty
// line between pages, so that a query without hits learns that nobody waits any more.
Status for_each_page(ReplayStore& store, AttemptQuery query, const LineSink& sink,
                     const std::function<Result<bool>(std::span<const AttemptSummary>)>& visit);

// An answer to `request` on `sink`. One per command, each in a file of its subject.
struct InspectCall {
  ReplayStore& store;
  InspectRequest& request;
  const LineSink& sink;
  const InspectPlace& place;
};
Status inspect_ls(const InspectCall& call);
Status inspect_tail(const InspectCall& call);
Status inspect_show(const InspectCall& call);
Status inspect_grep(const InspectCall& call);
Status inspect_stats(const InspectCall& call);
Status inspect_report(const InspectCall& call);
Status inspect_diff(const InspectCall& call);
Status inspect_lineage(const InspectCall& call);
Status inspect_export(const InspectCall& call);
Status inspect_versions(const InspectCall& call);
Status inspect_events(const InspectCall& call);
Status inspect_pin(const InspectCall& call);
Status inspect_unpin(const InspectCall& call);
Status inspect_gc(const InspectCall& call);
Status inspect_verify(const InspectCall& call);

}  // namespace autodidact
