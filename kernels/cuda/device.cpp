#include "kernels/cuda/device.hpp"

namespace autodidact::cuda {

Status use_device(int device) {
  int count = 0;
  AD_RETURN_IF_ERROR(checked(cudaGetDeviceCount(&count), "looking for a GPU"));
  if (device < 0 || device >= count)
    return {Errc::kUnavailable, "GPU " + std::to_string(device) + " is not there: this machine has " + std::to_string(count)};
  return checked(cudaSetDevice(device), "cudaSetDevice");
}

Result<Stream> Stream::create() {
  cudaStream_t raw = nullptr;
  AD_RETURN_IF_ERROR(checked(cudaStreamCreateWithFlags(&raw, cudaStreamNonBlocking), "cudaStreamCreate"));
  Stream stream;
  stream.stream_.reset(raw);
  return stream;
}

// Other threads of the process may use the device meanwhile: only this thread's calls are recorded.
Result<Graph> Graph::record(const Stream& stream, const std::function<Status()>& launches) {
  AD_RETURN_IF_ERROR(checked(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture"));
  const Status launched = launches();
  cudaGraph_t recorded = nullptr;
  const Status ended = checked(cudaStreamEndCapture(stream.get(), &recorded), "cudaStreamEndCapture");
  if (!launched.ok() || !ended.ok()) {
    if (recorded != nullptr) cudaGraphDestroy(recorded);
    return launched.ok() ? ended : launched;
  }
  cudaGraphExec_t raw = nullptr;
  const Status made = checked(cudaGraphInstantiate(&raw, recorded, 0), "cudaGraphInstantiate");
  cudaGraphDestroy(recorded);
  AD_RETURN_IF_ERROR(made);
  Graph graph;
  graph.graph_.reset(raw);
  return graph;
}

}  // namespace autodidact::cuda
