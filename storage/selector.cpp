#include "storage/selector.hpp"

namespace autodidact {

std::unique_ptr<Selector> make_selector(const SelectorOptions& options) {
  if (options.name == "fifo") return make_fifo_selector();
  if (options.name == "lifo") return make_lifo_selector();
  if (options.name == "uniform") return make_uniform_selector();
  if (options.name == "prioritized") return make_prioritized_selector(options.priority_exponent);
  if (options.name == "window") return make_window_selector(options.newest_share, options.window_size);
  return nullptr;
}

}  // namespace autodidact
