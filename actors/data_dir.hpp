#pragma once
// The data directory: its layout, and the lock that keeps a second daemon out. Owned by the daemon; released by destruction or
// by the process ending, however it ends.

#include <string>

#include "config/status.hpp"

namespace autodidact {

class DataDir {
 public:
  // Creates what is missing (store/, versions/, learner/) and takes the lock. kTemporary names the process that has it.
  static Result<DataDir> open(const std::string& path);
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&& other) noexcept;
  ~DataDir();

  const std::string& path() const { return path_; }
  std::string store() const { return path_ + "/store"; }

 private:
  DataDir(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;
};

}  // namespace autodidact
