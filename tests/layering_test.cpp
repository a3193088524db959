// Reads the #include lines of the whole tree and enforces ARCHITECTURE.md: which folder may include which, and where the heavy
// foreign headers may appear. CMake cannot: Debian puts ATen, caf and rocksdb into /usr/include, reachable without any -I.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace autodidact {
namespace {

namespace fs = std::filesystem;

struct Include {
  std::string name;     // as written
  bool quoted = false;  // "x" rather than <x>
  int line = 0;
};
using Tree = std::map<std::string, std::vector<Include>>;  // path from the root -> its includes

const std::set<std::string> kFolders = {"config", "storage", "tasks", "kernels", "model", "methods",
                                        "actors", "gateway", "tools", "tests",   "bench"};

std::string folder_of(const std::string& path) { return path.substr(0, path.find('/')); }
bool is_header(const std::string& path) { return path.ends_with(".hpp"); }
bool may_use_anything(const std::string& folder) { return folder == "tests" || folder == "bench"; }

std::vector<Include> includes_of(std::istream& text) {
  static const std::regex kLine(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)");
  std::vector<Include> includes;
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    std::smatch match;
    if (std::regex_match(line, match, kLine)) includes.push_back({match[2], match[1] == "\"", number});
  }
  return includes;
}

Tree read_tree(const fs::path& root) {
  Tree tree;
  for (const std::string& folder : kFolders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp" && extension != ".cu" && extension != ".cuh") continue;
      std::ifstream text(entry.path());
      tree[fs::relative(entry.path(), root)] = includes_of(text);
    }
  }
  return tree;
}

// The arrows, composed: folder -> folders it may include besides itself.
const std::map<std::string, std::set<std::string>>& arrows() {
  static const std::map<std::string, std::set<std::string>> allowed = [] {
    std::map<std::string, std::set<std::string>> direct = {
        {"config", {}},
        {"kernels", {"config"}},
        {"model", {"kernels"}},
        {"storage", {"config"}},
        {"tasks", {"config"}},
        {"methods", {"model", "tasks"}},
        {"actors", {"methods", "storage"}},
        {"gateway", {"actors"}},
        {"tools", {"gateway"}},
        {"tests", {"tools"}},
        {"bench", {"tools", "tests"}},  // the fakes of tests/
    };
    for (std::size_t round = 0; round < direct.size(); ++round) {
      for (auto& [folder, targets] : direct) {
        for (const std::string& target : std::set<std::string>(targets))
          targets.insert(direct[target].begin(), direct[target].end());
      }
    }
    return direct;
  }();
  return allowed;
}

// A foreign library, and the only folders whose files may name its headers. Anywhere, a header of ours that names one is
// private to its folder, see NoFolderReachesForeignHeadersThroughAnother.
struct Guarded {
  std::string library;
  std::vector<std::string> prefixes;
  std::set<std::string> folders;
  bool in_headers = false;  // of ours
};
const std::vector<Guarded>& guarded() {
  static const std::vector<Guarded> all = {
      {"libtorch", {"ATen/", "c10/", "torch/"}, {"kernels", "model", "methods"}, false},
      {"CAF", {"caf/"}, {"actors"}, true},
      {"RocksDB", {"rocksdb/"}, {"storage"}, true},
      {"Boost.Unordered", {"boost/unordered/"}, {"model"}, true},
      {"Boost.Multiprecision", {"boost/multiprecision/"}, {"tasks"}, true},
      {"Boost", {"boost/"}, {"gateway"}, true},
      {"PCRE2", {"pcre2.h"}, {"storage", "model"}, false},
      {"SentencePiece", {"sentencepiece_"}, {"model"}, false},
      {"utf8proc", {"utf8proc.h"}, {"model", "tasks"}, false},
      {"toml++", {"toml++/"}, {"config"}, false},
      {"spdlog", {"spdlog/", "fmt/"}, {"config"}, false},
      {"OpenSSL", {"openssl/"}, {"config"}, false},
      {"prometheus-cpp", {"prometheus/"}, {"actors", "gateway"}, true},
      {"CLI11", {"CLI/"}, {"tools"}, true},
  };
  return all;
}

const Guarded* guard_of(const Include& include) {
  for (const Guarded& guard : guarded()) {
    for (const std::string& prefix : guard.prefixes) {
      if (include.name.starts_with(prefix)) return &guard;
    }
  }
  return nullptr;
}

std::string place(const std::string& path, const Include& include) {
  return path + ":" + std::to_string(include.line) + ": #include " + include.name;
}

// The headers of ours that `path` includes, and theirs.
void collect_reachable(const Tree& tree, const std::string& path, std::set<std::string>& reachable) {
  const auto found = tree.find(path);
  if (found == tree.end() || !reachable.insert(path).second) return;
  for (const Include& include : found->second) {
    if (include.quoted) collect_reachable(tree, include.name, reachable);
  }
}

