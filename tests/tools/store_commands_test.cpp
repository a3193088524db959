// `autodidact replay ...` as a process, on a store that another process wrote, without a daemon.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/files.hpp"
#include "tests/tools/process.hpp"
#include "tests/tools/sample_store.hpp"

namespace autodidact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

class StoreCommands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    char name[] = "/tmp/autodidact-tools-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    base_ = name;
    const char* program = std::getenv("AD_SAMPLE_RUN");
    ASSERT_NE(program, nullptr);
    const ProcessRun made = run({program, base_ + "/run"});
    ASSERT_EQ(made.status, 0) << made.err;
  }
  static void TearDownTestSuite() { fs::remove_all(base_); }

  static ProcessRun replay(std::vector<std::string> words, const RunOptions& options = {}) {
    words.insert(words.begin(), {"-d", base_ + "/run", "replay"});
    return autodidact(std::move(words), options);
  }

  static inline std::string base_;
};

TEST_F(StoreCommands, LsAsTableAndAsJsonAgree) {
  const ProcessRun table = replay({"ls", "--limit", "1000"});
  ASSERT_EQ(table.status, 0) << table.err;
  EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), kSampleAttempts + 1);  // and the heading
  EXPECT_EQ(table.out.find('\x1b'), std::string::npos);                                  // no colour in a pipe
  const ProcessRun rows = replay({"ls", "--limit", "1000", "--json"});
  ASSERT_EQ(rows.status, 0);
  const auto lines = lines_of(rows.out);
  ASSERT_EQ(lines.size(), kSampleAttempts);
  for (const json& line : lines) EXPECT_EQ(line["type"], "attempt");
}

TEST_F(StoreCommands, TheDirectoryMayComeLast) {
  const std::string data = base_ + "/run";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"replay", "ls", data},
                                             {"replay", "stats", data},
                                             {"replay", "show", "1", "2", data},
                                             {"replay", "grep", "1", data},
                                             {"replay", "tail", "--once", data},
                                             {"replay", "diff", "1", "2", data},
                                             {"replay", "lineage", "v2", data},
                                             {"replay", "versions", data},
                                             {"replay", "events", data},
                                             {"replay", "verify", data},
                                             {"replay", "gc", "--keep", "10", data},
                                             {"report", data},
                                             {"replay", "stats", data + "/store"}}) {  // a bare store, as a checkpoint is
    const ProcessRun result = autodidact(words);
    EXPECT_EQ(result.status, 0) << words[1] << ": " << result.err;
    EXPECT_FALSE(result.out.empty()) << words[1];
  }
}

TEST_F(StoreCommands, PagesFollowEachOther) {
  std::vector<std::uint64_t> ids;
  std::string after = "0";
  for (int page = 0; page < 20; ++page) {
    const auto lines = lines_of(replay({"ls", "--limit", "7", "--after", after, "--json"}).out);
    if (lines.empty()) break;
    for (const json& line : lines) ids.push_back(line["id"]);
    after = std::to_string(ids.back());
  }
  ASSERT_EQ(ids.size(), kSampleAttempts);
  EXPECT_TRUE(std::is_sorted(ids.rbegin(), ids.rend()));
  const ProcessRun remarked = run({autodidact_path(), "-d", base_ + "/run", "replay", "ls", "--limit", "7"});
  EXPECT_NE(remarked.err.find("--after 61"), std::string::npos) << remarked.err;
  EXPECT_NE(remarked.err.find("files in"), std::string::npos);
}

