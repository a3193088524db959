#include "storage/draw_random.hpp"
#include "storage/ordered_keys.hpp"
#include "storage/selector.hpp"

namespace autodidact {
namespace {

class UniformSelector : public Selector {
 public:
  void insert(AttemptId key, float) override { keys_.insert(key); }
  void remove(AttemptId key) override { keys_.remove(key); }
  std::size_t size() const override { return keys_.size(); }

  std::vector<AttemptId> sample(std::size_t count, std::uint64_t seed, AttemptId) override {
    std::vector<AttemptId> drawn;
    if (keys_.size() == 0) return drawn;
    drawn.reserve(count);
    DrawRandom random(seed);
    while (drawn.size() < count) {  // whole passes over the keys, then the rest
      const std::size_t wanted = std::min(count - drawn.size(), keys_.size());
      for (std::size_t position : distinct_positions(keys_.size(), wanted, random)) drawn.push_back(keys_[position]);
    }
    return drawn;
  }

 private:
  OrderedKeys keys_;
};

}  // namespace

std::unique_ptr<Selector> make_uniform_selector() { return std::make_unique<UniformSelector>(); }

}  // namespace autodidact
