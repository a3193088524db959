// autodidact-docgen: prints docs/configuration.md, or with --toml the default configuration file.

#include <cstdio>
#include <string_view>

#include "config/report.hpp"

int main(int argc, char** argv) {
  const bool toml = argc == 2 && std::string_view(argv[1]) == "--toml";
  if (argc > 1 && !toml) {
    std::fprintf(stderr, "usage: autodidact-docgen [--toml]\n");
    return 64;
  }
  const std::string text = toml ? autodidact::default_config_toml() : autodidact::configuration_page();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 74;
}
