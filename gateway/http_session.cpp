#include "gateway/http_session.hpp"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_cat.hpp>

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

std::string text_of(boost::core::string_view text) { return std::string(text.data(), text.size()); }

bool is_finished(StreamPipe& pipe) {
  const std::lock_guard lock(pipe.mutex);
  return pipe.finished;
}

}  // namespace

bool BodyShare::take(std::size_t bytes, std::size_t limit) {
  release();
  if (bytes > 0 && *used_ + bytes > limit) return false;
  held_ = bytes;
  *used_ += bytes;
  return true;
}

void BodyShare::release() { *used_ -= std::exchange(held_, 0); }

Session::Session(const std::shared_ptr<IoCore>& core, Socket socket, std::shared_ptr<const HttpEndpoint> endpoint,
                 std::uint64_t id, std::shared_ptr<std::size_t> bodies_bytes, OnClose on_close)
    : core_(core),
      endpoint_(std::move(endpoint)),
      id_(id),
      on_close_(std::move(on_close)),
      stream_(std::move(socket)),
      deadline_(core->io),
      pace_(core->io),
      body_(std::move(bodies_bytes)) {}

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
  pace_.cancel();
  body_.release();
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
  timed_out_ = watched_ = false;
  deadline_.expires_after(std::chrono::milliseconds(endpoint_->limits.read_ms));
  deadline_.async_wait([self = shared_from_this(), serial = serial_](beast::error_code error) {
    if (error || self->state_ != State::kReading || self->serial_ != serial) return;
    self->timed_out_ = true;
    self->stream_.cancel();
  });
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_header(error); });
}

void Session::on_header(beast::error_code error) {
  if (state_ != State::kReading) return;
  if (error) return on_read(error);
  const auto length = parser_->content_length();
  const std::size_t bytes = parser_->chunked() ? endpoint_->limits.body_bytes : static_cast<std::size_t>(length.value_or(0));
  if (!body_.take(bytes, endpoint_->limits.bodies_bytes)) {
    return send(said(503, Status(Errc::kTemporary, "too many large requests at once; try again")), /*keep=*/false);
  }
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_read(error); });
}

HttpReply Session::said(int status, const Status& why) const {
  if (endpoint_->say_error) {
    const std::string target = parser_ ? text_of(parser_->get().target()) : std::string();
    return endpoint_->say_error(std::string_view(target).substr(0, target.find('?')), status, why);
  }
  HttpReply reply = error_reply(why);
  reply.status = status;
  return reply;
}

void Session::on_read(beast::error_code error) {
  if (state_ != State::kReading) return;
  if (!error) return dispatch();
  const int status = timed_out_ ? 408 : status_of(error);
  // An idle client that never began a request needs no answer.
  if (status == 0 || (status == 408 && !parser_->got_some())) return close();
  const Status why = status == 408 ? Status(Errc::kTemporary, "the request took too long to arrive")
                                   : Status(Errc::kUsage, "bad request: " + error.message());
  send(said(status, why), /*keep=*/false);
}

// Two ways to be taken for somebody else's request: a rebound DNS name, and a body that a proxy before us ends elsewhere.
bool Session::refuse_request() {
  const auto& request = parser_->get();
  if (request.find(http::field::transfer_encoding) != request.end() && !parser_->chunked()) {
    send(said(400, Status(Errc::kUsage, "bad request: no transfer encoding but chunked is known")), /*keep=*/false);
    return true;
  }
  if (!endpoint_->check_host) return false;
  if (request.version() < 11 && request.find(http::field::host) == request.end()) return false;  // no browser sends that
  if (host_is_literal(text_of(request[http::field::host]))) return false;
  send(said(421, Status(Errc::kUsage, "the Host header must be localhost or an IP address")), /*keep=*/false);
  return true;
}

HttpRequest Session::take_request() {
  auto& message = parser_->get();
  HttpRequest request;
  request.method = text_of(message.method_string());
  const std::string target = text_of(message.target());
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.host = text_of(message[http::field::host]);
  request.origin = text_of(message[http::field::origin]);
  request.authorization = text_of(message[http::field::authorization]);
  request.body = std::move(message.body());
  return request;
}

void Session::dispatch() {
  state_ = State::kHandling;
  deadline_.cancel();
  ++serial_;
  if (refuse_request()) return;
  auto pipe = std::make_shared<StreamPipe>();
  pipe_ = pipe;
  auto exchange = make_exchange(core_, weak_from_this(), serial_, endpoint_->limits, std::move(pipe));
  try {
    endpoint_->handler(take_request(), std::move(exchange));
  } catch (const std::exception& error) {
    fail(serial_, Status(Errc::kInternal, std::string("the handler failed: ") + error.what()));
  }
  body_.release();
}

