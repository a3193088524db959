#pragma once
// HTTP as the rest of the gateway speaks it: plain structs, no Beast. A handler gets a request on the one Asio thread and an
// Exchange to answer it, now or later, from any thread. Nothing survives a crash.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autodidact {

struct HttpRequest {
  std::string method;                       // "GET"
  std::string path;                         // "/admin/status"; not percent-decoded: no path of ours needs it
  std::string query;                        // behind the '?'
  std::string host, origin, authorization;  // headers; empty when not there
  std::string body;
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::string allow;  // of a 405: the methods that do work
  // Further ones of our own making, never a client's bytes; or another cache-control than no-store.
  std::vector<std::pair<std::string, std::string>> headers;
};

// The answer to one request: either one reply(), or write()s or offer()s and a finish(). Dropped unanswered it answers 500 by
// itself, so a caller that dies never leaves a client hanging. What comes after the answer, or after the client left, is
// ignored.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void reply(HttpReply reply) = 0;
  // Part of a long answer of JSON lines. Blocks while the client is slow, so never on the Asio thread. False: the client is
  // gone or took nothing for too long; stop.
  virtual bool write(std::string_view bytes) = 0;
  // The same for threads that must not block, one at a time. False: the client is gone, or it left
  // HttpLimits::stream_buffer_bytes unread and is dropped for it. A part is taken whole, however long.
  virtual bool offer(std::string_view bytes) = 0;
  virtual void finish() = 0;
  // False when the client is known to have left: see watch_client().
  virtual bool wanted() const = 0;
  // Answers 503 by itself after this long; a stream that has begun is cut. Only inside the handler; default: never.
  virtual void answer_within(int ms) = 0;
  // Notices while the answer is being made that the client hangs up (or shuts its sending side). Only inside the handler.
  virtual void watch_client() = 0;
  // What the stream is; before its first part. Default: JSON lines.
  virtual void stream_as(std::string content_type) = 0;
};

// Must not throw and must not block; what it throws all the same becomes a 500.
using HttpHandler = std::function<void(const HttpRequest&, std::shared_ptr<Exchange>)>;

struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 1 << 20;
  std::size_t connections = 64;  // beyond: the longest idle one goes
  int read_ms = 15'000;          // for a whole request, idle time before it included: a trickle does not extend it
  int write_ms = 15'000;         // for a whole reply
  int stall_ms = 30'000;         // a streaming client that takes nothing for so long is dropped
  std::size_t stream_buffer_bytes = 256 * 1024;
  int stream_pace_ms = 0;                // at least so long between two writes of a stream: many small parts share one
  std::size_t bodies_bytes = 64u << 20;  // of all requests being read together; beyond, 503
};

// A JSON reply for a not-ok status; see errors.hpp.
class Status;
HttpReply error_reply(const Status& status);

// The value of `key` in "a=1&b=2"; "" for a bare key ("dry_run"); fallback when it is not there.
std::string query_value(std::string_view query, std::string_view key, std::string_view fallback = {});
bool query_has(std::string_view query, std::string_view key);

// True for an authority that a hostile web page cannot have made a browser send to us (DNS rebinding needs a name):
// "localhost" or a literal IP address, with or without a port.
bool host_is_literal(std::string_view host);

}  // namespace autodidact
