#include "tools/replay_filters.hpp"

#include "config/clock.hpp"
#include "tools/arguments.hpp"

namespace autodidact {

namespace {

Status add_ranges(Json& request, const FilterArguments& filters) {
  if (!filters.score.empty()) {
    AD_ASSIGN_OR_RETURN(const auto range, parse_real_range(filters.score));
    if (range.low) request["min_score"] = *range.low;
    if (range.high) request["max_score"] = *range.high;
  }
  if (!filters.length.empty()) {
    AD_ASSIGN_OR_RETURN(const auto range, parse_count_range(filters.length));
    if (range.low) request["min_length"] = *range.low;
    if (range.high) request["max_length"] = *range.high;
  }
  return Status();
}

Status add_times(Json& request, const FilterArguments& filters) {
  const std::int64_t now_us = system_clock().now_us();
  if (!filters.since.empty()) {
    AD_ASSIGN_OR_RETURN(const std::int64_t since_us, parse_time(filters.since, now_us));
    request["since_us"] = since_us;
  }
  if (!filters.until.empty()) {
    AD_ASSIGN_OR_RETURN(const std::int64_t until_us, parse_time(filters.until, now_us));
    request["until_us"] = until_us;
  }
  return Status();
}

}  // namespace

void add_filters(CLI::App* command, FilterArguments& filters) {
  command->add_option("--problem", filters.problem, "A problem's id, 16 hex digits")->group(kFilterGroup);
  command->add_option("--version", filters.version, "Sampled by this version, e.g. 12 or v12")->group(kFilterGroup);
  command->add_option("--round", filters.round, "Sampled in this round")->group(kFilterGroup);
  command->add_option("--outcome", filters.outcome, "correct, wrong or cannot_judge")
      ->check(CLI::IsMember({"correct", "wrong", "cannot_judge"}))
      ->group(kFilterGroup);
  command
      ->add_option("--reason", filters.reason,
                   "Why not kept: wrong cannot_judge duplicate problem_cap too_long truncated hint_leak stale method")
      ->group(kFilterGroup);
  command->add_option("--kept", filters.kept, "true: kept for training; false: not")->group(kFilterGroup);
  command->add_option("--hinted", filters.hinted, "true: sampled with the answer shown; false: not")->group(kFilterGroup);
  command->add_option("--seed", filters.seed, "true: given examples; false: sampled attempts")->group(kFilterGroup);
  command->add_option("--pinned", filters.pinned, "true: pinned; false: not")->group(kFilterGroup);
  command->add_option("--score", filters.score, "Range of the verdict's score: 0.5..1, 0.5.., ..1, 1")->group(kFilterGroup);
  command->add_option("--length", filters.length, "Range of completion tokens: 10..40, 10.., ..40, 10")->group(kFilterGroup);
  command->add_option("--since", filters.since, "2h, 3d, 2026-11-22, \"2026-11-22 21:30\"")->group(kFilterGroup);
  command->add_option("--until", filters.until, "Likewise")->group(kFilterGroup);
}

Result<Json> filter_request(const std::string& command, const FilterArguments& filters) {
  Json request = {{"command", command}};
  if (!filters.problem.empty()) request["problem"] = filters.problem;
  if (!filters.version.empty()) {
    AD_ASSIGN_OR_RETURN(const std::uint32_t version, parse_version(filters.version));
    request["version"] = version;
  }
  if (filters.round) request["round"] = *filters.round;
  if (!filters.outcome.empty()) request["outcome"] = filters.outcome;
  if (!filters.reason.empty()) request["reason"] = filters.reason;
  if (filters.kept) request["kept"] = *filters.kept;
  if (filters.hinted) request["hinted"] = *filters.hinted;
  if (filters.seed) request["seed"] = *filters.seed;
  if (filters.pinned) request["pinned"] = *filters.pinned;
  AD_RETURN_IF_ERROR(add_ranges(request, filters));
  AD_RETURN_IF_ERROR(add_times(request, filters));
  return request;
}

}  // namespace autodidact
