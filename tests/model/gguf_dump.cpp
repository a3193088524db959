// What is read from a GGUF file, for gguf_peers.py to compare with what others read.
//
//   gguf_dump raw FILE OUT         values of all tensors as fp32, one behind the other, in the file's order
//   gguf_dump model FILE OUT       the same under Hugging Face's names and layout; names and shapes on standard output
//   gguf_dump tokenizer FILE DIR   tokenizer.json or tokenizer.model, and tokenizer_config.json
//   gguf_dump decode DIR IDS       the text of a tokenizer's ids, given one a line
//   gguf_dump encode DIR TEXTS     the ids of texts with a zero byte behind each, a line each

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "config/files.hpp"
#include "model/gguf/gguf_model.hpp"
#include "model/gguf/gguf_tokenizer.hpp"

namespace autodidact {
namespace {

Status dump_raw(const GgufFile& file, const std::string& to) {
  std::ofstream out(to, std::ios::binary);
  double seconds = 0, bytes = 0, from = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    std::vector<float> values(tensor.values);
    const auto begin = std::chrono::steady_clock::now();
    AD_RETURN_IF_ERROR(file.read(tensor, 0, values));
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    bytes += 4.0 * static_cast<double>(values.size());
    from += static_cast<double>(tensor.bytes);
    out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(4 * values.size()));
  }
  std::fprintf(stderr, "%.2f GB/s of values, %.2f GB/s of the file\n", bytes / seconds * 1e-9, from / seconds * 1e-9);
  return {};
}

Status dump_model(const GgufFile& file, const std::string& to) {
  AD_ASSIGN_OR_RETURN(const GgufModelInfo info, read_gguf_model(file));
  std::ofstream out(to, std::ios::binary);
  std::printf("%s %ld %ld %ld %ld %ld %ld %ld %ld %.17g %.17g %d %d %s %.17g\n", info.model_type.c_str(), info.vocab_size,
              info.hidden_size, info.intermediate_size, info.num_hidden_layers, info.num_attention_heads,
              info.num_key_value_heads, info.head_dim, info.max_position_embeddings, info.norm_eps, info.rope_theta,
              info.tie_word_embeddings, info.attention_bias, info.rope_type.c_str(), info.rope_factor);
  for (const GgufModelTensor& tensor : info.tensors) {
    std::size_t size = 1;
    std::printf("%s", tensor.name.c_str());
    for (const std::int64_t extent : tensor.shape) {
      size *= static_cast<std::size_t>(extent);
      std::printf(" %ld", extent);
    }
    std::printf("\n");
    std::vector<float> values(size);
    AD_RETURN_IF_ERROR(read_gguf_tensor(file, info, tensor.name, values));
    out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(4 * values.size()));
  }
  return {};
}

Status dump_tokenizer(const GgufFile& file, const std::string& to) {
  AD_ASSIGN_OR_RETURN(const std::string kind, gguf_tokenizer_kind(file));
  AD_ASSIGN_OR_RETURN(const std::string text, kind == "gpt2" ? gguf_tokenizer_json(file) : gguf_sentencepiece_model(file));
  AD_ASSIGN_OR_RETURN(const std::string config, gguf_tokenizer_config_json(file));
  AD_RETURN_IF_ERROR(write_file_atomic(to + (kind == "gpt2" ? "/tokenizer.json" : "/tokenizer.model"), text));
  return write_file_atomic(to + "/tokenizer_config.json", config);
}

Status decode(const std::string& directory, const std::string& ids_path) {
  AD_ASSIGN_OR_RETURN(const auto tokenizer, load_tokenizer(directory + "/tokenizer.json"));
  AD_ASSIGN_OR_RETURN(const std::string lines, read_file(ids_path, 1ull << 30));
  std::istringstream in(lines);
  std::vector<TokenId> ids;
  for (TokenId id; in >> id;) ids.push_back(id);
  const std::string text = tokenizer->decode(ids);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

Status encode(const std::string& directory, const std::string& texts_path) {
  AD_ASSIGN_OR_RETURN(const auto tokenizer, load_tokenizer(directory + "/tokenizer.json"));
  AD_ASSIGN_OR_RETURN(const std::string texts, read_file(texts_path, 1ull << 30));
  double seconds = 0;
  for (std::size_t at = 0; at < texts.size();) {
    const std::size_t end = texts.find('\0', at);
    const auto begin = std::chrono::steady_clock::now();
    AD_ASSIGN_OR_RETURN(const auto ids, tokenizer->encode(std::string_view(texts).substr(at, end - at)));
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    for (const TokenId id : ids) std::printf("%d ", id);
    std::printf("\n");
    at = end + 1;
  }
  std::fprintf(stderr, "%.2f MB/s\n", static_cast<double>(texts.size()) / seconds * 1e-6);
  return {};
}

Status run(const std::string& what, const std::string& from, const std::string& to) {
  if (what == "decode") return decode(from, to);
  if (what == "encode") return encode(from, to);
  AD_ASSIGN_OR_RETURN(const GgufFile file, GgufFile::open(from));
  return what == "raw" ? dump_raw(file, to) : what == "model" ? dump_model(file, to) : dump_tokenizer(file, to);
}

}  // namespace
}  // namespace autodidact

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  const autodidact::Status done = autodidact::run(argv[1], argv[2], argv[3]);
  if (!done.ok()) std::fprintf(stderr, "%s\n", done.message().c_str());
  return autodidact::exit_code(done.code());
}
