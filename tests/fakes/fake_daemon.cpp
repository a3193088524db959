// autodidactd with the fake model: what the crash harness kills and the tools' tests talk to. Settings come by environment, so
// that the command line stays the real one: AD_FAKE_DECODE_US and AD_FAKE_TRAIN_US per step, AD_FAKE_TOKENS_PER_STEP,
// AD_FAKE_STEP_TRACE (a file that gets the number of every training step computed, also those a crash undoes).

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/fakes/addition_oracle.hpp"
#include "tests/fakes/fake_runtime.hpp"
#include "tools/daemon_main.hpp"

namespace autodidact {
namespace {

long number(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
}

// One write per line: what was written survives the process, and lines do not mix.
std::function<void(std::uint64_t)> step_trace() {
  const char* path = std::getenv("AD_FAKE_STEP_TRACE");
  if (path == nullptr) return {};
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  AD_REQUIRE(fd >= 0, std::string("cannot open ") + path);
  return [fd](std::uint64_t step) {
    const std::string line = std::to_string(step) + "\n";
    AD_REQUIRE(::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()), "the step trace cannot be written");
  };
}

std::unique_ptr<ModelRuntime> fake_runtime(std::shared_ptr<const Tokenizer> tokenizer) {
  FakeOptions options{.tokenizer = std::move(tokenizer), .oracle = improving_oracle()};
  options.decode_step = std::chrono::microseconds(number("AD_FAKE_DECODE_US", 0));
  options.train_step = std::chrono::microseconds(number("AD_FAKE_TRAIN_US", 0));
  options.tokens_per_step = static_cast<std::int32_t>(number("AD_FAKE_TOKENS_PER_STEP", 8));
  options.on_train_step = step_trace();
  return std::make_unique<FakeRuntime>(std::move(options));
}

}  // namespace
}  // namespace autodidact

int main(int argc, char** argv) { return autodidact::daemon_main(argc, argv, autodidact::fake_runtime); }
