#include "gateway/http_session.hpp"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include "gateway/errors.hpp"
#include "gateway/http_exchange.hpp"

namespace autodidact {

namespace http = beast::http;

namespace {

constexpr std::size_t kLingerBytes = 8 << 20;  // of a body we refused: read so much of it that the client gets our answer
constexpr int kLingerMs = 2000;

// The HTTP status for what Beast found wrong with a request; 0 when the connection itself broke.
int status_of(beast::error_code error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit || error == http::error::buffer_overflow) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::bad_method).category() ? 400 : 0;
}

HttpReply protocol_error(int status, const std::string& message) {
  HttpReply reply = error_reply(Status(status == 408 ? Errc::kTemporary : Errc::kUsage, message));
  reply.status = status;
  return reply;
}

}  // namespace

Session::Session(const std::shared_ptr<IoCore>& core, Socket socket, std::shared_ptr<const HttpEndpoint> endpoint,
                 std::uint64_t id, OnClose on_close)
    : core_(core),
      endpoint_(std::move(endpoint)),
      id_(id),
      on_close_(std::move(on_close)),
      stream_(std::move(socket)),
      deadline_(core->io) {}

Session::~Session() {
  if (const auto pipe = pipe_.lock()) close_pipe(*pipe);
}

void Session::start() { read(); }

void Session::refuse(const Status& why) { send(error_reply(why), /*keep=*/false); }

void Session::close_when_answered() {
  closing_ = true;
  if (state_ == State::kReading || state_ == State::kLingering) close();
}

void Session::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  deadline_.cancel();
  if (const auto pipe = pipe_.lock()) close_pipe(*pipe);
  stream_.close();
  on_close_(id_);
}

void Session::read() {
  if (closing_) return close();
  state_ = State::kReading;
  idle_since_ = std::chrono::steady_clock::now();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(endpoint_->limits.header_bytes));
  parser_->body_limit(endpoint_->limits.body_bytes);
  // A timer of our own: the stream's would close the socket, and a slow client should learn why it is dropped.
  stream_.expires_never();
  timed_out_ = false;
  deadline_.expires_after(std::chrono::milliseconds(endpoint_->limits.read_ms));
  deadline_.async_wait([self = shared_from_this(), serial = serial_](beast::error_code error) {
    if (error || self->state_ != State::kReading || self->serial_ != serial) return;
    self->timed_out_ = true;
    self->stream_.cancel();
  });
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_read(error); });
}

void Session::on_read(beast::error_code error) {
  if (state_ != State::kReading) return;
  if (!error) return dispatch();
  const int status = timed_out_ ? 408 : status_of(error);
  // An idle client that never began a request needs no answer.
  if (status == 0 || (status == 408 && !parser_->got_some())) return close();
  send(protocol_error(status, status == 408 ? "the request took too long to arrive" : "bad request: " + error.message()),
       /*keep=*/false);
}

bool Session::refuse_host() {
  if (!endpoint_->check_host) return false;
  const auto& request = parser_->get();
  if (request.version() < 11 && request.find(http::field::host) == request.end()) return false;  // no browser sends that
  const auto host = request[http::field::host];
  if (host_is_literal(std::string_view(host.data(), host.size()))) return false;
  send(protocol_error(421, "the Host header must be localhost or an IP address"), /*keep=*/false);
  return true;
}

void Session::dispatch() {
  state_ = State::kHandling;
  deadline_.cancel();
  ++serial_;
  if (refuse_host()) return;
  auto& message = parser_->get();
  HttpRequest request;
  request.method = std::string(message.method_string());
  const std::string target(message.target());
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.body = std::move(message.body());
  auto exchange = make_exchange(core_, weak_from_this(), serial_, endpoint_->limits);
  try {
    endpoint_->handler(request, std::move(exchange));
  } catch (const std::exception& error) {
    reply(serial_, error_reply(Status(Errc::kInternal, std::string("the handler failed: ") + error.what())));
  }
}

void Session::reply(std::uint64_t serial, HttpReply reply) {
  if (serial != serial_ || state_ != State::kHandling) return;
  send(std::move(reply), parser_->get().keep_alive());
}

void Session::answer_within(std::uint64_t serial, int ms) {
  deadline_.expires_after(std::chrono::milliseconds(ms));
  deadline_.async_wait([self = shared_from_this(), serial, ms](beast::error_code error) {
    if (error) return;
    const std::string message =
        "no answer within " + std::to_string(ms) + " ms; ask for status to see what the daemon waits for";
    self->reply(serial, error_reply(Status(Errc::kTemporary, message)));
  });
}

