#pragma once
// Answers replay queries from the running daemon if there is one, else from the store's files opened read-only. pin, unpin and
// gc without a daemon open the files for writing, under the daemon's own lock. One thread.

#include <memory>
#include <optional>
#include <string>

#include "gateway/client.hpp"
#include "gateway/unix_socket.hpp"
#include "storage/inspect.hpp"
#include "tools/place.hpp"

namespace autodidact {

class ReplaySource {
 public:
  enum class Access { kRead, kWrite };

  // direct: do not ask a daemon. kWrite beside a running daemon goes through it whatever `direct` says.
  static Result<ReplaySource> open(const Place& place, bool direct, Access access);

  Status ask(const std::string& request_json, const LineSink& sink);
  bool live() const { return client_.has_value(); }
  // "daemon at runs/addition/admin.sock", "files in runs/addition/store"
  const std::string& description() const { return description_; }

 private:
  ReplaySource() = default;
  Status open_files(Access access);

  Place place_;
  std::string description_;
  std::optional<AdminClient> client_;
  UniqueFd lock_;
  std::unique_ptr<ReplayStore> store_;
};

}  // namespace autodidact
