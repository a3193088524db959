#pragma once
// Questions to a replay store, each a JSON object, answered as JSON lines: the one implementation behind
// `POST /admin/replay` and `autodidact replay`. Stateless; any thread may call it. It only reads, except pin, unpin and gc
// (which a read-only store refuses). Requests are hostile input: unknown members, wrong types and runaway patterns are errors.
//
// Commands: stats ls show grep tail diff lineage export verify pin unpin gc versions events report. docs/replay-tool.md lists
// their members; every line has a "type". Ids of problems are 16 hex digits (they exceed what a double holds).

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "config/status.hpp"
#include "storage/replay_store.hpp"

namespace autodidact {

// Takes one line without its newline; an empty one says "still searching". False stops the query, which then succeeds.
using LineSink = std::function<bool(std::string_view json_line)>;

struct InspectPlace {
  std::string store_directory;  // for verify; empty = the store has no files
  StoreOptions store;
};

// kUsage names the member at fault; kNotFound the record. Lines already given stay valid when a later one fails.
Status inspect(ReplayStore& store, const std::string& request_json, const LineSink& sink, const InspectPlace& place = {});

}  // namespace autodidact
