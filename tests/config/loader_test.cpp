#include "config/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/files.hpp"
#include "config/report.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string kVersion = "config_version = 1\n";

LoadedConfig parse(const std::string& text) { return parse_config(text, "run.toml"); }

// All complaints as a reader sees them.
std::vector<std::string> complaints(const std::string& text) {
  std::vector<std::string> lines;
  for (const ConfigError& error : parse(text).errors) lines.push_back(to_string(error));
  return lines;
}

std::vector<std::string> warnings(const std::string& text) {
  std::vector<std::string> lines;
  for (const ConfigError& warning : parse(text).warnings) lines.push_back(to_string(warning));
  return lines;
}

TEST(Loader, TakesEveryTypeOfValue) {
  const LoadedConfig loaded = parse(kVersion + R"(
data_dir = "runs/äöü"
deterministic = true
[task]
seed_examples = [300, 900]
digit_weights = [1, 0.5, 0, 2.5, 1]
[sample]
batch = 7
temperature = 0.25
)");
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded.options.data_dir, "runs/äöü");
  EXPECT_TRUE(loaded.options.deterministic);
  EXPECT_THAT(loaded.options.task.seed_examples, ElementsAre(300, 900));
  EXPECT_THAT(loaded.options.task.digit_weights, ElementsAre(1.0, 0.5, 0.0, 2.5, 1.0));
  EXPECT_EQ(loaded.options.sample.batch, 7);
  EXPECT_EQ(loaded.options.sample.temperature, 0.25);
  EXPECT_EQ(loaded.digest.size(), 64u);
}

TEST(Loader, LeavesDefaultsWhereTheFileIsSilent) {
  const LoadedConfig loaded = parse(kVersion);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(options_to_json(loaded.options), options_to_json(Options{}));
}

TEST(Loader, RefusesAnEmptyFileAndOneOfCommentsOnly) {
  const std::string wanted = "run.toml:1:1: config_version: required: add the line config_version = 1";
  EXPECT_THAT(complaints(""), ElementsAre(wanted));
  EXPECT_THAT(complaints("# nothing\n\n"), ElementsAre(wanted));
  EXPECT_EQ(parse("").code, Errc::kConfig);
}

TEST(Loader, RefusesAnotherConfigVersion) {
  EXPECT_THAT(complaints("config_version = 2\n"), ElementsAre("run.toml:1:18: config_version: expected 1, got 2"));
}

TEST(Loader, TakesAnIntegerWhereANumberIsWantedButNotTheReverse) {
  EXPECT_EQ(parse(kVersion + "[train]\nlr = 1\n").options.train.lr, 1.0);
  EXPECT_THAT(complaints(kVersion + "[train]\nthreads = 2.0\n"),
              ElementsAre("run.toml:3:11: train.threads: expected an integer, got a number"));
}

TEST(Loader, NamesEachWrongTypeAtItsValue) {
  EXPECT_THAT(
      complaints(R"(config_version = 1
deterministic = 1
seed = "7"
data_dir = 5
watch_config = 1979-05-27
exit_when_done = []
[task]
seed_examples = 300
hinted_seed_examples = [1, 2.5]
digit_weights = ["a"]
[loop]
rounds = true
schedule = { a = 1 }
)"),
      ElementsAre("run.toml:2:17: deterministic: expected true or false, got an integer",
                  "run.toml:3:8: seed: expected an integer, got a string",
                  "run.toml:4:12: data_dir: expected a string, got an integer",
                  "run.toml:5:16: watch_config: expected true or false, got a date or time",
                  "run.toml:6:18: exit_when_done: expected true or false, got an array",
                  "run.toml:8:17: task.seed_examples: expected an array of integers, got an integer",
                  "run.toml:9:24: task.hinted_seed_examples: expected an array of integers, got one with a number at line 9",
                  "run.toml:10:17: task.digit_weights: expected an array of numbers, got one with a string at line 10",
                  "run.toml:12:10: loop.rounds: expected an integer, got true or false",
                  "run.toml:13:12: loop.schedule: expected a string, got a table"));
}

