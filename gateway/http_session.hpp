#pragma once
// One connection: reads a request, hands it to the endpoint's handler, writes the answer, again until closed. Private to
// http_server.cpp. Every method runs on the Asio thread;
// Exchanges (http_exchange.hpp) post to it.

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/http_exchange.hpp"
#include "gateway/http_server.hpp"

namespace autodidact {

namespace net = boost::asio;
namespace beast = boost::beast;

// The io_context, shared with Exchanges that may outlive the server.
struct IoCore {
  net::io_context io{1};
};

// What one request takes of the memory that an endpoint has for bodies. Asio thread only.
class BodyShare {
 public:
  explicit BodyShare(std::shared_ptr<std::size_t> used) : used_(std::move(used)) {}
  BodyShare(const BodyShare&) = delete;
  ~BodyShare() { release(); }
  bool take(std::size_t bytes, std::size_t limit);
  void release();

 private:
  const std::shared_ptr<std::size_t> used_;  // by all
  std::size_t held_ = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Stream = beast::basic_stream<net::generic::stream_protocol>;
  using Socket = net::generic::stream_protocol::socket;
  using OnClose = std::function<void(std::uint64_t id)>;

  Session(const std::shared_ptr<IoCore>& core, Socket socket, std::shared_ptr<const HttpEndpoint> endpoint, std::uint64_t id,
          std::shared_ptr<std::size_t> bodies_bytes, OnClose on_close);
  ~Session();

  void start();
  void refuse(const Status& why);  // answers the error without reading, then closes
  bool idle() const { return state_ == State::kReading; }
  std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }
  void close_when_answered();
  void close();

  // From Exchanges, with the serial of the request they answer.
  void reply(std::uint64_t serial, HttpReply reply);
  void fail(std::uint64_t serial, const Status& why);
  void cut(std::uint64_t serial);
  void watch_client(std::uint64_t serial);
  void pump(std::uint64_t serial, const std::shared_ptr<StreamPipe>& pipe);
  void hurry(std::uint64_t serial);  // the stream is finished: its rest waits for no pace
  void answer_within(std::uint64_t serial, int ms);

 private:
  enum class State { kReading, kHandling, kWriting, kStreaming, kLingering, kClosed };

  void read();
  void on_header(beast::error_code error);
  void on_read(beast::error_code error);
  void dispatch();
  HttpRequest take_request();
  bool refuse_request();
  HttpReply said(int status, const Status& why) const;
  void send(HttpReply reply, bool keep);
  void after_write(beast::error_code error, bool keep);
  void begin_stream(const std::shared_ptr<StreamPipe>& pipe);
  void write_soon(const std::shared_ptr<StreamPipe>& pipe);
  void write_chunk(const std::shared_ptr<StreamPipe>& pipe);
  void watch_for_hangup();
  void linger(std::size_t budget_bytes);

  const std::weak_ptr<IoCore> core_;  // weak: queued handlers own sessions, a strong one would be a cycle
  const std::shared_ptr<const HttpEndpoint> endpoint_;
  const std::uint64_t id_;
  OnClose on_close_;
  Stream stream_;
  net::steady_timer deadline_;
  net::steady_timer pace_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  std::shared_ptr<void> outgoing_;  // the message being written, and its serializer
  BodyShare body_;
  std::weak_ptr<StreamPipe> pipe_;  // of the request in hand
  std::string chunk_;               // being written
  State state_ = State::kReading;
  std::uint64_t serial_ = 0;  // of the request in hand
  bool closing_ = false;
  bool timed_out_ = false;  // the read under way was cancelled by its deadline
  bool watched_ = false;    // the request in hand asked for watch_client(), or streams
  bool watching_ = false;   // a wait for the socket to become readable is under way; one at a time
  std::chrono::steady_clock::time_point last_chunk_;
  std::chrono::steady_clock::time_point idle_since_ = std::chrono::steady_clock::now();
};

}  // namespace autodidact
