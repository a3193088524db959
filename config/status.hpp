#pragma once
// Errors as values. The world failing (a file, the disk, a peer, bad input) is a `Status` or a `Result<T>`; a bug is an
// assertion that stays on. Every foreign error (errno, rocksdb::Status, c10::Error, caf::error) is translated at its border,
// in one function. Plain values: any thread may hold one.

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace autodidact {

// What went wrong, in the sense of sysexits(3): each code has one process exit status (see exit_code()).
enum class Errc {
  kOk = 0,
  kUsage,         // 64: the command line is off
  kBadInput,      // 65: a data file is malformed or corrupt
  kNotFound,      // 66: an input file or record does not exist
  kUnavailable,   // 69: a needed service or device is not there
  kInternal,      // 70: a bug, or a foreign library failed unexpectedly
  kCannotCreate,  // 73: an output file cannot be made
  kIo,            // 74: reading or writing failed
  kTemporary,     // 75: try again later (lock held, disk full, draining)
  kPermission,    // 77
  kConfig,        // 78: the configuration is wrong
};

// The process exit status that sysexits gives to `code`; 0 for kOk.
int exit_code(Errc code);
const char* name(Errc code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Errc::kOk; }
  explicit operator bool() const { return ok(); }
  Errc code() const { return code_; }
  // One line, naming the place and what to do next. Empty when ok.
  const std::string& message() const { return message_; }
  // "context: message", the same code; ok stays ok.
  Status with_context(const std::string& context) const;

 private:
  Errc code_ = Errc::kOk;
  std::string message_;
};

// A value or the reason there is none. value() on an error is a bug and aborts with the error's message.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}       // NOLINT(google-explicit-constructor)
  Result(Status error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Result(Errc code, std::string message) : state_(Status(code, std::move(message))) {}

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  T& value() & {
    require();
    return std::get<T>(state_);
  }
  const T& value() const& {
    require();
    return std::get<T>(state_);
  }
  T value() && {  // by value: `for (auto& x : f().value())` must not outlive its Result
    require();
    return std::get<T>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

 private:
  void require() const;
  std::variant<T, Status> state_;
};

// Prints "fatal: message" to stderr and aborts. For bugs only.
[[noreturn]] void die(const std::string& message);

template <class T>
void Result<T>::require() const {
  if (!ok()) die("Result::value() on an error: " + std::get<Status>(state_).message());
}

// AD_REQUIRE(index < size, "index past the end"): an assertion that stays on in release builds.
#define AD_REQUIRE(condition, message)                                                                              \
  do {                                                                                                              \
    if (!(condition)) ::autodidact::die(std::string(__FILE__) + ":" + std::to_string(__LINE__) + ": " + (message)); \
  } while (false)

// Returns early with the Status of an expression that is not ok.
#define AD_RETURN_IF_ERROR(expression)                                                       \
  do {                                                                                       \
    if (::autodidact::Status ad_status_ = (expression); !ad_status_.ok()) return ad_status_; \
  } while (false)

// AD_ASSIGN_OR_RETURN(auto text, read_file(path));
#define AD_CONCAT_INNER(a, b) a##b
#define AD_CONCAT(a, b) AD_CONCAT_INNER(a, b)
#define AD_ASSIGN_OR_RETURN(declaration, expression)                                          \
  auto AD_CONCAT(ad_result_, __LINE__) = (expression);                                        \
  if (!AD_CONCAT(ad_result_, __LINE__).ok()) return AD_CONCAT(ad_result_, __LINE__).status(); \
  declaration = std::move(AD_CONCAT(ad_result_, __LINE__)).value()

}  // namespace autodidact
