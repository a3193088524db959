// A reference, and behind a zero byte the completion: judged as it is and in a box, in both modes. No crash, a reason for every
// verdict, and no more work than is allowed.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tasks/math/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace autodidact;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view reference = input.substr(0, input.find('\0'));
  const std::string completion(reference.size() < input.size() ? input.substr(reference.size() + 1) : input);
  for (const MathMode mode : {MathMode::kReward, MathMode::kEvaluation}) {
    for (const std::string& text : {completion, "\\boxed{" + completion + "}"}) {
      math::Work work;
      const MathCheck check = math::check_counted(text, reference, mode, work);
      if (work.spent() > 2 * math::kMaxWork || check.why.empty()) std::abort();
    }
    (void)extract_math_answer(completion, mode);
  }
  return 0;
}