void Session::send(HttpReply reply, bool keep) {
  state_ = State::kWriting;
  deadline_.cancel();
  keep = keep && !closing_;
  auto message = std::make_shared<http::response<http::string_body>>();
  message->result(static_cast<unsigned>(reply.status));
  message->version(11);
  message->set(http::field::content_type, reply.content_type);
  message->set(http::field::cache_control, "no-store");
  if (!reply.allow.empty()) message->set(http::field::allow, reply.allow);
  for (const auto& [name, value] : reply.headers) message->set(name, value);
  message->keep_alive(keep);
  message->content_length(reply.body.size());
  const bool head = parser_.has_value() && parser_->is_header_done() && parser_->get().method() == http::verb::head;
  if (!head) message->body() = std::move(reply.body);
  auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*message);
  outgoing_ = std::make_shared<std::pair<decltype(message), decltype(serializer)>>(message, serializer);
  stream_.expires_after(std::chrono::milliseconds(endpoint_->limits.write_ms));
  auto done = [self = shared_from_this(), keep](beast::error_code error, std::size_t) { self->after_write(error, keep); };
  if (head) {
    http::async_write_header(stream_, *serializer, std::move(done));
  } else {
    http::async_write(stream_, *serializer, std::move(done));
  }
}

void Session::after_write(beast::error_code error, bool keep) {
  outgoing_.reset();
  if (state_ == State::kClosed) return;
  if (error) return close();
  if (keep) return read();
  // Closing with unread input would reset the connection and could destroy the answer on its way.
  state_ = State::kLingering;
  stream_.socket().shutdown(net::socket_base::shutdown_send, error);
  if (error || closing_) return close();
  stream_.expires_after(std::chrono::milliseconds(kLingerMs));
  buffer_.clear();
  linger(kLingerBytes);
}

void Session::linger(std::size_t budget_bytes) {
  stream_.async_read_some(buffer_.prepare(64 * 1024),
                          [self = shared_from_this(), budget_bytes](beast::error_code error, std::size_t bytes) {
                            if (self->state_ != State::kLingering) return;
                            if (error || bytes >= budget_bytes) return self->close();
                            self->linger(budget_bytes - bytes);
                          });
}

void Session::pump(std::uint64_t serial, const std::shared_ptr<StreamPipe>& pipe) {
  if (serial != serial_) return close_pipe(*pipe);
  if (state_ == State::kHandling) return begin_stream(pipe);
  if (state_ == State::kStreaming) return write_chunk(pipe);
  close_pipe(*pipe);
}

void Session::begin_stream(const std::shared_ptr<StreamPipe>& pipe) {
  if (parser_->get().version() < 11) {
    close_pipe(*pipe);
    return send(protocol_error(505, "a streamed answer needs HTTP/1.1"), /*keep=*/false);
  }
  state_ = State::kStreaming;
  deadline_.cancel();
  pipe_ = pipe;
  auto message = std::make_shared<http::response<http::empty_body>>(http::status::ok, 11);
  message->set(http::field::content_type, "application/x-ndjson");
  message->set(http::field::cache_control, "no-store");
  message->keep_alive(parser_->get().keep_alive());
  message->chunked(true);
  auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
  outgoing_ = std::make_shared<std::pair<decltype(message), decltype(serializer)>>(message, serializer);
  stream_.expires_after(std::chrono::milliseconds(endpoint_->limits.stall_ms));
  http::async_write_header(stream_, *serializer, [self = shared_from_this(), pipe](beast::error_code error, std::size_t) {
    self->outgoing_.reset();
    if (self->state_ != State::kStreaming) return;
    if (error) return self->close();
    self->watch_for_hangup(pipe);
    self->write_chunk(pipe);
  });
}

void Session::write_chunk(const std::shared_ptr<StreamPipe>& pipe) {
  bool last = false;
  {
    const std::lock_guard lock(pipe->mutex);
    chunk_.clear();
    chunk_.swap(pipe->pending);
    last = chunk_.empty() && pipe->finished;
    if (chunk_.empty() && !last) {
      pipe->scheduled = false;
      return;
    }
  }
  pipe->drained.notify_all();
  stream_.expires_after(std::chrono::milliseconds(endpoint_->limits.stall_ms));
  auto done = [self = shared_from_this(), pipe, last](beast::error_code error, std::size_t) {
    if (self->state_ != State::kStreaming) return;
    if (error) return self->close();
    if (!last) return self->write_chunk(pipe);
    self->pipe_.reset();
    self->after_write({}, self->parser_->get().keep_alive());
  };
  if (last) return net::async_write(stream_, http::make_chunk_last(), std::move(done));
  net::async_write(stream_, http::make_chunk(net::buffer(chunk_)), std::move(done));
}

void Session::watch_for_hangup(const std::shared_ptr<StreamPipe>& pipe) {
  stream_.socket().async_wait(net::socket_base::wait_read, [self = shared_from_this(), pipe](beast::error_code error) {
    if (error || self->state_ != State::kStreaming || self->pipe_.lock() != pipe) return;
    char byte = 0;
    const auto got = ::recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) self->close();
  });
}

}  // namespace autodidact