TEST(Loader, NamesEachValueOutOfRange) {
  EXPECT_THAT(complaints(R"(config_version = 1
seed = -1
[task]
seed_examples = [1, -2]
[sample]
top_p = 0.0
temperature = nan
batch = 0
[train]
lr = inf
[loop]
schedule = "sometimes"
)"),
              ElementsAre("run.toml:2:8: seed: expected at least 0, got -1",
                          "run.toml:4:17: task.seed_examples: expected each element 0 to 10000000 examples, got [1, -2]",
                          "run.toml:6:9: sample.top_p: expected above 0 to 1 probability, got 0.0",
                          "run.toml:7:15: sample.temperature: expected 0 to 100, got nan",
                          "run.toml:8:9: sample.batch: expected 1 to 65536 sequences, got 0",
                          "run.toml:10:6: train.lr: expected above 0 to 10, got inf",
                          "run.toml:12:12: loop.schedule: expected one of iterations | continuous, got \"sometimes\""));
}

TEST(Loader, GuessesWhatAnUnknownKeyWasMeantToBe) {
  EXPECT_THAT(complaints(R"(config_version = 1
sed = 3
temperature = 0.5
zzz = 1
[lop]
rounds = 3
[loop]
max_inflight = 4
qqqqqqq = 1
[nothing_like_it]
)"),
              ElementsAre("run.toml:2:1: sed: unknown key; did you mean seed?",
                          "run.toml:3:1: temperature: unknown key; did you mean sample.temperature or eval.temperature?",
                          "run.toml:4:1: zzz: unknown key", "run.toml:5:2: lop: unknown section; did you mean [loop] or [log]?",
                          "run.toml:8:1: loop.max_inflight: unknown key; did you mean loop.max_in_flight?",
                          "run.toml:9:1: loop.qqqqqqq: unknown key", "run.toml:10:2: nothing_like_it: unknown section"));
}

TEST(Loader, TakesDottedKeysAndInlineTables) {
  const LoadedConfig loaded = parse(kVersion + "loop.rounds = 3\neval = { gate = false }\n");
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded.options.loop.rounds, 3);
  EXPECT_FALSE(loaded.options.eval.gate);
}

TEST(Loader, RefusesASectionThatIsNoTable) {
  EXPECT_THAT(complaints(kVersion + "loop = 3\n"),
              ElementsAre("run.toml:2:1: loop: expected the table [loop], got an integer"));
  EXPECT_THAT(complaints(kVersion + "[[loop]]\nrounds = 1\n"),
              ElementsAre(HasSubstr("loop: expected the table [loop], got an array")));
}

TEST(Loader, PlacesSyntaxErrors) {
  EXPECT_THAT(complaints(kVersion + "seed =\n"), ElementsAre(StartsWith("run.toml:2:7: ")));
  EXPECT_THAT(complaints(kVersion + "seed = 1\nseed = 2\n"),
              ElementsAre(AllOf(StartsWith("run.toml:3:"), HasSubstr("redefine"))));
  EXPECT_THAT(complaints(kVersion + "[loop]\n[loop]\n"), ElementsAre(AllOf(StartsWith("run.toml:3:"), HasSubstr("loop"))));
  EXPECT_THAT(complaints(kVersion + "data_dir = \"open\n"), ElementsAre(StartsWith("run.toml:2:")));
}

TEST(Loader, RefusesIntegersBeyond64Bits) {
  EXPECT_TRUE(parse(kVersion + "seed = 9223372036854775807\n").ok());
  EXPECT_THAT(complaints(kVersion + "seed = 9223372036854775808\n"), ElementsAre(StartsWith("run.toml:2:")));
}

TEST(Loader, RefusesTextThatIsNotUtf8AndControlCharacters) {
  EXPECT_THAT(complaints(kVersion + "data_dir = \"\xff\xfe\"\n"), ElementsAre(StartsWith("run.toml:2:")));
  EXPECT_THAT(complaints(kVersion + "data_dir = \"\xc3\""), SizeIs(1));
  EXPECT_THAT(complaints(kVersion + std::string("data_dir = \"a\0b\"\n", 17)), SizeIs(1));
}

