#pragma once
// One spelling of an error on the wire: {"error":{"code":"temporary","message":"..."}} and the HTTP status that goes with it.
// The server writes it, the client reads it back into the same Status, so that a tool's exit code is the daemon's. Free
// functions without state: any thread may call them.

#include <optional>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

// 400 usage, 403 permission, 404 not found, 422 bad input or config, 503 temporary or unavailable, 500 the rest.
int http_status(Errc code);

// One line, without a newline. Bytes that are not UTF-8 are replaced.
std::string error_json(const Status& status);

// The Status in a reply's body, or nothing when it is no such object.
std::optional<Status> parse_error_json(std::string_view json);

}  // namespace autodidact
