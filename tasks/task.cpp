#include "tasks/task.hpp"

#include "tasks/addition_task.hpp"

namespace autodidact {

Result<std::shared_ptr<const Task>> make_task(const TaskOptions& options, std::uint64_t seed) {
  if (options.name == "addition") return make_addition_task(options, seed);
  return Status(Errc::kConfig, "task.name: \"" + options.name + "\" is not known, use \"addition\"");
}

}  // namespace autodidact
