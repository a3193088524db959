#include "gateway/client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

#include "gateway/errors.hpp"
#include "gateway/unix_socket.hpp"

namespace autodidact {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::uint64_t kMaxReplyBytes = 64 << 20;
constexpr std::size_t kMaxLineBytes = 64 << 20;
constexpr int kSendMs = 10'000;

Status broken(beast::error_code error, const std::string& waited_for, int ms) {
  if (error == beast::error::timeout) {
    return Status(Errc::kTemporary, "the daemon did not " + waited_for + " within " + std::to_string(ms) + " ms");
  }
  return Status(Errc::kUnavailable, "the daemon hung up before it could " + waited_for + " (" + error.message() + ")");
}

// Cuts bytes into lines.
class LineCutter {
 public:
  explicit LineCutter(const std::function<bool(std::string_view)>& line) : line_(line) {}

  // False when the receiver has had enough.
  Result<bool> feed(std::string_view bytes) {
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      rest_.append(bytes.substr(0, end));
      bytes.remove_prefix(end + 1);
      AD_RETURN_IF_ERROR(check_error());
      const bool more = line_(rest_);
      rest_.clear();
      if (!more) return false;
    }
    if (rest_.size() + bytes.size() > kMaxLineBytes) return Status(Errc::kBadInput, "the daemon sent a line over 64 MiB");
    rest_.append(bytes);
    return true;
  }

 private:
  Status check_error() const {
    if (rest_.rfind("{\"error\":", 0) != 0) return Status();
    return parse_error_json(rest_).value_or(Status());
  }

  const std::function<bool(std::string_view)>& line_;
  std::string rest_;
};

}  // namespace

struct AdminClient::Impl {
  net::io_context io{1};
  beast::basic_stream<net::local::stream_protocol> stream{io};
  beast::flat_buffer buffer;

  // Starts one asynchronous operation and runs it to its end or to `ms`.
  template <class Start>
  beast::error_code run(int ms, Start start) {
    beast::error_code result = net::error::operation_aborted;
    stream.expires_after(std::chrono::milliseconds(ms));
    start([&result](beast::error_code error, std::size_t) { result = error; });
    io.restart();
    io.run();
    return result;
  }

  Status send(http::verb method, const std::string& target, const std::string& body) {
    http::request<http::string_body> request(method, target, 11);
    request.set(http::field::host, "localhost");
    if (!body.empty()) request.set(http::field::content_type, "application/json");
    request.body() = body;
    request.prepare_payload();
    const auto error = run(kSendMs, [&](auto done) { http::async_write(stream, request, std::move(done)); });
    return error ? broken(error, "take the request", kSendMs) : Status();
  }
};

AdminClient::AdminClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminClient::AdminClient(AdminClient&&) noexcept = default;
AdminClient& AdminClient::operator=(AdminClient&&) noexcept = default;
AdminClient::~AdminClient() = default;

Result<AdminClient> AdminClient::connect(const std::string& socket_path) {
  AD_ASSIGN_OR_RETURN(UniqueFd fd, connect_unix(socket_path));
  auto impl = std::make_unique<Impl>();
  beast::error_code error;
  impl->stream.socket().assign(net::local::stream_protocol(), fd.get(), error);
  if (error) return Status(Errc::kInternal, "cannot use the socket " + socket_path + ": " + error.message());
  fd.release();
  return AdminClient(std::move(impl));
}

Result<std::string> AdminClient::call(const std::string& method, const std::string& target, const std::string& body,
                                      int deadline_ms) {
  AD_RETURN_IF_ERROR(impl_->send(http::string_to_verb(method), target, body));
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxReplyBytes);
  const auto error =
      impl_->run(deadline_ms, [&](auto done) { http::async_read(impl_->stream, impl_->buffer, parser, std::move(done)); });
  if (error) return broken(error, "answer", deadline_ms);
  std::string answer = std::move(parser.get().body());
  while (!answer.empty() && answer.back() == '\n') answer.pop_back();
  if (parser.get().result_int() < 400) return answer;
  const std::string what = "the daemon answered HTTP " + std::to_string(parser.get().result_int());
  return parse_error_json(answer).value_or(Status(Errc::kInternal, what));
}

Result<std::string> AdminClient::fetch(const std::string& target, int deadline_ms) {
  AD_RETURN_IF_ERROR(impl_->send(http::verb::get, target, ""));
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxReplyBytes);
  const auto error =
      impl_->run(deadline_ms, [&](auto done) { http::async_read(impl_->stream, impl_->buffer, parser, std::move(done)); });
  if (error) return broken(error, "answer", deadline_ms);
  return std::move(parser.get().body());
}

Status AdminClient::stream(const std::string& target, const std::string& body, int stall_ms,
                           const std::function<bool(std::string_view)>& line) {
  AD_RETURN_IF_ERROR(impl_->send(http::verb::post, target, body));
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  auto error =
      impl_->run(stall_ms, [&](auto done) { http::async_read_header(impl_->stream, impl_->buffer, parser, std::move(done)); });
  if (error) return broken(error, "answer", stall_ms);
  const bool failed = parser.get().result_int() >= 400;
  std::string failure;
  LineCutter cutter(line);
  char bytes[16 * 1024];
  while (!parser.is_done()) {
    parser.get().body().data = bytes;
    parser.get().body().size = sizeof bytes;
    error =
        impl_->run(stall_ms, [&](auto done) { http::async_read_some(impl_->stream, impl_->buffer, parser, std::move(done)); });
    const std::string_view got(bytes, sizeof bytes - parser.get().body().size);  // whole lines count even if it then breaks off
    if (failed) {
      failure.append(got.substr(0, kMaxReplyBytes - std::min<std::size_t>(failure.size(), kMaxReplyBytes)));
    } else {
      AD_ASSIGN_OR_RETURN(const bool more, cutter.feed(got));
      if (!more) {
        impl_->stream.close();  // the rest of the answer is on its way: this connection is spent
        return Status();
      }
    }
    if (error && error != http::error::need_buffer) return broken(error, "finish its answer", stall_ms);
  }
  if (!failed) return Status();
  const std::string what = "the daemon answered HTTP " + std::to_string(parser.get().result_int());
  return parse_error_json(failure).value_or(Status(Errc::kInternal, what));
}

}  // namespace autodidact