class Layering : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { tree_ = new Tree(read_tree(std::getenv("AD_SOURCE_DIR"))); }
  static void TearDownTestSuite() { delete tree_; }
  static Tree* tree_;
};
Tree* Layering::tree_ = nullptr;

TEST_F(Layering, ReadsTheTreeAndItsIncludes) {
  ASSERT_TRUE(tree_->contains("config/status.hpp"));
  std::istringstream text("#include <a/b.h>\n  #  include \"config/x.hpp\"  // why\n// #include <no>\n");
  const auto includes = includes_of(text);
  ASSERT_EQ(includes.size(), 2u);
  EXPECT_EQ(includes[1].name, "config/x.hpp");
  EXPECT_TRUE(includes[1].quoted);
  EXPECT_EQ(includes[1].line, 2);
}

TEST_F(Layering, ArrowsCompose) {
  EXPECT_TRUE(arrows().at("tools").contains("config"));
  EXPECT_TRUE(arrows().at("gateway").contains("kernels"));
  EXPECT_FALSE(arrows().at("methods").contains("storage"));
  EXPECT_FALSE(arrows().at("model").contains("methods"));
  EXPECT_FALSE(arrows().at("storage").contains("tasks"));
}

TEST_F(Layering, FoldersIncludeOnlyAlongTheArrows) {
  for (const auto& [path, includes] : *tree_) {
    const std::string from = folder_of(path);
    for (const Include& include : includes) {
      const std::string to = folder_of(include.name);
      if (!include.quoted || to == from) continue;
      EXPECT_TRUE(arrows().at(from).contains(to)) << place(path, include) << ": " << from << "/ may not include " << to << "/";
    }
  }
}

TEST_F(Layering, OwnHeadersAreQuotedFromTheRootAndExist) {
  for (const auto& [path, includes] : *tree_) {
    for (const Include& include : includes) {
      const bool own = kFolders.contains(folder_of(include.name)) && include.name.find('/') != std::string::npos;
      EXPECT_EQ(include.quoted, own) << place(path, include) << ": write \"folder/file.hpp\" for ours, <...> for others'";
      EXPECT_TRUE(!include.quoted || tree_->contains(include.name)) << place(path, include) << ": no such file";
    }
  }
}

TEST_F(Layering, ForeignHeadersStayInTheirFolders) {
  for (const auto& [path, includes] : *tree_) {
    for (const Include& include : includes) {
      const Guarded* guard = guard_of(include);
      if (guard == nullptr || may_use_anything(folder_of(path))) continue;
      EXPECT_TRUE(guard->folders.contains(folder_of(path)))
          << place(path, include) << ": " << guard->library << " has no place here";
      EXPECT_TRUE(guard->in_headers || !is_header(path))
          << place(path, include) << ": " << guard->library << " belongs into a .cpp";
    }
  }
}

TEST_F(Layering, NoFolderReachesForeignHeadersThroughAnother) {
  for (const auto& [path, includes] : *tree_) {
    if (may_use_anything(folder_of(path))) continue;
    std::set<std::string> reachable;
    collect_reachable(*tree_, path, reachable);
    for (const std::string& header : reachable) {
      for (const Include& include : tree_->at(header)) {
        const Guarded* guard = guard_of(include);
        const bool allowed = guard == nullptr || guard->folders.contains(folder_of(path));
        EXPECT_TRUE(allowed) << path << " reaches " << place(header, include);
      }
    }
  }
}

// torch/torch.h costs 14 s a file and drags in macros named CHECK and LOG; ATen/ATen.h is not much better.
TEST_F(Layering, LibtorchIsIncludedNarrowly) {
  static const std::set<std::string> kWide = {"torch/torch.h",     "torch/types.h", "torch/all.h",
                                              "torch/extension.h", "ATen/ATen.h",   "ATen/Functions.h"};
  for (const auto& [path, includes] : *tree_) {
    for (const Include& include : includes) EXPECT_FALSE(kWide.contains(include.name)) << place(path, include);
  }
}

TEST_F(Layering, CafIsIncludedThroughItsCompatibilityHeaderOnly) {
  for (const auto& [path, includes] : *tree_) {
    for (const Include& include : includes) {
      if (!include.name.starts_with("caf/")) continue;
      const bool scheduler_of_tests = path == "tests/actors/virtual_system.hpp";  // no part of what a program may use
      EXPECT_TRUE(path == "actors/caf_compat.hpp" || scheduler_of_tests) << place(path, include);
    }
  }
}

// Or, for a fragment that is compiled once per instruction set, who includes it.
TEST_F(Layering, HeadersSayPragmaOnce) {
  for (const auto& [path, includes] : *tree_) {
    if (!is_header(path)) continue;
    std::ifstream text(fs::path(std::getenv("AD_SOURCE_DIR")) / path);
    std::string line;
    bool found = false;
    for (int i = 0; i < 3 && std::getline(text, line); ++i) {
      found = found || line == "#pragma once" || line.find("Included by ") != std::string::npos;
    }
    EXPECT_TRUE(found) << path;
  }
}

}  // namespace
}  // namespace autodidact
