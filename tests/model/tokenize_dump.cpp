// tokenize_dump TOKENIZER_JSON FILE [REPEATS]: the token ids of FILE (user text, no special tokens), one a line, and on
// standard error how fast that went. hf_tokenizers.py compares them with Hugging Face's.

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "config/files.hpp"
#include "model/tokenizer.hpp"

int main(int argc, char** argv) {
  using namespace autodidact;
  if (argc < 3) return 64;
  const auto tokenizer = load_tokenizer(argv[1]);
  const auto text = read_file(argv[2], 1ull << 30);
  if (!tokenizer.ok() || !text.ok()) {
    std::fprintf(stderr, "%s\n", (tokenizer.ok() ? text.status() : tokenizer.status()).message().c_str());
    return 65;
  }
  const int repeats = argc > 3 ? std::atoi(argv[3]) : 1;
  double best = 1e9;
  std::vector<TokenId> tokens;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto encoded = (*tokenizer)->encode(*text);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (!encoded.ok()) {
      std::fprintf(stderr, "%s\n", encoded.status().message().c_str());
      return 65;
    }
    tokens = *encoded;
  }
  for (const TokenId token : tokens) std::printf("%d\n", token);
  std::fprintf(stderr, "%zu bytes, %zu tokens, %.2f MB/s\n", text->size(), tokens.size(), double(text->size()) / best * 1e-6);
  return 0;
}