TEST_F(StoreCommands, FiltersOfTheCommandLineReachTheStore) {
  const std::vector<std::pair<std::vector<std::string>, std::size_t>> cases = {
      {{"--version", "v1"}, 30},
      {{"--version", "1", "--hinted", "true"}, 10},
      {{"--outcome", "cannot_judge"}, 10},
      {{"--reason", "hint_leak"}, 1},
      {{"--kept", "true", "--round", "2"}, 13},
      {{"--seed", "true"}, kSampleSeeds},
      {{"--score", "0.5.."}, kSampleSeeds + 28},
      {{"--length", "8.."}, 10 + 5 + 20},
      {{"--problem", "abcd000000000000"}, 3},
      {{"--since", "2023-11-14 22:13:56"}, 31},
      {{"--until", "2023-11-14 22:13:26"}, kSampleSeeds},
  };
  for (const auto& [filter, expected] : cases) {
    std::vector<std::string> words = {"ls", "--limit", "1000", "--json"};
    words.insert(words.end(), filter.begin(), filter.end());
    const ProcessRun result = replay(words, {.environment = {"TZ=UTC"}});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines_of(result.out).size(), expected) << filter[0] << " " << filter[1];
  }
}

TEST_F(StoreCommands, ShowIsAPageToRead) {
  const ProcessRun page = replay({"show", std::to_string(round1_id(4))});
  ASSERT_EQ(page.status, 0) << page.err;
  for (const char* part : {"4+1=", "   1  4+1\n", "   2  5\n", "reference   5", "kept        yes", "sampled by  version 1"}) {
    EXPECT_NE(page.out.find(part), std::string::npos) << part << "\n" << page.out;
  }
}

TEST_F(StoreCommands, ShowTokensHasTextsFromTheRunsTokenizer) {
  const auto lines = lines_of(replay({"show", std::to_string(round1_id(4)), "--tokens", "--json"}).out);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["token_texts"], json({"4", "+", "1", "\\n", "5", "<eos>"}));
  const ProcessRun page = replay({"show", std::to_string(round1_id(4)), "--tokens"});
  EXPECT_NE(page.out.find("LOGPROB"), std::string::npos);
  EXPECT_NE(page.out.find("-0.0500"), std::string::npos) << page.out;
}

TEST_F(StoreCommands, ShowHasEachStepBesideItsScores) {
  const ProcessRun page = replay({"show", std::to_string(round1_id(4))});
  ASSERT_EQ(page.status, 0) << page.err;
  for (const char* part : {"rollouts    1\n", "dpo v4      -1.25\n", "STEP  rollouts  prm v5  TEXT\n",
                           "   1      0.40    0.75  4+1\\n\n", "   2      1.00    0.60  5\n"}) {
    EXPECT_NE(page.out.find(part), std::string::npos) << part << "\n" << page.out;
  }
  const auto lines = lines_of(replay({"show", std::to_string(round1_id(4)), "--json"}).out);
  EXPECT_EQ(lines[0]["scores"][2]["step_texts"], json({"4+1\n", "5"}));
  EXPECT_FALSE(lines[0].contains("tokens"));
  EXPECT_EQ(replay({"show", "1"}).out.find("\nscores"), std::string::npos) << "nothing scored it";
  EXPECT_NE(replay({"ls", "--limit", "1000"}).out.find("scored"), std::string::npos);
  EXPECT_NE(replay({"stats"}).out.find(" 12 scores"), std::string::npos);
}

TEST_F(StoreCommands, HostileTextReachesNoTerminal) {
  const std::string id = std::to_string(kHostileId);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"show", id}, {"show", id, "--json"}, {"grep", "safe"}, {"grep", "safe", "--json"}, {"ls", "--limit", "3"}}) {
    for (const bool terminal : {false, true}) {
      if (terminal == false && words.back() == "--json") continue;  // a pipe gets the JSON as it is
      RunOptions options;
      options.terminal = terminal;
      options.environment = {"NO_COLOR=1", "PAGER=cat"};
      const ProcessRun result = replay(words, options);
      EXPECT_EQ(result.status, 0) << result.out << result.err;
      EXPECT_EQ(result.out.find('\x1b'), std::string::npos) << words[0];
      EXPECT_EQ(result.out.find('\x07'), std::string::npos) << words[0];
      EXPECT_EQ(result.out.find("\xe2\x80\xae"), std::string::npos) << words[0];
      EXPECT_EQ(result.out.find("\xc2\x9b"), std::string::npos) << words[0];
      EXPECT_EQ(result.out.find('\x7f'), std::string::npos) << words[0];
    }
  }
}

