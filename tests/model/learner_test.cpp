#include "model/learner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "config/files.hpp"
#include "model/adamw_learner.hpp"
#include "model/decoder.hpp"
#include "tests/model/model_fixtures.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Learner> make_learner(const TrainOptions& options, std::uint64_t seed = 11) {
  return std::move(make_adamw_learner(options, seed, [threads = options.threads](const ModelConfig& config) {
                     return make_fused_engine(config, {threads});
                   }).value());
}

std::vector<float> floats(Learner& learner) {
  const WeightsPtr weights = learner.snapshot(1);
  return {weights->data.get(), weights->data.get() + weights->size};
}

class LearnerTest : public ::testing::Test {
 protected:
  LearnerTest() {
    options_.threads = 2;
    options_.warmup_steps = 3;
  }
  std::unique_ptr<Learner> started(const ModelConfig& config, std::uint64_t seed = 11) const {
    auto learner = make_learner(options_, seed);
    EXPECT_TRUE(learner->begin(*init_weights(config, 0.05, 1), {100, 0, 0, 3e-3}).ok());
    return learner;
  }
  const std::string path_ = "train.state";
  const ModelConfig config_ = testing::config_of({"Learner"});
  const ModelConfig learned_ = testing::config_of({"Learned", 32, 2, 4, 4, 8, 48, 23, ModelConfig::Position::kLearned});
  TrainOptions options_;
};

TEST_F(LearnerTest, LearnsATinySetByHeartAndTheDecoderRecitesIt) {
  std::vector<TrainExample> batch;
  for (TokenId first = 2; first < 10; ++first) {
    TrainExample example{{first, 21}, 2, 1};  // not a token that repeats: a run of one token has no positions to tell apart
    for (TokenId i = 0; i < 8; ++i) example.tokens.push_back(2 + (first * 7 + i * i * first) % 20);
    example.tokens.push_back(config_.eos_token_id);
    batch.push_back(std::move(example));
  }
  auto learner = started(config_);
  double loss = 0;
  for (int i = 0; i < 400; ++i) loss = learner->step(batch).value().loss;
  EXPECT_LT(loss, 0.02);
  auto decoder = std::move(make_cpu_decoder({8}).value());
  ASSERT_TRUE(decoder->set_weights(learner->snapshot(2)).ok());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    DecodeRequest request{i, {batch[i].tokens[0], batch[i].tokens[1]}, {}, 1};
    request.sampler.temperature = 0;
    request.sampler.max_tokens = 20;
    decoder->submit(std::move(request));
  }
  std::vector<DecodeResult> finished;
  while (decoder->step(finished) > 0) {
  }
  for (const DecodeResult& result : finished)
    EXPECT_EQ(result.tokens, std::vector<TokenId>(batch[result.tag].tokens.begin() + 2, batch[result.tag].tokens.end()));
}

// Killed after step k and started again, the run must be the run that was never killed.
TEST_F(LearnerTest, ResumesExactlyWhereItsStateWasSaved) {
  for (const ModelConfig& config : {config_, learned_}) {
    auto steady = started(config);
    for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(steady->step(testing::random_batch(config, 12, i)).ok());
    ASSERT_TRUE(steady->save_state(path_).ok());
    auto resumed = make_learner(options_, /*seed=*/999);  // the seed comes from the state
    ASSERT_TRUE(resumed->load_state(path_).ok());
    EXPECT_EQ(resumed->cursor().step, 105u);
    EXPECT_EQ(resumed->cursor().plan_step, 5u);
    EXPECT_EQ(resumed->cursor().peak_lr, 3e-3);
    EXPECT_EQ(floats(*steady), floats(*resumed));
    for (std::uint64_t i = 5; i < 10; ++i) {
      const auto batch = testing::random_batch(config, 12, i);
      const auto a = steady->step(batch), b = resumed->step(batch);
      ASSERT_EQ(a.value().loss, b.value().loss);
      ASSERT_EQ(a.value().grad_norm, b.value().grad_norm);
      ASSERT_EQ(a.value().lr, b.value().lr);
    }
    EXPECT_EQ(floats(*steady), floats(*resumed));
  }
}

