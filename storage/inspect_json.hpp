#pragma once
// Records as JSON, with the spellings that tools, exports and the HTTP API share. Private to storage/inspect_*. Pure
// functions; any thread.

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "storage/inspect.hpp"

namespace autodidact {

// Members keep the order they are given in: what a person reads first comes first.
using Json = nlohmann::ordered_json;

// One line; bytes that are not UTF-8 are replaced (samples are untrusted bytes).
std::string to_line(const Json& json);
bool emit(const LineSink& sink, const Json& json);

std::string problem_hex(ProblemId id);
// The double whose shortest decimal is the float's: 0.1f prints as 0.1, and reads back as the same float.
double shortest(float value);
Json to_json(const AttemptSummary& row);
// All that is known of an attempt as one flat object: `show`, and a row of `export --format attempts`.
Json to_json(const JudgedAttempt& judged, const Problem& problem, bool pinned, bool with_tokens);
// Of one attempt: "scorer" 0 are rollouts, else a version of the verifier line.
Json to_json(const AttemptScore& score);
Json to_json(const VersionRecord& version);
Json to_json(const Event& event);
// Text that should be an object; {} when it is not one.
Json parse_object(const std::string& text);

// hits/n with its interval, under `prefix`, `prefix`_low, `prefix`_high; null of nothing.
void add_share(Json& json, const std::string& prefix, std::uint64_t hits, std::uint64_t n);

// The value at share q of sorted values (nearest rank); 0 of nothing.
std::uint32_t quantile(std::span<const std::uint32_t> sorted, double q);

}  // namespace autodidact
