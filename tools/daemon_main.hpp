#pragma once
// The daemon's main program, for any model runtime: command line, signals, gateway, progress line, service manager. The real
// one (autodidactd) passes the torch runtime, tests pass a fake.

#include <functional>
#include <memory>

#include "model/runtime.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

using RuntimeFactory = std::function<std::unique_ptr<ModelRuntime>(std::shared_ptr<const Tokenizer>)>;

// Exit status by sysexits(3): 0 after a drain, 64 usage, 66/73/74/75/77 the data directory, 78 the configuration.
int daemon_main(int argc, char** argv, const RuntimeFactory& runtime);

}  // namespace autodidact