// What save_state() may rely on while it runs beside a gradient.
TEST_F(LearnerTest, OnlyTheUpdateMovesAnything) {
  auto learner = started(config_);
  ASSERT_TRUE(learner->step(testing::random_batch(config_, 12, 0)).ok());
  ASSERT_TRUE(learner->save_state(path_).ok());
  const std::string before = read_file(path_, 1 << 26).value();
  const auto stats = learner->gradient(testing::random_batch(config_, 12, 1));
  ASSERT_TRUE(stats.ok());
  EXPECT_GT(stats->grad_norm, 0);
  ASSERT_TRUE(learner->save_state(path_).ok());
  EXPECT_EQ(read_file(path_, 1 << 26).value(), before);
  learner->update();
  ASSERT_TRUE(learner->save_state(path_).ok());
  EXPECT_NE(read_file(path_, 1 << 26).value(), before);
  EXPECT_EQ(learner->cursor().plan_step, 2u);
}

TEST_F(LearnerTest, SameBitsWhateverTheThreads) {
  std::vector<std::vector<float>> ends;
  for (std::int64_t threads : {1, 2, 3, 4, 2}) {
    options_.threads = threads;
    auto learner = started(learned_);
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(learner->step(testing::random_batch(learned_, 12, i)).ok());
    ends.push_back(floats(*learner));
  }
  for (const auto& end : ends) EXPECT_EQ(end, ends[0]);
}

TEST_F(LearnerTest, ANewPlanForgetsMomentsAndKeepsTheGlobalStep) {
  auto learner = started(config_);
  const auto batch = testing::random_batch(config_, 12);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(learner->step(batch).ok());
  const LearnerCursor cursor{learner->cursor().step, 77, 40, 1e-3};
  ASSERT_TRUE(learner->begin(*init_weights(config_, 0.05, 1), cursor).ok());
  EXPECT_EQ(learner->cursor().step, 105u);
  EXPECT_EQ(learner->cursor().plan_step, 0u);
  auto fresh = make_learner(options_);
  ASSERT_TRUE(fresh->begin(*init_weights(config_, 0.05, 1), cursor).ok());
  ASSERT_TRUE(learner->step(batch).ok() && fresh->step(batch).ok());
  EXPECT_EQ(floats(*learner), floats(*fresh));
}

TEST_F(LearnerTest, ASnapshotDoesNotChangeWhenTrainingGoesOn) {
  auto learner = started(config_);
  const WeightsPtr snapshot = learner->snapshot(9);
  EXPECT_EQ(snapshot->version, 9u);
  const std::vector<float> before(snapshot->data.get(), snapshot->data.get() + snapshot->size);
  ASSERT_TRUE(learner->step(testing::random_batch(config_, 12)).ok());
  EXPECT_EQ(before, std::vector<float>(snapshot->data.get(), snapshot->data.get() + snapshot->size));
  EXPECT_NE(before, floats(*learner));
}

TEST_F(LearnerTest, ZeroWeightTeachesNothingAndCountsAsATokenOfTheMean) {
  auto batch = testing::random_batch(config_, 6);
  for (TrainExample& example : batch) example.weight = 0;
  auto learner = started(config_);
  const auto before = floats(*learner);
  const StepStats stats = learner->step(batch).value();
  EXPECT_EQ(stats.loss, 0);
  EXPECT_EQ(stats.grad_norm, 0);
  EXPECT_GT(stats.loss_tokens, 0u);
  EXPECT_EQ(before, floats(*learner));
}

TEST_F(LearnerTest, CountsTokensAndAveragesOverTheCompletion) {
  auto learner = started(config_);
  const std::vector<TrainExample> batch = {{{2, 3, 4, 5, 6}, 2, 1}, {{7, 8, 9}, 0, 1}};
  const StepStats stats = learner->step(batch).value();
  EXPECT_EQ(stats.tokens, 4u + 2u) << "the last token of each is predicted, not read";
  EXPECT_EQ(stats.loss_tokens, 3u + 2u) << "without a prompt the first token has nothing to be predicted from";
  EXPECT_NEAR(stats.loss, std::log(23.0), 0.2) << "a model that knows nothing";
}

TEST_F(LearnerTest, ClippingScalesTheUpdateAndReportsTheNormBeforeIt) {
  options_.adam_eps = 1e3;  // then an update is proportional to its gradient
  options_.warmup_steps = 0;
  options_.weight_decay = 0;
  const auto batch = testing::random_batch(config_, 12);
  const WeightsPtr start = init_weights(config_, 0.05, 1);
  double moved[2] = {}, norm[2] = {};
  for (int clip = 0; clip < 2; ++clip) {
    options_.clip_norm = clip == 0 ? 0 : norm[0] / 4;
    auto learner = make_learner(options_);
    ASSERT_TRUE(learner->begin(*start, {0, 0, 0, 1e4}).ok());
    norm[clip] = learner->step(batch).value().grad_norm;
    const auto end = floats(*learner);
    for (std::size_t i = 0; i < end.size(); ++i) moved[clip] += std::abs(end[i] - start->data[i]);
  }
  EXPECT_EQ(norm[0], norm[1]);
  EXPECT_NEAR(moved[0] / moved[1], 4, 0.05);
}

