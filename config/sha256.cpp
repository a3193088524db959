#include "config/sha256.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "config/files.hpp"

namespace autodidact {
namespace {

// OpenSSL fails here only for want of memory or of its own set-up: nothing a caller could go on from.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    AD_REQUIRE(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "libcrypto offers no SHA-256");
  }
  void add(const void* data, std::size_t size) {
    AD_REQUIRE(EVP_DigestUpdate(context_.get(), data, size) == 1, "SHA-256 update failed");
  }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
    unsigned size = 0;
    AD_REQUIRE(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1, "SHA-256 final failed");
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += "0123456789abcdef"[digest[i] >> 4];
      text += "0123456789abcdef"[digest[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 sha;
  sha.add(bytes.data(), bytes.size());
  return sha.hex();
}

std::string sha256_hex(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

Result<std::string> sha256_file_hex(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_status(errno, "open " + path);
  Sha256 sha;
  std::vector<char> block(1 << 20);
  ssize_t n = 0;
  while ((n = ::read(fd, block.data(), block.size())) != 0) {
    if (n > 0) {
      sha.add(block.data(), static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      const Status status = errno_status(errno, "read " + path);
      ::close(fd);
      return status;
    }
  }
  ::close(fd);
  return sha.hex();
}

}  // namespace autodidact