// What a hostile 1 MiB file can do to a recursive parser.
TEST(Loader, SurvivesDeepNesting) {
  std::string brackets, dotted = "a";
  for (int i = 0; i < 500000; ++i) brackets += i % 1000 == 0 ? "\n[" : "[";
  for (int i = 0; i < 2000; ++i) dotted += ".a";
  EXPECT_FALSE(parse(kVersion + "[task]\nseed_examples = [" + brackets).ok());
  EXPECT_THAT(complaints(kVersion + "[" + dotted + "]\n" + dotted + " = 1\n"), ElementsAre("run.toml:2:2: a: unknown section"));
  EXPECT_THAT(complaints(kVersion + dotted + dotted + ".a = 1\n"), ElementsAre("run.toml:2:4097: line longer than 4096 bytes"));
}

TEST(Loader, ChecksWhatSettingsDemandOfEachOther) {
  EXPECT_THAT(complaints(kVersion + "[task]\nmin_digits = 4\nmax_digits = 2\n"),
              ElementsAre("run.toml:3:14: task.min_digits: 4 is more than task.max_digits = 2"));
  EXPECT_THAT(complaints(kVersion + "[task]\nmax_digits = 2\nseed_examples = [1, 1, 1]\n"),
              ElementsAre("run.toml:4:17: task.seed_examples: has 3 entries for the 2 lengths from 1 to 2 digits"));
  EXPECT_THAT(complaints(kVersion + "[task]\nseed_examples = [5, 5]\nhinted_seed_examples = [5, 6]\n"),
              ElementsAre(HasSubstr("task.hinted_seed_examples: entry 2 shows the hint in 6 of only 5 examples")));
  EXPECT_THAT(complaints(kVersion + "[task]\ndigit_weights = [1, 1]\n"), ElementsAre(HasSubstr("expected none or 5")));
  EXPECT_THAT(complaints(kVersion + "[task]\ndigit_weights = [0, 0, 0, 0, 0]\n"), ElementsAre(HasSubstr("all zero")));
  EXPECT_THAT(complaints(kVersion + "[model]\nd_model = 50\n"),
              ElementsAre(HasSubstr("model.heads: model.d_model = 50 is no multiple of 4")));
  EXPECT_THAT(complaints(kVersion + "[model]\nd_model = 20\n"), ElementsAre(HasSubstr("rope needs an even width per head")));
  EXPECT_THAT(complaints(kVersion + "[model]\nkv_heads = 3\n"), ElementsAre(HasSubstr("3 does not divide model.heads = 4")));
  EXPECT_THAT(complaints(kVersion + "deterministic = true\n[loop]\nschedule = \"continuous\"\n"),
              ElementsAre(StartsWith("run.toml:2:17: deterministic: needs loop.schedule")));
  EXPECT_THAT(complaints(kVersion + "[store]\nhard_free_mb = 600\n"),
              ElementsAre(HasSubstr("more than store.soft_free_mb = 512")));
}

TEST(Loader, ChecksThatSequencesFitTheModel) {
  EXPECT_TRUE(parse(kVersion + "[sample]\nmax_tokens = 149\n").ok());
  EXPECT_THAT(complaints(kVersion + "[sample]\nmax_tokens = 150\n"),
              ElementsAre(HasSubstr("sample.max_tokens: 150 tokens after a prompt of 11 or more")));
  EXPECT_THAT(complaints(kVersion + "[model]\nrandom_offset = 100\n"),
              ElementsAre(HasSubstr("model.random_offset: a start at 100 leaves 60")));
  EXPECT_THAT(complaints(kVersion + "[method]\nrevisions = 0.5\n[sample]\nmax_tokens = 70\n"),
              ElementsAre(HasSubstr("up to 162 tokens; model.max_positions = 160 has no room")));
  EXPECT_TRUE(parse(kVersion + "[method]\nrevisions = 0.5\n[sample]\nmax_tokens = 69\n").ok());
  EXPECT_TRUE(parse(kVersion + "[model]\ncheckpoint = \"m\"\nd_model = 50\n[sample]\nmax_tokens = 1000\n").ok())
      << "a checkpoint brings its own shape";
}

