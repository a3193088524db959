#include "gateway/errors.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace autodidact {

namespace {

constexpr std::array kErrors = {Errc::kUsage,        Errc::kBadInput, Errc::kNotFound,  Errc::kUnavailable, Errc::kInternal,
                                Errc::kCannotCreate, Errc::kIo,       Errc::kTemporary, Errc::kPermission,  Errc::kConfig};

}  // namespace

int http_status(Errc code) {
  switch (code) {
    case Errc::kOk: return 200;
    case Errc::kUsage: return 400;
    case Errc::kPermission: return 403;
    case Errc::kNotFound: return 404;
    case Errc::kBadInput:
    case Errc::kConfig: return 422;
    case Errc::kUnavailable:
    case Errc::kTemporary: return 503;
    case Errc::kInternal:
    case Errc::kCannotCreate:
    case Errc::kIo: return 500;
  }
  return 500;
}

std::string error_json(const Status& status) {
  const nlohmann::json body = {{"error", {{"code", name(status.code())}, {"message", status.message()}}}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<Status> parse_error_json(std::string_view json) {
  constexpr std::size_t kLongest = 1 << 20;
  if (json.size() > kLongest) return std::nullopt;
  const auto body = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return std::nullopt;
  const auto error = body.find("error");
  if (error == body.end() || !error->is_object()) return std::nullopt;
  const auto code = error->find("code");
  const auto message = error->find("message");
  if (code == error->end() || !code->is_string() || message == error->end() || !message->is_string()) return std::nullopt;
  for (const Errc known : kErrors) {
    if (code->get_ref<const std::string&>() == name(known)) return Status(known, message->get<std::string>());
  }
  return Status(Errc::kInternal, message->get<std::string>());
}

}  // namespace autodidact
