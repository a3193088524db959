#include "actors/generator_engine.hpp"

#include <algorithm>
#include <utility>

#include "config/log.hpp"

namespace autodidact {

std::uint64_t attempt_seed(std::uint64_t item_seed, std::size_t index) {
  std::uint64_t x = item_seed + 0x9E3779B97F4A7C15ull * (index + 1);  // splitmix64
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

GeneratorEngine::GeneratorEngine(ContextPtr context, std::string name, Deliver deliver, Broken broken)
    : context_(std::move(context)),
      name_(std::move(name)),
      deliver_(std::move(deliver)),
      thread_(context_->threads->start({name_, 4, std::move(broken)})),
      turn_(*context_->gate, DeviceGate::Use::kSample, name_) {}

void GeneratorEngine::submit(std::vector<Leased> jobs) {
  std::lock_guard lock(mutex_);
  holds_ += jobs.size();
  std::move(jobs.begin(), jobs.end(), std::back_inserter(inbox_));
  if (pumping_) return;
  pumping_ = thread_->post([self = weak_from_this()] {
    if (auto engine = self.lock()) engine->pump();
  });
}

std::string GeneratorEngine::waits_for() const {
  std::lock_guard lock(mutex_);
  return holds_ == 0 ? "work" : waits_for_;
}

void GeneratorEngine::wait_on(const std::string& what) {
  std::lock_guard lock(mutex_);
  waits_for_ = what;
}

void GeneratorEngine::pump() {
  const auto stop = thread_->stop_token();
  std::vector<Output> out;
  for (;;) {
    std::vector<Leased> fresh;
    {
      std::lock_guard lock(mutex_);
      fresh.swap(inbox_);
      if ((fresh.empty() && open_.empty()) || stop.stop_requested() || stopping_) {
        pumping_ = false;
        break;
      }
    }
    for (auto& leased : fresh) begin(std::move(leased), out);
    const bool stepped = open_.empty() || (take_weights() && step(out));
    if (!stepped) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!out.empty()) {
      holds_ -= out.size();
      deliver_(std::exchange(out, {}));
    }
  }
  turn_.leave();
}

void GeneratorEngine::begin(Leased leased, std::vector<Output>& out) {
  const WorkItem& work = leased.job->work;
  const Problem& problem = work.problem;
  auto stored = context_->prompts->stored(problem);
  auto asked = context_->prompts->asked(problem, work.hinted);
  for (const auto* prompt : {&stored, &asked}) {
    if (prompt->ok()) continue;
    out.push_back({std::move(leased), Status(Errc::kBadInput, prompt->status().message())});
    return;
  }
  Open open;
  open.started_ns = system_clock().mono_ns();
  open.missing = work.samples;
  Attempt attempt;
  attempt.item = work.id;
  attempt.problem = problem.id;
  attempt.round = work.round;
  attempt.hinted = work.hinted;
  attempt.prompt_tokens = stored.value();
  attempt.sampler = work.sampler;
  open.attempts.assign(work.samples, attempt);

  SamplerSettings sampler = work.sampler;
  const auto room = context_->model_config.max_position_embeddings - static_cast<std::int64_t>(asked->size());
  sampler.max_tokens = static_cast<std::int32_t>(std::min<std::int64_t>(sampler.max_tokens, std::max<std::int64_t>(room, 1)));
  if (!decoder_) {
    auto made = context_->runtime->make_decoder(decoder_options(*context_->options, context_->options->sample.batch));
    if (!made.ok()) {
      out.push_back({std::move(leased), made.status()});
      return;
    }
    decoder_ = std::move(made).value();
  }
  const std::uint64_t number = next_item_++;
  for (std::size_t i = 0; i < work.samples; ++i) {
    open.attempts[i].seed = attempt_seed(work.seed, i);
    requests_[next_tag_] = {number, i};
    decoder_->submit({next_tag_++, asked.value(), sampler, open.attempts[i].seed, context_->prompts->ends()});
  }
  open.leased = std::move(leased);
  open_.emplace(number, std::move(open));
}

bool GeneratorEngine::take_weights() {
  WeightsPtr serving = context_->weights->serving();
  if (!serving) {
    wait_on("published weights");
    return false;
  }
  if (serving == weights_) return true;
  const auto begin = system_clock().mono_ns();
  if (const Status status = decoder_->set_weights(serving); !status.ok()) {
    wait_on("usable weights: " + status.message());
    return false;
  }
  weights_ = std::move(serving);
  context_->metrics->observe("autodidact_publish_seconds", "generator", double(system_clock().mono_ns() - begin) * 1e-9);
  return true;
}

bool GeneratorEngine::step(std::vector<Output>& out) {
  wait_on("the device");
  if (const Status status = turn_.hold(thread_->stop_token()); !status.ok()) {
    wait_on(status.message());
    return false;  // tried again by the caller: the thread stays able to stop
  }
  wait_on("");
  finished_.clear();
  {
    ModelClock::Scope scope(*context_->model_clock);
    decoder_->step(finished_);
  }
  ++progress_;
  for (auto& result : finished_) collect(std::move(result), out);
  account();
  return true;
}

void GeneratorEngine::collect(DecodeResult result, std::vector<Output>& out) {
  const auto request = requests_.find(result.tag);
  if (request == requests_.end()) return;
  const auto [number, index] = request->second;
  requests_.erase(request);
  Open& open = open_.at(number);
  Attempt& attempt = open.attempts[index];
  if (!result.status.ok()) open.failed = result.status;
  attempt.tokens = std::move(result.tokens);
  attempt.logprobs = std::move(result.logprobs);
  attempt.versions = std::move(result.versions);
  attempt.finish = result.finish;
  attempt.text = context_->prompts->text(attempt.tokens);
  if (!context_->options->deterministic) {
    attempt.created_us = context_->clock->now_us();
    attempt.sample_us = static_cast<std::uint32_t>((system_clock().mono_ns() - open.started_ns) / 1000);
  }
  if (--open.missing > 0) return;
  ++progress_;
  if (!open.failed.ok()) {
    out.push_back({std::move(open.leased), open.failed});
  } else {
    auto job = std::make_shared<Job>(*open.leased.job);
    job->attempts = std::make_shared<const std::vector<Attempt>>(std::move(open.attempts));
    out.push_back({{open.leased.lease, std::move(job)}, {}});
  }
  open_.erase(number);
}

void GeneratorEngine::account() {
  const DecoderStats now = decoder_->stats();
  auto& m = *context_->metrics;
  m.add("autodidact_sampled_tokens_total", "completion", double(now.tokens - accounted_.tokens));
  m.add("autodidact_sampled_tokens_total", "prompt", double(now.prompt_tokens - accounted_.prompt_tokens));
  m.add("autodidact_sampled_tokens_total", "cached", double(now.cached_tokens - accounted_.cached_tokens));
  m.add("autodidact_preemptions_total", "generator", double(now.preempted - accounted_.preempted));
  m.set("autodidact_kv_cache_pages", name_ + "_in_use", double(now.pages_in_use));
  m.set("autodidact_kv_cache_pages", name_ + "_all", double(now.pages));
  m.add("autodidact_model_seconds_total", "generator", double(now.step_ns - accounted_.step_ns) * 1e-9);
  accounted_ = now;
}

}  // namespace autodidact