TEST_F(LearnerTest, WeightDecayShrinksMatricesAndLeavesNorms) {
  options_.weight_decay = 0.1;
  options_.warmup_steps = 0;
  auto learner = make_learner(options_);
  const WeightsPtr start = init_weights(config_, 0.05, 1);
  ASSERT_TRUE(learner->begin(*start, {0, 0, 0, 1e-2}).ok());
  auto batch = testing::random_batch(config_, 4);
  for (TrainExample& example : batch) example.weight = 0;  // no gradient: decay alone
  ASSERT_TRUE(learner->step(batch).ok());
  const auto end = floats(*learner);
  for (const TensorView& tensor : start->layout)
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i)
      ASSERT_FLOAT_EQ(end[i], start->data[i] * (tensor.shape.size() == 2 ? 1 - 1e-3f : 1.0f)) << tensor.name;
}

TEST_F(LearnerTest, EveryPositionWithinTheRandomOffsetIsTrained) {
  auto learner = started(learned_);
  const WeightsPtr start = learner->snapshot(0);
  const std::vector<TrainExample> batch(32, TrainExample{{2, 3, 4, 5, 6, 7}, 2, 1});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(learner->step(batch).ok());
  const auto end = floats(*learner);
  const std::size_t table = learned_.vocab_size * learned_.hidden_size;
  for (std::int64_t p = 0; p < learned_.max_position_embeddings; ++p) {
    const std::size_t at = table + static_cast<std::size_t>(p * learned_.hidden_size);
    const bool moved = end[at] != start->data[at];
    EXPECT_EQ(moved, p < learned_.random_offset + 5) << "position " << p;  // 5 rows from offsets 0 .. 20
  }
}

TEST_F(LearnerTest, BadExamplesAreRefusedByNumber) {
  auto learner = started(config_);
  const TrainExample good{{2, 3, 4}, 1, 1};
  const auto refused = [&](TrainExample example) {
    const auto before = floats(*learner);
    const auto result = learner->step(std::vector<TrainExample>{good, std::move(example)});
    EXPECT_EQ(result.status().code(), Errc::kBadInput);
    EXPECT_EQ(before, floats(*learner));
    return result.status().message();
  };
  EXPECT_THAT(refused({{2}, 0, 1}), HasSubstr("training example 1"));
  EXPECT_THAT(refused({{}, 0, 1}), HasSubstr("two tokens"));
  EXPECT_THAT(refused({{2, 3}, 2, 1}), HasSubstr("nothing is left"));
  EXPECT_THAT(refused({{2, 23}, 1, 1}), HasSubstr("vocabulary"));
  EXPECT_THAT(refused({{2, -1}, 1, 1}), HasSubstr("vocabulary"));
  EXPECT_THAT(refused({std::vector<TokenId>(97, 2), 1, 1}), HasSubstr("positions"));
  EXPECT_THAT(refused({{2, 3}, 1, std::nanf("")}), HasSubstr("weight"));
  EXPECT_EQ(learner->step({}).status().code(), Errc::kBadInput);
  EXPECT_EQ(learner->cursor().step, 100u);
}

TEST_F(LearnerTest, AnOverflowLeavesTheWeightsAlone) {
  auto data = aligned_floats(static_cast<std::size_t>(config_.parameter_count()));
  std::fill_n(data.get(), config_.parameter_count(), 1e30f);
  auto learner = make_learner(options_);
  ASSERT_TRUE(learner->begin(*make_weights(config_, 1, std::move(data)), {0, 0, 0, 1e-3}).ok());
  const auto before = floats(*learner);
  EXPECT_EQ(learner->step(testing::random_batch(config_, 4)).status().code(), Errc::kInternal);
  EXPECT_EQ(before, floats(*learner));
  EXPECT_EQ(learner->cursor().step, 0u);
}

TEST_F(LearnerTest, OptionsThatMakeNoSenseAreRefused) {
  const EngineFactory none = [](const ModelConfig&) { return nullptr; };
  TrainOptions threads, schedule;
  threads.threads = 0;
  schedule.schedule = "square";
  EXPECT_EQ(make_adamw_learner(threads, 1, none).status().code(), Errc::kConfig);
  EXPECT_THAT(make_adamw_learner(schedule, 1, none).status().message(), HasSubstr("train.schedule"));
}