TEST_F(StoreCommands, ColourIsForTerminalsThatWantIt) {
  RunOptions terminal;
  terminal.terminal = true;
  terminal.environment = {"PAGER=cat", "NO_COLOR="};
  EXPECT_NE(replay({"ls", "--limit", "3"}, terminal).out.find("\x1b["), std::string::npos);
  terminal.environment = {"PAGER=cat", "NO_COLOR=1"};
  EXPECT_EQ(replay({"ls", "--limit", "3"}, terminal).out.find("\x1b["), std::string::npos);
  EXPECT_NE(autodidact({"--color", "always", "-d", base_ + "/run", "replay", "ls"}).out.find("\x1b["), std::string::npos);
}

TEST_F(StoreCommands, LongOutputGoesThroughThePagerOnATerminalOnly) {
  RunOptions terminal;
  terminal.terminal = true;
  terminal.environment = {"PAGER=sed s/^/paged:/", "NO_COLOR=1"};
  EXPECT_NE(replay({"ls", "--limit", "60"}, terminal).out.find("paged:"), std::string::npos);
  EXPECT_EQ(replay({"ls", "--limit", "3"}, terminal).out.find("paged:"), std::string::npos);  // fits the screen
  RunOptions pipe;
  pipe.environment = terminal.environment;
  EXPECT_EQ(replay({"ls", "--limit", "60"}, pipe).out.find("paged:"), std::string::npos);
  terminal.environment = {"PAGER=true", "NO_COLOR=1"};  // leaves at once
  EXPECT_EQ(replay({"ls", "--limit", "60"}, terminal).status, 0);
  terminal.environment = {"PAGER=autodidact-no-such-pager", "NO_COLOR=1"};
  EXPECT_NE(replay({"ls", "--limit", "60"}, terminal).out.find("OUTCOME"), std::string::npos);
}

TEST_F(StoreCommands, AReaderThatLeavesEarlyIsNoError) {
  RunOptions head;
  head.read_at_most = 1;
  const ProcessRun result = replay({"export", "--format", "attempts", "--tokens", "-o", "-"}, head);
  EXPECT_TRUE(result.status == 0 || result.status == 128 + SIGPIPE) << result.status;
  EXPECT_EQ(result.err, "");
}

TEST_F(StoreCommands, GrepExitsOneWhenNothingMatches) {
  EXPECT_EQ(replay({"grep", "(?m)^19\\+1$"}).status, 0);
  const ProcessRun none = replay({"grep", "xyzzy"});
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.err, "");
  EXPECT_EQ(replay({"grep", "a["}).status, 64);
}

TEST_F(StoreCommands, StatsGroupAsAsked) {
  const auto lines = lines_of(replay({"stats", "--by", "version,hinted", "--json"}).out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[4]["attempts"], 31);
  const ProcessRun table = replay({"stats"});
  EXPECT_NE(table.out.find("PASS RATE"), std::string::npos);
  EXPECT_EQ(replay({"stats", "--by", "colour"}).status, 64);
}

TEST_F(StoreCommands, DiffAndLineageAndReportSayTheirNumbers) {
  const ProcessRun diff = replay({"diff", "v1", "v2"});
  EXPECT_NE(diff.out.find("gained 7"), std::string::npos) << diff.out << diff.err;
  EXPECT_NE(diff.out.find("lost 4"), std::string::npos);
  const ProcessRun lineage = replay({"lineage", "2"});
  EXPECT_NE(lineage.out.find("30 draws of 17 attempts"), std::string::npos) << lineage.out << lineage.err;
  const std::string curve = base_ + "/curve.svg";
  const ProcessRun report = autodidact({"report", "-d", base_ + "/run", "--svg", curve});
  const auto svg = read_file(curve, 1 << 20);
  EXPECT_TRUE(svg.ok() && svg->find("overall, round 1: 55.0%") != std::string::npos) << (svg.ok() ? *svg : "");
  EXPECT_NE(report.out.find("57.0 %"), std::string::npos) << report.out << report.err;
  EXPECT_NE(report.out.find("2 digits"), std::string::npos);
}

