#pragma once
// The table of tests/tasks/math_cases.txt, for the tests and the benchmark.

#include <fstream>
#include <string>
#include <vector>

#include "tasks/math/math_checker.hpp"

namespace autodidact::test {

struct MathCase {
  std::string section, reference, answer;
  MathVerdict reward, evaluation;
  std::string completion() const { return "So we find the answer.\n\\boxed{" + answer + "}"; }
};

inline MathVerdict verdict_of(char letter) {
  return letter == 'r' ? MathVerdict::kRight : letter == 'w' ? MathVerdict::kWrong : MathVerdict::kCannotJudge;
}
inline const char* name_of(MathVerdict verdict) {
  return verdict == MathVerdict::kRight ? "right" : verdict == MathVerdict::kWrong ? "wrong" : "cannot judge";
}

inline std::vector<MathCase> read_math_cases(const std::string& path) {
  std::vector<MathCase> cases;
  std::ifstream file(path);
  std::string line, section;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[' && line.find(";;") == std::string::npos) {
      section = line.substr(1, line.find(']') - 1);
      continue;
    }
    const std::size_t first = line.find(" ;; "), second = line.rfind(" ;; ");
    const std::string answer = second > first ? line.substr(first + 4, second - first - 4) : "";
    cases.push_back({section, line.substr(0, first), answer, verdict_of(line[line.size() - 2]), verdict_of(line.back())});
  }
  return cases;
}

}  // namespace autodidact::test