TEST(LearningRate, WarmsUpThenFollowsTheSchedule) {
  TrainOptions options;
  options.warmup_steps = 10;
  const auto rate = [&](std::uint64_t step, std::uint64_t steps = 110) {
    return learning_rate(options, {0, step, steps, 2.0});
  };
  options.schedule = "constant";
  EXPECT_DOUBLE_EQ(rate(0), 0.2);
  EXPECT_DOUBLE_EQ(rate(9), 2.0);
  EXPECT_DOUBLE_EQ(rate(109), 2.0);
  options.schedule = "linear";
  EXPECT_DOUBLE_EQ(rate(10), 2.0);
  EXPECT_DOUBLE_EQ(rate(60), 1.0);
  EXPECT_DOUBLE_EQ(rate(110), 0.0);
  EXPECT_DOUBLE_EQ(rate(500), 0.0);
  options.schedule = "cosine";
  EXPECT_DOUBLE_EQ(rate(10), 2.0);
  EXPECT_DOUBLE_EQ(rate(60), 1.1);
  EXPECT_DOUBLE_EQ(rate(110), 0.2);
  EXPECT_DOUBLE_EQ(rate(5000, 0), 2.0) << "an open-ended plan has no end to fall towards";
  options.warmup_steps = 0;
  EXPECT_DOUBLE_EQ(rate(0), 2.0);
}

void write_text(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class TrainStateTest : public LearnerTest {
 protected:
  TrainStateTest() {
    auto learner = started(config_);
    EXPECT_TRUE(learner->step(testing::random_batch(config_, 4)).ok());
    EXPECT_TRUE(learner->save_state(path_).ok());
    bytes_ = read_file(path_, 1 << 30).value();
  }
  Status load(const std::string& bytes) {
    write_text("damaged.state", bytes);
    const auto before = floats(*other_);
    const Status status = other_->load_state("damaged.state");
    if (!status.ok()) {
      EXPECT_EQ(before, floats(*other_)) << "a refused state changes nothing";
    }
    return status;
  }
  const std::unique_ptr<Learner> other_ = started(config_);
  std::string bytes_;
};

TEST_F(TrainStateTest, AnyFlippedByteIsNoticed) {
  for (std::size_t at = 0; at < bytes_.size(); at += at < 600 ? 1 : bytes_.size() / 97) {
    std::string damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_EQ(load(damaged).code(), Errc::kBadInput) << "byte " << at;
  }
}

TEST_F(TrainStateTest, AnyTruncationOrExtensionIsNoticed) {
  for (std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{79}, std::size_t{80}, bytes_.size() / 2, bytes_.size() - 1})
    EXPECT_EQ(load(bytes_.substr(0, size)).code(), Errc::kBadInput) << size;
  EXPECT_EQ(load(bytes_ + "x").code(), Errc::kBadInput);
}

TEST_F(TrainStateTest, SaysWhatIsWrongAndWhatToDo) {
  EXPECT_THAT(load("something else entirely, long enough to be mistaken for a header of a training state, if one did not look")
                  .message(),
              ::testing::AllOf(HasSubstr("damaged.state"), HasSubstr("not a training state"), HasSubstr("move it away")));
  EXPECT_EQ(started(config_)->load_state("absent.state").code(), Errc::kNotFound);
}

TEST_F(TrainStateTest, SavingAgainReplacesAndLeavesNothingBeside) {
  std::filesystem::create_directories("alone");
  auto learner = started(config_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(learner->step(testing::random_batch(config_, 4)).ok());
    ASSERT_TRUE(learner->save_state("alone/train.state").ok());
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator("alone"), {}), 1);
  auto resumed = started(config_);
  ASSERT_TRUE(resumed->load_state("alone/train.state").ok());
  EXPECT_EQ(resumed->cursor().step, 103u);
}

TEST_F(TrainStateTest, AFileOfAnotherSizeOrKindIsReplacedNotWrittenInto) {
  write_text("short.state", "a short one");
  write_text("target.state", bytes_);
  std::filesystem::remove("link.state");
  std::filesystem::create_symlink("target.state", "link.state");
  auto learner = started(config_);
  for (const char* path : {"short.state", "link.state"}) {
    ASSERT_TRUE(learner->save_state(path).ok());
    auto resumed = started(config_);
    ASSERT_TRUE(resumed->load_state(path).ok());
    EXPECT_EQ(resumed->cursor().step, 100u);
  }
  EXPECT_EQ(read_file("target.state", 1 << 30).value(), bytes_) << "written through a link";
}

TEST_F(TrainStateTest, AnUnwritablePlaceIsAnError) {
  EXPECT_FALSE(started(config_)->save_state("no/such/directory/train.state").ok());
}

}  // namespace
}  // namespace autodidact
