#include "methods/star.hpp"

#include <algorithm>

#include "methods/star_rules.hpp"
#include "tasks/counter_hash.hpp"

namespace autodidact {
namespace {

SamplerSettings to_sampler(const SampleOptions& options) {
  return {.temperature = static_cast<float>(options.temperature),
          .top_p = static_cast<float>(options.top_p),
          .top_k = static_cast<std::int32_t>(options.top_k),
          .max_tokens = static_cast<std::int32_t>(options.max_tokens),
          .min_p = static_cast<float>(options.min_p),
          .repetition_penalty = static_cast<float>(options.repetition_penalty)};
}

class Star final : public Method {
 public:
  Star(const Options& options, std::shared_ptr<const Task> task)
      : method_(options.method),
        train_(options.train),
        sampler_(to_sampler(options.sample)),
        samples_(static_cast<std::uint32_t>(std::max<std::int64_t>(1, options.sample.samples_per_problem))),
        seed_(static_cast<std::uint64_t>(options.seed)),
        task_(std::move(task)) {}

  std::string name() const override { return "star"; }
  bool check_process() const override { return method_.check == "process"; }

  WorkItem plan(const Problem& problem, std::uint32_t round, std::uint64_t position) const override {
    return make_item(problem, round, position, /*hinted=*/false);
  }

  // Without an attempt there is no failure, and without a reference no hint. A hinted failure is not asked a third time.
  std::optional<WorkItem> follow_up(const ItemOutcome& done) const override {
    const bool failed = done.attempts > 0 && done.correct == 0;
    if (!method_.rationalize || done.item.hinted || !failed || !done.item.problem.has_reference) return std::nullopt;
    return make_item(done.item.problem, done.item.round, item_position(done.item.id), /*hinted=*/true);
  }

  std::vector<Selection> select(const WorkItem& item, std::span<const JudgedAttempt> attempts, std::uint64_t kept_before,
                                std::span<const std::uint64_t> kept_hashes) const override {
    std::vector<std::uint64_t> hashes(kept_hashes.begin(), kept_hashes.end());
    std::uint64_t kept = kept_before;
    std::vector<Selection> selections;
    selections.reserve(attempts.size());
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const Reject reason = star_reject(method_, *task_, item, attempts[i], i, {kept, hashes});
      const bool keep = reason == Reject::kNone;
      selections.push_back({keep, reason, keep ? 1.0f : 0.0f});
      if (!keep) continue;
      ++kept;
      hashes.push_back(token_hash(attempts[i].attempt.tokens));
    }
    return selections;
  }

  TrainPlan base_plan() const override {
    return {.from_base = true,
            .steps = static_cast<std::uint64_t>(std::max<std::int64_t>(0, train_.seed_steps)),
            .lr = train_.seed_lr,
            .min_round = 0,
            .include_seeds = true};
  }

  TrainPlan train_plan(std::uint32_t round) const override {
    return {.from_base = method_.init == "base",
            .steps = steps_in_round(train_, round),
            .lr = train_.lr,
            .min_round = method_.data == "latest_round" ? round : 1,
            .include_seeds = method_.include_seeds,
            .balance_groups = train_.balance_groups};
  }

 private:
  WorkItem make_item(const Problem& problem, std::uint32_t round, std::uint64_t position, bool hinted) const {
    WorkItem item;
    item.id = make_item_id(round, position, hinted);
    item.problem = problem;
    item.round = round;
    item.hinted = hinted;
    item.samples = samples_;
    item.sampler = sampler_;
    item.seed = counter_hash({seed_, item.id});
    return item;
  }

  const MethodOptions method_;
  const TrainOptions train_;
  const SamplerSettings sampler_;
  const std::uint32_t samples_;
  const std::uint64_t seed_;
  const std::shared_ptr<const Task> task_;
};

Status one_of(const char* key, const std::string& value, const char* first, const char* second) {
  if (value == first || value == second) return {};
  return {Errc::kConfig,
          std::string("method.") + key + ": \"" + value + "\" is not known, use \"" + first + "\" or \"" + second + "\""};
}

}  // namespace

Result<std::shared_ptr<const Method>> make_star(const Options& options, std::shared_ptr<const Task> task) {
  AD_RETURN_IF_ERROR(one_of("check", options.method.check, "process", "answer"));
  AD_RETURN_IF_ERROR(one_of("init", options.method.init, "base", "previous"));
  AD_RETURN_IF_ERROR(one_of("data", options.method.data, "latest_round", "accumulate"));
  return std::shared_ptr<const Method>(std::make_shared<Star>(options, std::move(task)));
}

}  // namespace autodidact
