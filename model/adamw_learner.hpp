#pragma once
// The learner: schedule, clipping, AdamW and the state around a gradient engine. With train.lora_rank above 0 it trains
// adapters, otherwise every weight. See learner.hpp for who may call it.

#include <memory>

#include "config/options.hpp"
#include "model/gradient_engine.hpp"
#include "model/learner.hpp"

namespace autodidact {

// kConfig on options that make no sense. The engine is made when begin() or load_state() brings a shape. compute: kF32, or
// kBf16 for matrices rounded to bfloat16 before they are multiplied, parameters, moments and gradients staying fp32.
Result<std::unique_ptr<Learner>> make_adamw_learner(const TrainOptions& options, std::uint64_t seed, EngineFactory make_engine,
                                                    Dtype compute = Dtype::kF32);
std::unique_ptr<Scorer> make_scorer(EngineFactory make_engine);

// The rate of the step after `cursor.plan_step` steps: warm-up to the peak, then the schedule over the rest of the plan.
double learning_rate(const TrainOptions& options, const LearnerCursor& cursor);

}  // namespace autodidact
