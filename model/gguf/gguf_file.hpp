#pragma once
// A GGUF file (llama.cpp's format, versions 2 and 3): typed metadata, then tensors in quantized blocks. The header is read and
// checked when the file is opened, the tensors when they are asked for, piece by piece. What is read is hostile: every count,
// length, type and offset is checked before it is used, and every error names the key or tensor and the byte.
// Immutable after open(); any thread.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "config/status.hpp"
#include "model/byte_source.hpp"

namespace autodidact {

// Integers of any width are one kind; beyond 2^63 - 1 they count as that. A float is the shortest decimal that gives it (1e-05,
// not 9.9999997e-06), as it stood in the config it came from. monostate: an array of arrays, checked and not kept.
using GgufValue = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                               std::vector<double>, std::vector<std::string>>;
struct GgufField {
  GgufValue value;
  std::uint64_t at = 0;  // the byte where its key stands
};

struct GgufTensor {
  std::string name;
  std::uint32_t type = 0;           // see quantized.hpp; one that can be read
  std::vector<std::int64_t> shape;  // 1 to 4 of them, each at least 1, the one that changes slowest first (as in PyTorch)
  std::uint64_t at = 0;             // the byte where its data begins
  std::uint64_t bytes = 0;          // disjoint from every other tensor's, inside the file
  std::uint64_t values = 0;         // product of the shape
};

struct GgufHeader {
  std::map<std::string, GgufField> fields;
  std::vector<GgufTensor> tensors;  // names are unique
};
Result<GgufHeader> parse_gguf_header(const ByteSource& source);

class GgufFile {
 public:
  static Result<GgufFile> open(const std::string& path);
  static Result<GgufFile> parse(std::string bytes);

  // Null when there is none.
  const GgufField* field(const std::string& key) const;
  const GgufTensor* tensor(const std::string& name) const;
  const std::vector<GgufTensor>& tensors() const { return header_.tensors; }

  // The `to.size()` values of one of tensors() from value `first`, which is at the beginning of a block, as fp32. kBadInput on
  // a value that is NaN or infinite, with its index, and when the file has shrunk since it was opened.
  Status read(const GgufTensor& tensor, std::uint64_t first, std::span<float> to) const;

  // "key \"x\" at byte 24: what"
  static Status bad_field(const std::string& key, const GgufField* field, const std::string& what);

 private:
  GgufFile(std::shared_ptr<const ByteSource> source, GgufHeader header);
  std::shared_ptr<const ByteSource> source_;
  GgufHeader header_;
  std::map<std::string, std::size_t> by_name_;  // index into tensors()
};

}  // namespace autodidact
