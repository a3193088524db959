#pragma once
// What the benchmarks of model/ share: their command line, their clock, and a Llama-shaped model of the size the demo trains.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "model/weights.hpp"

namespace autodidact::bench {

// --name value pairs over defaults; an unknown name ends the program with the list.
class Arguments {
 public:
  Arguments(int argc, char** argv, std::map<std::string, std::string> defaults) : values_(std::move(defaults)) {
    for (int i = 1; i < argc; i += 2) {
      const std::string name = argv[i];
      if (i + 1 == argc || name.rfind("--", 0) != 0 || values_.count(name.substr(2)) == 0) usage(argv[0]);
      values_[name.substr(2)] = argv[i + 1];
    }
  }
  std::int64_t integer(const std::string& name) const { return std::atoll(values_.at(name).c_str()); }
  const std::string& text(const std::string& name) const { return values_.at(name); }

 private:
  [[noreturn]] void usage(const char* program) const {
    std::fprintf(stderr, "usage: %s", program);
    for (const auto& [name, value] : values_) std::fprintf(stderr, " [--%s %s]", name.c_str(), value.c_str());
    std::fprintf(stderr, "\n");
    std::exit(64);
  }
  std::map<std::string, std::string> values_;
};

// Best of the repeats, each timed alone: other work on the machine only slows.
template <class Work>
double best_seconds(std::int64_t repeats, Work work) {
  double best = 1e9;
  for (std::int64_t i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

inline std::map<std::string, std::string> model_defaults() {
  return {{"d", "64"},    {"layers", "3"}, {"heads", "4"},      {"kv-heads", "4"},
          {"ffn", "192"}, {"vocab", "40"}, {"positions", "160"}};
}

// Without end or padding tokens: every sequence runs to its full length, as the peer is told to do.
inline ModelConfig model_config(const Arguments& arguments) {
  ModelConfig c;
  c.vocab_size = arguments.integer("vocab");
  c.hidden_size = arguments.integer("d");
  c.num_hidden_layers = arguments.integer("layers");
  c.num_attention_heads = arguments.integer("heads");
  c.num_key_value_heads = arguments.integer("kv-heads");
  c.head_dim = c.hidden_size / c.num_attention_heads;
  c.intermediate_size = arguments.integer("ffn");
  c.max_position_embeddings = arguments.integer("positions");
  c.eos_token_id = c.pad_token_id = -1;
  return c;
}

}  // namespace autodidact::bench
