#include "methods/vstar.hpp"

#include <utility>

#include "methods/star.hpp"

namespace autodidact {
namespace {

Objective objective_of(const std::string& kind) {
  if (kind == "orm") return Objective::kOutcome;
  return kind == "prm" ? Objective::kProcess : Objective::kDpo;
}

// The generator is STaR's without rationalization; the settings say that it begins from the base and accumulates.
class VStar final : public Method {
 public:
  VStar(const VerifierOptions& verifier, std::shared_ptr<const Method> star) : verifier_(verifier), star_(std::move(star)) {}

  std::string name() const override { return "vstar"; }
  bool check_process() const override { return star_->check_process(); }
  WorkItem plan(const Problem& problem, std::uint32_t round, std::uint64_t position) const override {
    return star_->plan(problem, round, position);
  }
  std::optional<WorkItem> follow_up(const ItemOutcome& done) const override { return star_->follow_up(done); }
  std::vector<Selection> select(const WorkItem& item, std::span<const JudgedAttempt> attempts, std::uint64_t kept_before,
                                std::span<const std::uint64_t> kept_hashes) const override {
    return star_->select(item, attempts, kept_before, kept_hashes);
  }
  TrainPlan base_plan() const override { return star_->base_plan(); }
  TrainPlan train_plan(std::uint32_t round) const override { return star_->train_plan(round); }

  std::optional<TrainPlan> verifier_plan(std::uint32_t) const override {
    return TrainPlan{.from_base = true,
                     .steps = static_cast<std::uint64_t>(verifier_.steps),
                     .lr = verifier_.lr,
                     .min_round = 1,
                     .include_seeds = true,
                     .objective = objective_of(verifier_.kind)};
  }

 private:
  const VerifierOptions verifier_;
  const std::shared_ptr<const Method> star_;
};

}  // namespace

Result<std::shared_ptr<const Method>> make_vstar(const Options& options, std::shared_ptr<const Task> task) {
  if (options.verifier.kind == "none")
    return Status(Errc::kConfig, "verifier.kind: method.name = \"vstar\" learns a verifier, use \"dpo\", \"orm\" or \"prm\"");
  if (options.loop.schedule != "iterations")
    return Status(Errc::kConfig, "loop.schedule: method.name = \"vstar\" works in rounds, use \"iterations\"");
  if (options.verifier.kind != "dpo" && options.train.lora_rank > 0)
    return Status(Errc::kConfig, "verifier.kind: \"" + options.verifier.kind +
                                     "\" trains a head that adapters leave alone, use \"dpo\", or train.lora_rank = 0");
  Options generator = options;
  generator.method.rationalize = false;
  AD_ASSIGN_OR_RETURN(auto star, make_star(generator, std::move(task)));
  return std::shared_ptr<const Method>(std::make_shared<VStar>(options.verifier, std::move(star)));
}

}  // namespace autodidact
