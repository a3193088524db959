#include "kernels/huge_pages.hpp"

#include <sys/mman.h>

#include <new>

namespace autodidact {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::align_val_t alignment(std::size_t bytes) { return std::align_val_t{bytes >= kHugePage ? kHugePage : 64}; }

}  // namespace

void* allocate_pages(std::size_t bytes) {
  void* memory = ::operator new(bytes, alignment(bytes));
#ifdef MADV_HUGEPAGE
  if (bytes >= kHugePage) ::madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // advice: a refusal changes nothing
#endif
  return memory;
}

void free_pages(void* memory, std::size_t bytes) { ::operator delete(memory, alignment(bytes)); }

}  // namespace autodidact
