#include "tasks/problem_id.hpp"

namespace autodidact {
namespace {

std::uint64_t fnv1a(std::uint64_t hash, std::string_view bytes) {
  for (char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ull;
  }
  return hash;
}

}  // namespace

ProblemId make_problem_id(std::string_view task, std::string_view prompt) {
  std::uint64_t hash = fnv1a(0xcbf29ce484222325ull, task);
  hash = fnv1a(fnv1a(hash, std::string_view("\0", 1)), prompt);
  return hash == 0 ? 1 : hash;
}

}  // namespace autodidact
