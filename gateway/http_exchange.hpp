#pragma once
// The answering end of one request, usable from any thread, and the pipe it streams through. Private to the HTTP server. It
// holds the session weakly and touches it on the Asio thread only: it may outlive the connection and the server.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/http.hpp"

namespace autodidact {

class Session;
struct IoCore;

// Bytes on their way from a worker thread to a client.
struct StreamPipe {
  std::mutex mutex;
  std::condition_variable drained;
  std::string pending;                                // guarded by mutex
  std::string content_type = "application/x-ndjson";  // set before the first byte
  bool scheduled = false;                             // guarded by mutex: a pump is at work, or on its way to the Asio thread
  bool finished = false;                              // guarded by mutex
  bool closed = false;                                // guarded by mutex: the client is gone
};

void close_pipe(StreamPipe& pipe);

// `pipe`: a new one, of this request alone; the session closes it when the client leaves.
std::shared_ptr<Exchange> make_exchange(std::weak_ptr<IoCore> core, std::weak_ptr<Session> session, std::uint64_t serial,
                                        const HttpLimits& limits, std::shared_ptr<StreamPipe> pipe);

}  // namespace autodidact