void Session::reply(std::uint64_t serial, HttpReply reply) {
  if (serial != serial_ || state_ != State::kHandling) return;
  send(std::move(reply), parser_->get().keep_alive());
}

void Session::fail(std::uint64_t serial, const Status& why) { reply(serial, said(http_status(why.code()), why)); }

void Session::cut(std::uint64_t serial) {
  if (serial == serial_ && (state_ == State::kHandling || state_ == State::kStreaming)) close();
}

void Session::watch_client(std::uint64_t serial) {
  if (serial != serial_ || state_ != State::kHandling) return;
  watched_ = true;
  watch_for_hangup();
}

void Session::answer_within(std::uint64_t serial, int ms) {
  deadline_.expires_after(std::chrono::milliseconds(ms));
  deadline_.async_wait([self = shared_from_this(), serial, ms](beast::error_code error) {
    if (error) return;
    if (self->state_ == State::kStreaming) return self->cut(serial);
    const std::string message =
        "no answer within " + std::to_string(ms) + " ms; ask for status to see what the daemon waits for";
    self->fail(serial, Status(Errc::kTemporary, message));
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
  if (state_ == State::kStreaming) return write_soon(pipe);
  close_pipe(*pipe);
}

void Session::hurry(std::uint64_t serial) {
  if (serial == serial_ && state_ == State::kStreaming) pace_.cancel();
}

void Session::begin_stream(const std::shared_ptr<StreamPipe>& pipe) {
  if (parser_->get().version() < 11) {
    close_pipe(*pipe);
    return send(said(505, Status(Errc::kUsage, "a streamed answer needs HTTP/1.1")), /*keep=*/false);
  }
  state_ = State::kStreaming;
  watched_ = true;
  auto message = std::make_shared<http::response<http::empty_body>>(http::status::ok, 11);
  message->set(http::field::content_type, pipe->content_type);
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
    self->watch_for_hangup();
    self->write_chunk(pipe);
  });
}

void Session::write_soon(const std::shared_ptr<StreamPipe>& pipe) {
  const auto due = last_chunk_ + std::chrono::milliseconds(endpoint_->limits.stream_pace_ms);
  if (std::chrono::steady_clock::now() >= due || is_finished(*pipe)) return write_chunk(pipe);
  pace_.expires_at(due);
  pace_.async_wait([self = shared_from_this(), pipe](beast::error_code) {  // or hurry() has cut it short
    if (self->state_ == State::kStreaming && self->pipe_.lock() == pipe) self->write_chunk(pipe);
  });
}

void Session::write_chunk(const std::shared_ptr<StreamPipe>& pipe) {
  bool last = false;
  {
    const std::lock_guard lock(pipe->mutex);
    chunk_.clear();
    chunk_.swap(pipe->pending);
    last = pipe->finished;
    if (chunk_.empty() && !last) {
      pipe->scheduled = false;
      return;
    }
  }
  pipe->drained.notify_all();
  last_chunk_ = std::chrono::steady_clock::now();
  stream_.expires_after(std::chrono::milliseconds(endpoint_->limits.stall_ms));
  auto done = [self = shared_from_this(), pipe, last](beast::error_code error, std::size_t) {
    if (self->state_ != State::kStreaming) return;
    if (error) return self->close();
    if (!last) return self->write_soon(pipe);
    self->pipe_.reset();
    self->after_write({}, self->parser_->get().keep_alive());
  };
  const auto chunk = http::make_chunk(net::buffer(chunk_));
  if (!last) return net::async_write(stream_, chunk, std::move(done));
  if (chunk_.empty()) return net::async_write(stream_, http::make_chunk_last(), std::move(done));
  net::async_write(stream_, beast::buffers_cat(chunk, http::make_chunk_last()), std::move(done));
}

// A wait of an earlier request may still be under way, and then does for this one. Bytes of a next request end the watch: it
// is asked for again with that request.
void Session::watch_for_hangup() {
  if (std::exchange(watching_, true)) return;
  stream_.socket().async_wait(net::socket_base::wait_read, [self = shared_from_this()](beast::error_code error) {
    self->watching_ = false;
    const bool answering = self->state_ == State::kHandling || self->state_ == State::kStreaming;
    if (error || !answering || !self->watched_) return;
    char byte = 0;
    const auto got = ::recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return self->watch_for_hangup();
    if (got <= 0) self->close();
  });
}

}  // namespace autodidact
