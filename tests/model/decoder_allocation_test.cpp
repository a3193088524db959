// In the steady state, between joins and leaves, a step allocates nothing. This program counts every operator new.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "model/decoder.hpp"
#include "tests/model/model_fixtures.hpp"

namespace {
std::atomic<long> allocations{0};
void* counted(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

namespace autodidact {
namespace {

TEST(DecoderAllocation, ARunningStepAllocatesNothing) {
  ModelConfig config = testing::config_of({"Allocation"});
  config.eos_token_id = config.pad_token_id = -1;  // nobody leaves early
  auto decoder = std::move(make_cpu_decoder({8}).value());
  ASSERT_TRUE(decoder->set_weights(testing::random_weights(config)).ok());
  for (std::uint64_t tag = 0; tag < 8; ++tag) {
    DecodeRequest request{tag, testing::random_tokens(config, 10, tag), {}, tag};
    request.sampler.max_tokens = 60;
    request.sampler.top_p = tag % 2 == 0 ? 1.0f : 0.9f;
    decoder->submit(std::move(request));
  }
  std::vector<DecodeResult> finished;
  finished.reserve(8);
  decoder->step(finished);
  const long before = allocations;
  for (int i = 0; i < 50; ++i) decoder->step(finished);
  EXPECT_EQ(allocations - before, 0);
  EXPECT_TRUE(finished.empty());
}

}  // namespace
}  // namespace autodidact
