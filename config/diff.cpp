#include "config/diff.hpp"

#include "config/rules.hpp"

namespace autodidact {
namespace {

void copy_field(const Field& field, const Options& from, Options& to) {
  std::visit(
      [&](auto* target) {
        using T = std::remove_pointer_t<decltype(target)>;
        *target = *std::get<const T*>(field.access.get(from));
      },
      field.access.ref(to));
}

}  // namespace

std::vector<Change> diff_options(const Options& from, const Options& to) {
  std::vector<Change> changes;
  for (const Field& field : schema()) {
    std::string before = value_text(field, from), after = value_text(field, to);
    if (before != after) changes.push_back({field.key, std::move(before), std::move(after), field.reload});
  }
  return changes;
}

Result<ReloadPlan> apply_live(const Options& running, const Options& wanted) {
  ReloadPlan plan;
  plan.merged = running;
  for (Change& change : diff_options(running, wanted)) {
    if (change.reload == Reload::kRestart) {
      plan.pending.push_back(std::move(change));
    } else {
      copy_field(*find_field(change.key), wanted, plan.merged);
      plan.applied.push_back(std::move(change));
    }
  }
  if (plan.applied.empty()) return plan;
  for (const RuleProblem& problem : check_rules(plan.merged)) {
    if (problem.error) {
      return Status(Errc::kConfig, problem.key + ": " + problem.message +
                                       " (with the running values of what needs a restart); restart the daemon to apply all");
    }
  }
  return plan;
}

std::string to_string(const Change& change) {
  return change.key + ": " + change.old_text + " -> " + change.new_text + " (" + name(change.reload) + ")";
}

}  // namespace autodidact