TEST(Loader, ChecksTheLimiterBand) {
  EXPECT_THAT(
      complaints(kVersion + "[replay]\nmin_diff = 0\nmax_diff = 7\n"),
      ElementsAre(HasSubstr("replay.max_diff: the band from replay.min_diff to replay.max_diff must be at least 8 wide")));
  EXPECT_THAT(complaints(kVersion + "[replay]\nmin_size = 10\nmin_diff = 41\n"),
              ElementsAre(HasSubstr("replay.min_diff: 41 is above samples_per_insert x min_size = 40")));
  const std::string stuck = kVersion + "[task]\nseed_examples = [1]\n[replay]\nmin_size = 10\nmax_diff = 39\n";
  EXPECT_TRUE(parse(stuck).ok());
  EXPECT_THAT(warnings(stuck), ElementsAre(HasSubstr("sampling stops before training may start")));
}

TEST(Loader, ListensOnLoopbackOnly) {
  for (const char* good : {"", "127.0.0.1:0", "127.1.2.3:65535", "[::1]:9464"}) {
    EXPECT_TRUE(parse(kVersion + "[gateway]\nlisten = \"" + good + "\"\n").ok()) << good;
  }
  for (const char* bad : {"0.0.0.0:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0:1", "127.0.0.256:1",
                          "127.0.0.1x:1", "localhost:1", "[::]:1", ":80", "127.0.0.1:-1", "127.0.0.1.:1", "10.0.0.1:80"}) {
    EXPECT_THAT(complaints(kVersion + "[gateway]\nlisten = \"" + bad + "\"\n"),
                ElementsAre(HasSubstr("gateway.listen: expected a loopback")))
        << bad;
  }
}

TEST(Loader, RefusesASocketPathTheKernelCannotBind) {
  const std::string long_dir(100, 'd');
  EXPECT_THAT(complaints(kVersion + "data_dir = \"" + long_dir + "\"\n"),
              ElementsAre(StartsWith("run.toml:2:12: data_dir: the admin socket's path has 111")));
  EXPECT_TRUE(parse(kVersion + "data_dir = \"" + long_dir + "\"\n[gateway]\nadmin_socket = \"a.sock\"\n").ok());
}

TEST(Loader, WarnsOfWhatIsPossibleButHardlyMeant) {
  EXPECT_THAT(warnings(kVersion), ElementsAre(HasSubstr("task.seed_examples: no seed examples and no model.checkpoint")));
  const std::string seeded = kVersion + "task.seed_examples = [10]\n";
  EXPECT_THAT(warnings(seeded), IsEmpty());
  EXPECT_THAT(warnings(seeded + "sample.samples_per_problem = 4\n"), ElementsAre(HasSubstr("greedy")));
  EXPECT_THAT(warnings(seeded + "method.check = \"answer\"\n"), ElementsAre(HasSubstr("copy the hint")));
  EXPECT_THAT(warnings(seeded + "exit_when_done = true\nloop.rounds = 0\n"), ElementsAre(HasSubstr("never done")));
  EXPECT_THAT(warnings(seeded + "loop.max_in_flight = 8\n"), ElementsAre(HasSubstr("cannot fill")));
}

LoadedConfig parse_with(const std::string& text, const std::vector<std::string>& overrides) {
  return parse_config(kVersion + text, "run.toml", overrides);
}

TEST(LoaderOverrides, ReplaceWhatTheFileSays) {
  const LoadedConfig loaded =
      parse_with("[loop]\nrounds = 3\n", {"loop.rounds=5", "data_dir=a'b \"c", "task.name=\"addition\"", "eval.gate=false",
                                          "task.seed_examples=[1, 2]", "loop.rounds=6"});
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded.options.loop.rounds, 6);
  EXPECT_EQ(loaded.options.data_dir, "a'b \"c");
  EXPECT_FALSE(loaded.options.eval.gate);
  EXPECT_THAT(loaded.options.task.seed_examples, ElementsAre(1, 2));
}

