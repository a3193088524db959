#include "config/status.hpp"

#include <cstdio>

namespace autodidact {

int exit_code(Errc code) {
  switch (code) {
    case Errc::kOk: return 0;
    case Errc::kUsage: return 64;
    case Errc::kBadInput: return 65;
    case Errc::kNotFound: return 66;
    case Errc::kUnavailable: return 69;
    case Errc::kInternal: return 70;
    case Errc::kCannotCreate: return 73;
    case Errc::kIo: return 74;
    case Errc::kTemporary: return 75;
    case Errc::kPermission: return 77;
    case Errc::kConfig: return 78;
  }
  return 70;
}

const char* name(Errc code) {
  switch (code) {
    case Errc::kOk: return "ok";
    case Errc::kUsage: return "usage";
    case Errc::kBadInput: return "bad_input";
    case Errc::kNotFound: return "not_found";
    case Errc::kUnavailable: return "unavailable";
    case Errc::kInternal: return "internal";
    case Errc::kCannotCreate: return "cannot_create";
    case Errc::kIo: return "io";
    case Errc::kTemporary: return "temporary";
    case Errc::kPermission: return "permission";
    case Errc::kConfig: return "config";
  }
  return "internal";
}

Status Status::with_context(const std::string& context) const {
  return ok() ? *this : Status(code_, context + ": " + message_);
}

void die(const std::string& message) {
  std::fprintf(stderr, "fatal: %s\n", message.c_str());
  std::abort();
}

}  // namespace autodidact
