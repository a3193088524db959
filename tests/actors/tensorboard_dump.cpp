// tensorboard_dump DIRECTORY: an event file with every kind of value, and on standard output "tag step value" for each. For
// tensorboard_peer.py.

#include <cmath>
#include <cstdio>
#include <limits>

#include "actors/event_file.hpp"

int main(int argc, char** argv) {
  using namespace autodidact;
  if (argc != 2) return 64;
  auto file = EventFile::create(argv[1], 1.7e9);
  if (!file.ok()) return 73;
  const float values[] = {0.0f, -1.5f, 1e-30f, 3.0e38f, 0.1f, std::numeric_limits<float>::infinity()};
  const std::int64_t steps[] = {0, 1, 127, 128, 70000, 5'000'000'000};
  for (int i = 0; i < 6; ++i) {
    const Scalar scalars[] = {{"train_base/loss", values[i]}, {"loop/accepted_share", values[5 - i]}};
    file->add(1.7e9 + i, steps[i], scalars);
    for (const Scalar& scalar : scalars)
      std::printf("%s %lld %.9g\n", std::string(scalar.tag).c_str(), static_cast<long long>(steps[i]), double(scalar.value));
    if (!file->flush().ok()) return 74;
  }
  return 0;
}
