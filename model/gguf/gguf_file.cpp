#include "model/gguf/gguf_file.hpp"

#include <algorithm>

#include "model/gguf/quantized.hpp"
#include "model/safetensors_header.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kPieceBytes = 1 << 17;  // of quantized data at a time: it and its values stay in the second cache

}  // namespace

GgufFile::GgufFile(std::shared_ptr<const ByteSource> source, GgufHeader header)
    : source_(std::move(source)), header_(std::move(header)) {
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) by_name_[header_.tensors[i].name] = i;
}

Result<GgufFile> GgufFile::open(const std::string& path) {
  AD_ASSIGN_OR_RETURN(auto source, bytes_of_file(path));
  auto header = parse_gguf_header(*source);
  if (!header.ok()) return header.status().with_context(path);
  return GgufFile(std::move(source), std::move(header).value());
}

Result<GgufFile> GgufFile::parse(std::string bytes) {
  auto source = bytes_in_memory(std::move(bytes));
  AD_ASSIGN_OR_RETURN(GgufHeader header, parse_gguf_header(*source));
  return GgufFile(std::move(source), std::move(header));
}

const GgufField* GgufFile::field(const std::string& key) const {
  const auto found = header_.fields.find(key);
  return found == header_.fields.end() ? nullptr : &found->second;
}

const GgufTensor* GgufFile::tensor(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &header_.tensors[found->second];
}

Status GgufFile::read(const GgufTensor& tensor, std::uint64_t first, std::span<float> to) const {
  const QuantizedType& type = *quantized_type(tensor.type);
  AD_REQUIRE(first % type.block_values == 0 && to.size() % type.block_values == 0 && first <= tensor.values &&
                 to.size() <= tensor.values - first,
             "GgufFile::read: not whole blocks of the tensor");
  std::uint64_t at = tensor.at + first / type.block_values * type.block_bytes, index = first;
  std::string piece;
  while (!to.empty()) {
    const std::size_t blocks = std::min(kPieceBytes / type.block_bytes, to.size() / type.block_values);
    piece.resize(blocks * type.block_bytes);
    const Status got = source_->read(at, {piece.data(), piece.size()});
    if (!got.ok()) return got.with_context("tensor " + printable_name(tensor.name));
    type.dequantize(reinterpret_cast<const std::uint8_t*>(piece.data()), blocks, to.data());
    const std::size_t values = blocks * type.block_values, finite = first_not_finite(to.data(), values);
    if (finite != values)
      return {Errc::kBadInput, "tensor " + printable_name(tensor.name) + ": value " + std::to_string(index + finite) +
                                   ", near byte " + std::to_string(at + finite / type.block_values * type.block_bytes) +
                                   ", is NaN or infinite"};
    at += piece.size();
    index += values;
    to = to.subspan(values);
  }
  return {};
}

Status GgufFile::bad_field(const std::string& key, const GgufField* field, const std::string& what) {
  const std::string place = field == nullptr ? "" : " at byte " + std::to_string(field->at);
  return {Errc::kBadInput, "key " + printable_name(key) + place + ": " + what};
}

}  // namespace autodidact
