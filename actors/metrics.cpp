#include "actors/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstring>
#include <iterator>
#include <unordered_map>

#include "config/status.hpp"

namespace autodidact {
namespace {

using Kind = Metrics::Family::Kind;
constexpr Metrics::Family kFamilies[] = {
    {"autodidact_attempts_total", Kind::kCounter, "outcome", "Attempts committed to the store, by verdict."},
    {"autodidact_selections_total", Kind::kCounter, "reason", "Attempts by what the filter decided: kept, or why not."},
    {"autodidact_items_total", Kind::kCounter, "result", "Work items: committed, duplicate, quarantined."},
    {"autodidact_sampled_tokens_total", Kind::kCounter, "kind",
     "Tokens of the decoder: prompt and completion it computed, and cached: of prompts it had computed before."},
    {"autodidact_preemptions_total", Kind::kCounter, "role",
     "Sequences that gave their key-value pages to older ones for a while."},
    {"autodidact_trained_tokens_total", Kind::kCounter, "kind", "Tokens through the learner."},
    {"autodidact_rollout_tokens_total", Kind::kCounter, "which", "Tokens drawn to label the steps of attempts."},
    {"autodidact_train_steps_total", Kind::kCounter, "phase", "Optimizer steps taken."},
    {"autodidact_model_seconds_total", Kind::kCounter, "role", "Seconds inside model calls, by role."},
    {"autodidact_answers_total", Kind::kCounter, "finish",
     "Requests answered, by how: stop, length, deadline, abstained; or not: refused, cancelled, error."},
    {"autodidact_answer_tokens_total", Kind::kCounter, "kind",
     "Tokens of answers: prompt, cached of these, completion over all samples, scored by the verifier."},
    {"autodidact_served_answers_total", Kind::kCounter, "result",
     "Answers that may be learnt from: stored, lost, graded by feedback, graded_before."},
    {"autodidact_restarts_total", Kind::kCounter, "role", "Actors restarted by the supervisor."},
    {"autodidact_redeliveries_total", Kind::kCounter, "stage", "Items leased again after a worker died or was late."},
    {"autodidact_stalls_total", Kind::kCounter, "role", "Times a role made no progress within supervise.stall_ms."},
    {"autodidact_config_reloads_total", Kind::kCounter, "result", "Configuration reloads: applied, refused."},
    {"autodidact_stage_pending_items", Kind::kGauge, "stage", "Items waiting in a stage's pool."},
    {"autodidact_stage_held_items", Kind::kGauge, "stage", "Items leased to a stage's workers."},
    {"autodidact_stage_credits", Kind::kGauge, "stage", "Demand of a stage's workers not yet met."},
    {"autodidact_kv_cache_pages", Kind::kGauge, "which",
     "Pages of 16 positions of a generator's key-value cache: in use, all."},
    {"autodidact_answer_queue_requests", Kind::kGauge, "which", "Requests to be answered: waiting, running."},
    {"autodidact_contended_seconds", Kind::kGauge, "side",
     "How long answering and the loop have held the device while the other waited for it; serve.share is what of it is "
     "answering's."},
    {"autodidact_limiter_cursor", Kind::kGauge, "limiter", "inserts * samples_per_insert - samples."},
    {"autodidact_staleness_versions", Kind::kGauge, "which",
     "Versions between sampling and training, of the last batch: mean, max."},
    {"autodidact_round", Kind::kGauge, "which", "Outer-loop round."},
    {"autodidact_version", Kind::kGauge, "which",
     "Weights: serving, newest, verifier, and evaluated: the one that autodidact_accuracy_ratio is of."},
    {"autodidact_accuracy_ratio", Kind::kGauge, "split", "Held-out accuracy of the newest evaluated version."},
    {"autodidact_accepted_ratio", Kind::kGauge, "which", "Kept of the attempts stored since the start."},
    {"autodidact_candidates_ratio", Kind::kGauge, "estimate",
     "Of the candidates of the last evaluation: pass@k, best_of@k, majority@k, weighted@k at the largest k."},
    {"autodidact_logprob_gap_nats", Kind::kGauge, "statistic",
     "Largest difference between sampler's and trainer's log-probability of a token, in what the last evaluation decoded."},
    {"autodidact_loss_nats", Kind::kGauge, "phase", "Training loss per token of the last step."},
    {"autodidact_learning_rate", Kind::kGauge, "phase", "Learning rate of the last step."},
    {"autodidact_gradient_norm", Kind::kGauge, "phase", "Norm of the last step's gradient, before clipping."},
    {"autodidact_verifier_preference", Kind::kGauge, "statistic",
     "Of the last batch of pairs a verifier learnt from: loss_nats, accuracy, margin."},
    {"autodidact_store_free_bytes", Kind::kGauge, "which", "Free bytes on the store's file system."},
    {"autodidact_store_writable", Kind::kGauge, "which", "1 when the store takes writes."},
    {"autodidact_config_generation", Kind::kGauge, "which", "Configurations applied since the start."},
    {"autodidact_config_pending_restart", Kind::kGauge, "which", "Changed keys that wait for a restart."},
    {"autodidact_config_last_reload_successful", Kind::kGauge, "which", "1 when the last reload was applied."},
    {"autodidact_overhead_ratio", Kind::kGauge, "which", "Share of wall time in which no model call was active."},
    {"autodidact_commit_seconds", Kind::kHistogram, "kind", "From submission to durable."},
    {"autodidact_step_seconds", Kind::kHistogram, "phase", "One optimizer step, its durability included."},
    {"autodidact_answer_seconds", Kind::kHistogram, "kind", "From a request's arrival to its answer."},
    {"autodidact_first_token_seconds", Kind::kHistogram, "kind", "From a request's arrival to its first generated token."},
    {"autodidact_publish_seconds", Kind::kHistogram, "which", "Making new weights the serving ones."},
};

const Metrics::Family& family(const char* name) {
  for (const auto& f : kFamilies) {
    if (std::strcmp(f.name, name) == 0) return f;
  }
  die(std::string("unknown metric family ") + name);
}

const prometheus::Histogram::BucketBoundaries kSeconds = {1e-5, 1e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02,
                                                          0.05, 0.1,  0.2,  0.5,  1,    5,    30};

}  // namespace

// Found by family and label; prometheus-cpp's own objects are thread-safe once made.
struct Metrics::State {
  prometheus::Registry registry;
  mutable std::mutex mutex;
  std::unordered_map<std::string, prometheus::Counter*> counters;      // guarded by mutex
  std::unordered_map<std::string, prometheus::Gauge*> gauges;          // guarded by mutex
  std::unordered_map<std::string, prometheus::Histogram*> histograms;  // guarded by mutex

