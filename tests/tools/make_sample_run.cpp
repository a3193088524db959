// make_sample_run DIR: writes the sample run, so that the tool is tested on a store that another process wrote.

#include <cstdio>

#include "tests/tools/sample_store.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const autodidact::Status status = autodidact::write_sample_run(argv[1]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return autodidact::exit_code(status.code());
}
