// The main job in miniature, end to end: the daemon with the real model makes itself better at sums of two digits.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/temp_directory.hpp"
#include "tests/tools/process.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class MiniatureRun : public ::testing::Test {
 protected:
  // A whole run in `directory`; its versions, the base model first.
  std::vector<json> learn(const std::string& directory, const std::vector<std::string>& settings = {}) {
    std::vector<std::string> words{std::string(std::getenv("AD_BIN_DIR")) + "/autodidactd", "-c",
                                   std::string(std::getenv("AD_SOURCE_DIR")) + "/config/presets/addition.toml"};
    std::vector<std::string> all{"data_dir=" + base_ + "/" + directory,
                                 "gateway.listen=\"\"",
                                 "task.max_digits=2",
                                 "task.seed_examples=[100,300]",
                                 "task.hinted_seed_examples=[20,60]",
                                 "task.held_out_per_digit=100",
                                 "loop.rounds=2",
                                 "loop.problems_per_round=1500",
                                 "train.seed_steps=400",
                                 "train.steps_first_round=250"};
    all.insert(all.end(), settings.begin(), settings.end());
    for (const auto& setting : all) words.insert(words.end(), {"--set", setting});
    const ProcessRun daemon = run(words, {.limit_ms = 280'000});
    EXPECT_EQ(daemon.status, 0) << daemon.err;
    return rows(replay(directory, {"versions", "--json"}));
  }

  ProcessRun replay(const std::string& directory, std::vector<std::string> words) {
    words.insert(words.begin(), {"-d", base_ + "/" + directory, "replay"});
    return autodidact(std::move(words));
  }

  static std::vector<json> rows(const ProcessRun& result) {
    EXPECT_EQ(result.status, 0) << result.err;
    std::vector<json> list;
    std::istringstream in(result.out);
    for (std::string line; std::getline(in, line);) list.push_back(json::parse(line));
    return list;
  }

  static double accuracy(const json& version) { return version.at("metrics").at("accuracy"); }

  TempDirectory directory_;
  const std::string base_ = directory_.path();
};

TEST_F(MiniatureRun, RoundsOfStarRaiseTheHeldOutAccuracy) {
  const auto versions = learn("run");
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_LT(accuracy(versions[0]), 0.75) << "the base model leaves room to learn";
  EXPECT_GT(accuracy(versions[2]), accuracy(versions[0]) + 0.15);
  EXPECT_TRUE(versions[2].at("serving"));
  EXPECT_EQ(versions[2].at("metrics").at("logprob_gap"), 0) << "sampler and trainer, the same bits";
  const ProcessRun verified = replay("run", {"verify"});
  EXPECT_EQ(verified.status, 0) << verified.out;
  EXPECT_NE(verified.out.find(" 0 problems"), std::string::npos) << verified.out;
}

TEST_F(MiniatureRun, Bfloat16RanksAndCheckpointingLearnToo) {
  const auto versions = learn("run", {"model.dtype=bfloat16", "train.data_parallel=2", "train.threads=1",
                                      "train.activation_checkpointing=true", "loop.rounds=1"});
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_GT(accuracy(versions[1]), accuracy(versions[0]) + 0.05);
  EXPECT_EQ(versions[1].at("metrics").at("logprob_gap"), 0);
}

TEST_F(MiniatureRun, ContinuousAndSplitLearnToo) {
  const auto versions =
      learn("run", {"loop.schedule=continuous", "placement.mode=split", "train.threads=1", "train.publish_every_steps=40"});
  ASSERT_GE(versions.size(), 3u);
  EXPECT_GT(accuracy(versions.back()), accuracy(versions.front()));
  EXPECT_EQ(replay("run", {"verify"}).status, 0);
}

TEST_F(MiniatureRun, TwoDeterministicRunsAreTheSameToTheBit) {
  std::string exports[2];
  std::vector<json> versions[2];
  for (int i = 0; i < 2; ++i) {
    const std::string directory = "run" + std::to_string(i);
    versions[i] = learn(directory, {"deterministic=true", "loop.rounds=1"});
    exports[i] = replay(directory, {"ls", "--limit", "100000", "--json"}).out;
    const std::string target = base_ + "/export" + std::to_string(i);
    ASSERT_EQ(replay(directory, {"export", "--tokens", "-o", target}).status, 0);
    for (const auto& file : fs::directory_iterator(target + "/data")) {
      const ProcessRun digest = run({"sha256sum", file.path().filename().string()}, {.directory = file.path().parent_path()});
      exports[i] += digest.out;
    }
  }
  EXPECT_GT(exports[0].size(), 100'000u);
  EXPECT_TRUE(exports[0] == exports[1]) << "other attempts, tokens or log-probabilities";
  EXPECT_EQ(versions[0], versions[1]) << "other weights: the digests are in there";
}

}  // namespace
}  // namespace autodidact
