#pragma once
// A fresh directory of one test, gone with it. Below the system's temporary one, not the build's: a socket's path has room for
// 107 characters.

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace autodidact {

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "autodidact-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  std::string path(const std::string& file = "") const { return file.empty() ? path_ : path_ + "/" + file; }

 private:
  std::string path_;
};

}  // namespace autodidact
