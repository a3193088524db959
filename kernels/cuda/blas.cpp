#include "kernels/cuda/blas.hpp"

#include <dlfcn.h>
#include <library_types.h>

#include <cstdlib>
#include <string>

#include "kernels/cuda/device.hpp"

namespace autodidact::cuda {
namespace {

// The part of cublas_v2.h that is used; these names and numbers are its ABI since CUDA 11.
using Context = struct cublasContext*;
constexpr int kSuccess = 0, kPlain = 0, kTransposed = 1, kCompute32F = 68, kDefaultAlgorithm = -1;

struct Library {
  int (*create)(Context*);
  int (*destroy)(Context);
  int (*set_stream)(Context, cudaStream_t);
  int (*set_workspace)(Context, void*, std::size_t);
  int (*gemm)(Context, int, int, int, int, int, const void*, const void*, cudaDataType, int, const void*, cudaDataType, int,
              const void*, void*, cudaDataType, int, int, int);
};

// libtorch's own copy is in the process already when it is a CUDA build; AD_CUBLAS names another.
void* open_library() {
  const char* asked = std::getenv("AD_CUBLAS");
  for (const char* name : {asked, "libcublas.so.13", "libcublas.so.12", "libcublas.so"})
    if (name != nullptr)
      if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL); library != nullptr) return library;
  return nullptr;
}

Result<Library> load() {
  void* const library = open_library();
  if (library == nullptr)
    return {Errc::kUnavailable,
            "cuBLAS was not found (" + std::string(dlerror()) + "): install it, or name its file in AD_CUBLAS"};
  Library found{};
  const auto find = [&](auto& to, const char* name) {
    to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(dlsym(library, name));
    return to != nullptr;
  };
  if (find(found.create, "cublasCreate_v2") && find(found.destroy, "cublasDestroy_v2") &&
      find(found.set_stream, "cublasSetStream_v2") && find(found.set_workspace, "cublasSetWorkspace_v2") &&
      find(found.gemm, "cublasGemmEx"))
    return found;
  return {Errc::kUnavailable, "cuBLAS lacks a function that is needed: version 11 or later is"};
}

Status blas_checked(int status, const char* what) {
  if (status == kSuccess) return {};
  return {Errc::kUnavailable, std::string(what) + " failed with cuBLAS status " + std::to_string(status)};
}

}  // namespace

struct Blas::Handle {
  Library library;
  Context context = nullptr;
  Memory<char> workspace;  // of a fixed size, so that recorded graphs may keep it
  ~Handle() {
    if (context != nullptr) library.destroy(context);
  }
};

Blas::Blas(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Blas::~Blas() = default;
Blas::Blas(Blas&&) noexcept = default;
Blas& Blas::operator=(Blas&&) noexcept = default;

Result<Blas> Blas::create(cudaStream_t stream) {
  constexpr std::size_t kWorkspace = std::size_t{32} << 20;  // what cuBLAS asks for on sm_90
  static const Result<Library> library = load();
  if (!library.ok()) return library.status();
  auto handle = std::make_unique<Handle>();
  handle->library = library.value();
  AD_RETURN_IF_ERROR(blas_checked(handle->library.create(&handle->context), "cublasCreate"));
  AD_ASSIGN_OR_RETURN(handle->workspace, Memory<char>::allocate(kWorkspace));
  AD_RETURN_IF_ERROR(blas_checked(handle->library.set_stream(handle->context, stream), "cublasSetStream"));
  AD_RETURN_IF_ERROR(
      blas_checked(handle->library.set_workspace(handle->context, handle->workspace.data(), kWorkspace), "cublasSetWorkspace"));
  return Blas(std::move(handle));
}

// Column by column, as cuBLAS reads memory, y^T [out, rows] = W x^T.
Status Blas::linear(const std::uint16_t* x, const std::uint16_t* weight, std::int64_t rows, std::int64_t in, std::int64_t out,
                    float* y, bool add) const {
  const float one = 1, beta = add ? 1.0f : 0.0f;
  const int m = static_cast<int>(out), n = static_cast<int>(rows), k = static_cast<int>(in);
  return blas_checked(handle_->library.gemm(handle_->context, kTransposed, kPlain, m, n, k, &one, weight, CUDA_R_16BF, k, x,
                                            CUDA_R_16BF, k, &beta, y, CUDA_R_32F, m, kCompute32F, kDefaultAlgorithm),
                      "cublasGemmEx");
}

}  // namespace autodidact::cuda