TEST_F(StoreCommands, VerifyFindsDamage) {
  EXPECT_EQ(replay({"verify"}).status, 0);
  EXPECT_EQ(replay({"verify", "--deep"}).status, 0);
  const std::string copy = base_ + "/damaged";
  fs::copy(base_ + "/run", copy, fs::copy_options::recursive);
  std::string victim;
  for (const auto& entry : fs::directory_iterator(copy + "/store")) {
    const std::string extension = entry.path().extension();
    if ((extension == ".sst" || extension == ".log") && (victim.empty() || entry.file_size() > fs::file_size(victim))) {
      victim = entry.path();
    }
  }
  ASSERT_FALSE(victim.empty());
  std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(victim) / 2));
  file.write("\xde\xad\xbe\xef", 4);
  file.close();
  const ProcessRun result = autodidact({"-d", copy, "replay", "verify", "--deep"});
  EXPECT_EQ(result.status, 65) << result.out << result.err;
  EXPECT_FALSE((result.out + result.err).empty());
  fs::remove_all(copy);
}

TEST_F(StoreCommands, PinAndGcWithoutADaemonTakeItsLock) {
  const std::string copy = base_ + "/writable";
  fs::copy(base_ + "/run", copy, fs::copy_options::recursive);
  const ProcessRun pinned = autodidact({"-d", copy, "replay", "pin", "8", "10"});
  ASSERT_EQ(pinned.status, 0) << pinned.err;
  EXPECT_EQ(lines_of(autodidact({"-d", copy, "--json", "replay", "ls", "--pinned", "true"}).out).size(), 2u);
  const auto plan = lines_of(autodidact({"-d", copy, "--json", "replay", "gc", "--keep", "0"}).out);
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0]["applied"], false);
  const auto done = lines_of(autodidact({"-d", copy, "--json", "replay", "gc", "--keep", "0", "--apply"}).out);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0]["attempts"], plan[0]["attempts"]);
  EXPECT_EQ(lines_of(autodidact({"-d", copy, "--json", "replay", "ls", "--limit", "1000"}).out).size(),
            kSampleAttempts - done[0]["attempts"].get<std::size_t>());
  fs::remove_all(copy);
}

TEST_F(StoreCommands, NothingIsEverCreatedByAsking) {
  const auto before = lines_of(replay({"stats", "--json"}).out);
  EXPECT_EQ(autodidact({"-d", base_ + "/missing", "replay", "ls"}).status, 66);
  EXPECT_FALSE(fs::exists(base_ + "/missing"));
  fs::create_directory(base_ + "/empty");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"ls"}, {"pin", "1"}, {"gc", "--keep", "1", "--apply"}, {"verify"}}) {
    std::vector<std::string> all = {"-d", base_ + "/empty", "replay"};
    all.insert(all.end(), words.begin(), words.end());
    const ProcessRun result = autodidact(all);
    EXPECT_NE(result.status, 0) << words[0];
    EXPECT_FALSE(result.err.empty());
    EXPECT_FALSE(fs::exists(base_ + "/empty/store")) << words[0];
  }
  EXPECT_EQ(lines_of(replay({"stats", "--json"}).out), before);
}

TEST_F(StoreCommands, WrongWordsAreExit64WithAHint) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{},
                                                                                     {"fly"},
                                                                                     {"replay"},
                                                                                     {"replay", "show"},

                                                                                     {"replay", "ls", "--nope"},
                                                                                     {"replay", "ls", "--version", "vx"},
                                                                                     {"replay", "ls", "--limit", "0"},
                                                                                     {"replay", "diff", "1"},
                                                                                     {"--color", "blue"}}) {
    std::vector<std::string> all = {"-d", base_ + "/run"};
    all.insert(all.end(), words.begin(), words.end());
    const ProcessRun result = autodidact(all);
    EXPECT_EQ(result.status, 64) << (words.empty() ? "" : words.back()) << result.out << result.err;
    EXPECT_NE(result.err.find("autodidact: "), std::string::npos);
  }
  EXPECT_EQ(replay({"show", "999999"}).status, 66);
  EXPECT_EQ(replay({"lineage", "99"}).status, 66);
}

