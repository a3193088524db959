#pragma once
// SHA-256 digests as 64 hex digits, by OpenSSL's libcrypto (SHA extensions of the CPU where it has them). Free functions
// without state: any thread may call them.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "config/status.hpp"

namespace autodidact {

std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);
// Of a file of any size, read 1 MiB at a time.
Result<std::string> sha256_file_hex(const std::string& path);

}  // namespace autodidact
