// The daemon with the real model runtime.

#include "tools/daemon_main.hpp"

int main(int argc, char** argv) {
  return autodidact::daemon_main(argc, argv, [](const auto&) { return autodidact::make_runtime(); });
}