TEST_F(StoreCommands, HelpTeaches) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"replay", "--help"}, {"replay", "ls", "--help"}, {"check", "--help"}, {"reload", "--help"}}) {
    const ProcessRun result = autodidact(words);
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.out.find("autodidact"), std::string::npos);
  }
  EXPECT_NE(autodidact({"replay", "ls", "--help"}).out.find("replay ls --reason hint_leak --since 2h"), std::string::npos);
  EXPECT_EQ(autodidact({"--version"}).out.rfind("autodidact ", 0), 0u);
}

TEST_F(StoreCommands, TheReferencePageIsWhatTheProgramSays) {
  const char* source = std::getenv("AD_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  const auto page = read_file(std::string(source) + "/docs/replay-tool.md", 1 << 20);
  ASSERT_TRUE(page.ok()) << page.status().message();
  const std::string marker = "<!-- reference: autodidact reference -->\n";
  const auto begin = page->find(marker);
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(page->substr(begin + marker.size()), autodidact({"reference"}).out)
      << "the commands changed: run `autodidact reference` and put its output behind the marker in docs/replay-tool.md";
}

TEST_F(StoreCommands, LinksNeitherTorchNorCaf) {
  const ProcessRun libraries = run({"ldd", autodidact_path()});
  ASSERT_EQ(libraries.status, 0) << libraries.err;
  EXPECT_NE(libraries.out.find("librocksdb"), std::string::npos);  // ldd does see what is linked
  for (const char* unwanted : {"libtorch", "libc10", "libcaf", "libcuda", "libgomp", "libpython"}) {
    EXPECT_EQ(libraries.out.find(unwanted), std::string::npos) << libraries.out;
  }
}

class Exports : public StoreCommands {};

TEST_F(Exports, TheSameStoreGivesTheSameBytes) {
  for (const char* format : {"attempts", "sft", "pairs", "orm", "prm"}) {
    const std::string first = base_ + "/" + format + "-1", second = base_ + "/" + format + "-2";
    ASSERT_EQ(replay({"export", "--format", format, "-o", first}).status, 0);
    ASSERT_EQ(replay({"export", "--format", format, "-o", second}).status, 0);
    const ProcessRun same = run({"diff", "-r", first, second});
    EXPECT_EQ(same.status, 0) << same.out;
  }
}

TEST_F(Exports, StepsAreTextsWithLabelsAndValues) {
  const auto rows = lines_of(replay({"export", "--format", "prm", "-o", "-"}).out);
  ASSERT_EQ(rows.size(), kSampleLabelled);
  EXPECT_EQ(rows[4]["prompt"], "4+1=");
  EXPECT_EQ(rows[4]["completions"], json({"4+1", "5"})) << "without the separator, which trainers put back";
  EXPECT_EQ(rows[4]["labels"], json({true, true}));
  EXPECT_EQ(rows[4]["values"], json({0.4, 1.0}));
  EXPECT_EQ(rows[0]["labels"], json({false, true})) << "no rollout from its first step was right";
  for (const json& row : rows) {
    EXPECT_EQ(row["labels"].size(), row["completions"].size());
    EXPECT_FALSE(row.contains("tokens") || row.contains("step_ends") || row.contains("completion"));
  }
}

TEST_F(Exports, StepsOfABareStoreSayWhatIsMissing) {
  const ProcessRun result =
      autodidact({"-d", base_ + "/run/store", "replay", "export", "--format", "prm", "-o", base_ + "/bare"});
  EXPECT_EQ(result.status, 66);
  EXPECT_NE(result.err.find("tokenizer.json"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(base_ + "/bare"));
}

TEST_F(Exports, HowManyOfAProblemIsAsked) {
  const auto most = [&](const char* option) {
    std::map<std::string, int> problems;
    for (const json& row : lines_of(replay({"export", "--format", "pairs", option, "1", "-o", "-"}).out))
      ++problems[row["problem"]];
    int largest = 0;
    for (const auto& [problem, rows] : problems) largest = std::max(largest, rows);
    return largest;
  };
  EXPECT_EQ(most("--pairs-per-problem"), 1);
  EXPECT_EQ(most("--per-problem"), 1) << "its name of old";
  EXPECT_EQ(replay({"export", "--format", "orm", "--hinted", "true", "-o", "-"}).status, 64);
}

TEST_F(Exports, AnExistingTargetIsRefused) {
  const std::string target = base_ + "/taken";
  fs::create_directory(target);
  EXPECT_EQ(replay({"export", "-o", target}).status, 73);
  EXPECT_TRUE(fs::is_empty(target));
}

TEST_F(Exports, NothingToExportLeavesNothing) {
  EXPECT_EQ(replay({"export", "--version", "99", "-o", base_ + "/nothing"}).status, 66);
  EXPECT_FALSE(fs::exists(base_ + "/nothing"));
  for (const auto& entry : fs::directory_iterator(base_)) EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos);
}

TEST_F(Exports, WithoutATargetItGoesBesideTheRun) {
  const ProcessRun result = replay({"export", "--format", "sft", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto line = lines_of(result.out)[0];
  EXPECT_EQ(line["rows"], kSampleSeeds + 26);
  EXPECT_EQ(line["directory"].get<std::string>().rfind(base_ + "/run/exports/sft-", 0), 0u);
}

TEST_F(Exports, PythonReadsEachRow) {
  const std::string target = base_ + "/for-python";
  ASSERT_EQ(replay({"export", "--tokens", "-o", target}).status, 0);
  const std::string script =
      "import glob,json,sys\n"
      "rows=[json.loads(l) for f in sorted(glob.glob(sys.argv[1]+'/data/*.jsonl')) for l in open(f,encoding='utf-8')]\n"
      "assert [r['id'] for r in rows]==list(range(1,len(rows)+1))\n"
      "assert all(len(r['tokens'])==r['length'] for r in rows)\n"
      "assert all(len(r['logprobs'])==r['length'] or r['seed_example'] for r in rows)\n"
      "print(len(rows))\n";
  const ProcessRun result = run({"python3", "-c", script, target});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, std::to_string(kSampleAttempts) + "\n");
}

TEST_F(Exports, HuggingFaceDatasetsLoadsEachFormat) {
  const char* python = std::getenv("AD_PEER_PYTHON");
  if (python == nullptr || run({python, "-c", "import datasets"}, {.limit_ms = 100'000}).status != 0) {
    GTEST_SKIP() << "set AD_PEER_PYTHON to a Python that has `datasets`";
  }
  const std::string script =
      "import sys,datasets\n"
      "d=datasets.load_dataset(sys.argv[1],split='train',cache_dir=sys.argv[2])\n"
      "print(len(d),*sorted(d.column_names))\n"
      "print(d[0])\n";
  for (const auto& [format, column] : std::vector<std::pair<std::string, std::string>>{
           {"attempts", "logprobs"}, {"sft", "messages"}, {"pairs", "rejected"}, {"orm", "label"}, {"prm", "completions"}}) {
    const std::string target = base_ + "/hf-" + format;
    std::vector<std::string> words = {"export", "--format", format, "-o", target};
    if (format == "attempts") words.push_back("--tokens");
    ASSERT_EQ(replay(words).status, 0);
    const ProcessRun result = run({python, "-c", script, target, base_ + "/cache"},
                                  {.environment = {"HF_DATASETS_OFFLINE=1", "HF_HUB_OFFLINE=1"}, .limit_ms = 100'000});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find(column), std::string::npos) << result.out;
  }
}

}  // namespace
}  // namespace autodidact