  static std::string key(const char* name, const std::string& label) { return std::string(name) + '\0' + label; }

  prometheus::Counter& counter(const char* name, const std::string& label) {
    std::lock_guard lock(mutex);
    auto*& slot = counters[key(name, label)];
    const Family& f = family(name);
    if (!slot) slot = &prometheus::BuildCounter().Name(name).Help(f.help).Register(registry).Add({{f.label, label}});
    return *slot;
  }
  prometheus::Gauge& gauge(const char* name, const std::string& label) {
    std::lock_guard lock(mutex);
    auto*& slot = gauges[key(name, label)];
    const Family& f = family(name);
    if (!slot) slot = &prometheus::BuildGauge().Name(name).Help(f.help).Register(registry).Add({{f.label, label}});
    return *slot;
  }
  prometheus::Histogram& histogram(const char* name, const std::string& label) {
    std::lock_guard lock(mutex);
    auto*& slot = histograms[key(name, label)];
    const Family& f = family(name);
    if (!slot)
      slot = &prometheus::BuildHistogram().Name(name).Help(f.help).Register(registry).Add({{f.label, label}}, kSeconds);
    return *slot;
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::add(const char* name, const std::string& label, double amount) { state_->counter(name, label).Increment(amount); }
void Metrics::set(const char* name, const std::string& label, double value) { state_->gauge(name, label).Set(value); }
void Metrics::observe(const char* name, const std::string& label, double seconds) {
  state_->histogram(name, label).Observe(seconds);
}

double Metrics::value(const char* name, const std::string& label) const {
  if (family(name).kind == Kind::kCounter) return state_->counter(name, label).Value();
  return state_->gauge(name, label).Value();
}

std::optional<double> Metrics::seen(const char* name, const std::string& label) const {
  std::lock_guard lock(state_->mutex);
  if (family(name).kind == Kind::kCounter) {
    const auto found = state_->counters.find(State::key(name, label));
    return found == state_->counters.end() ? std::nullopt : std::optional(found->second->Value());
  }
  const auto found = state_->gauges.find(State::key(name, label));
  return found == state_->gauges.end() ? std::nullopt : std::optional(found->second->Value());
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

const Metrics::Family* Metrics::families(std::size_t* count) {
  *count = std::size(kFamilies);
  return kFamilies;
}

}  // namespace autodidact