TEST(LoaderOverrides, AreBlamedOnTheCommandLine) {
  std::vector<std::string> lines;
  for (const ConfigError& error :
       parse_with("", {"loop.round=5", "loop.rounds", "seed=x y", "eval.gate=1", "sample.top_p=7"}).errors) {
    lines.push_back(to_string(error));
  }
  EXPECT_THAT(lines, ElementsAre("--set: loop.round: unknown key; did you mean loop.rounds?",
                                 "--set: loop.rounds: expected section.key=value", StartsWith("--set: seed: "),
                                 "--set: eval.gate: expected true or false, got an integer",
                                 "--set: sample.top_p: expected above 0 to 1 probability, got 7.0"));
}

TEST(LoaderOverrides, DoNotHideASectionThatIsNoTable) {
  EXPECT_THAT(parse_with("loop = 3\n", {"loop.rounds=5"}).errors, SizeIs(1));
}

TEST(Loader, ReportsEveryErrorInTheOrderOfTheFile) {
  const LoadedConfig loaded = parse("[sample]\ntop_k = -1\nmax_token = 3\n[loop]\nrounds = \"x\"\n");
  ASSERT_THAT(loaded.errors, SizeIs(4));
  EXPECT_EQ(loaded.errors[0].key, "config_version");
  EXPECT_EQ(loaded.errors[1].key, "sample.top_k");
  EXPECT_EQ(loaded.errors[2].suggestion, "sample.max_tokens");
  EXPECT_EQ(loaded.errors[3].key, "loop.rounds");
  EXPECT_EQ(loaded.status().code(), Errc::kConfig);
  EXPECT_THAT(loaded.status().message(), HasSubstr("\nrun.toml:2:9: sample.top_k"));
}

TEST(LoaderFile, LoadsTheShippedPresets) {
  const std::filesystem::path presets = std::filesystem::path(std::getenv("AD_SOURCE_DIR")) / "config/presets";
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(presets)) {
    const LoadedConfig loaded = load_config(entry.path());
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    EXPECT_THAT(loaded.warnings, IsEmpty()) << to_string(loaded.warnings.front());
    ++found;
    // What a preset reads from outside, its comment tells how to get.
    const std::string text = read_file(entry.path(), 1 << 20).value();
    for (const std::string& file :
         {loaded.options.task.train_file, loaded.options.task.held_out_file, loaded.options.model.checkpoint}) {
      if (file.empty()) continue;
      const bool fetched =
          text.find("\n#   for f in ") != std::string::npos &&
          (text.find("-o " + parent_directory(file)) != std::string::npos || text.find("-o " + file) != std::string::npos);
      EXPECT_TRUE(fetched) << entry.path() << " does not say how to get " << file;
    }
  }
  EXPECT_GE(found, 4);
}

TEST(LoaderFile, SaysWhyItCannotRead) {
  const LoadedConfig missing = load_config("no/such.toml");
  EXPECT_EQ(missing.code, Errc::kNotFound);
  EXPECT_THAT(missing.status().message(), AllOf(StartsWith("no/such.toml: "), HasSubstr("No such file")));
  EXPECT_EQ(load_config(".").code, Errc::kConfig) << "a directory";

  ::unlink("pipe.toml");
  ASSERT_EQ(::mkfifo("pipe.toml", 0600), 0);
  EXPECT_EQ(load_config("pipe.toml").code, Errc::kConfig) << "must not wait for a writer";
}

TEST(LoaderFile, RefusesMoreThanOneMebibyte) {
  std::ofstream("long.toml") << kVersion << "#" << std::string(1 << 20, 'x');
  const LoadedConfig loaded = load_config("long.toml");
  EXPECT_EQ(loaded.code, Errc::kConfig);
  EXPECT_THAT(loaded.status().message(), HasSubstr("longer than the 1048576 bytes"));
}

}  // namespace
}  // namespace autodidact
