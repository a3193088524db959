#include "model/train_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "config/files.hpp"
#include "model/checksum.hpp"
#include "model/config_json.hpp"

namespace autodidact {
namespace {

constexpr char kMagic[8] = {'A', 'D', 'T', 'R', 'A', 'I', 'N', '\n'};
constexpr std::uint64_t kFormat = 2;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 36;

// Header | config.json | what is trained | params | m | v | checksum of all before it.
struct Header {
  char magic[8];
  std::uint64_t format, config_bytes, trains_bytes, floats, seed, step, plan_step, plan_steps, peak_lr_bits;
};
static_assert(sizeof(Header) == 80);

Status bad(const std::string& path, const std::string& what) {
  return {Errc::kBadInput, path + ": " + what + "; move it away to start this round of training again"};
}

bool all_finite(const float* values, std::size_t n) {
  float worst = 0;
  for (std::size_t i = 0; i < n; ++i) worst += values[i] * 0.0f;  // NaN as soon as one is not finite
  return worst == 0.0f;
}

void copy_cursor(const Header& header, TrainState& state) {
  state.seed = header.seed;
  state.cursor = {header.step, header.plan_step, header.plan_steps, std::bit_cast<double>(header.peak_lr_bits)};
}

// The sizes in the header, against the file's; nothing is multiplied before it is bounded.
bool sizes_agree(const Header& header, std::size_t file_bytes) {
  const std::uint64_t body = file_bytes - sizeof header - sizeof(std::uint64_t);
  return header.config_bytes <= body && header.trains_bytes <= body && header.floats <= body / 12 &&
         header.config_bytes + header.trains_bytes + header.floats * 12 == body;
}

// Over a file of exactly this length: no block is allocated and no name changes, so one fdatasync makes it durable. False
// when there is no such file.
Result<bool> overwrite(const std::string& path, const std::string& bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return false;
  struct stat info;
  if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || static_cast<std::size_t>(info.st_size) != bytes.size()) {
    ::close(file);
    return false;
  }
  int error = 0;
  for (std::size_t done = 0; done < bytes.size() && error == 0;) {
    const ssize_t wrote = ::pwrite(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
    if (wrote < 0 && errno != EINTR) error = errno;
  }
  if (error == 0 && ::fdatasync(file) != 0) error = errno;
  ::close(file);
  if (error != 0) return errno_status(error, "write " + path);
  return true;
}

}  // namespace

Status write_train_state(const TrainState& state, const std::string& path, std::string& buffer) {
  const std::string config = write_config_json(state.config);
  Header header{{},
                kFormat,
                config.size(),
                state.trains.size(),
                state.size,
                state.seed,
                state.cursor.step,
                state.cursor.plan_step,
                state.cursor.plan_steps,
                std::bit_cast<std::uint64_t>(state.cursor.peak_lr)};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  const std::size_t floats_bytes = state.size * sizeof(float);
  buffer.resize(sizeof header + config.size() + state.trains.size() + 3 * floats_bytes + sizeof(std::uint64_t));
  char* to = buffer.data();
  const auto put = [&to](const void* from, std::size_t bytes) {
    std::memcpy(to, from, bytes);
    to += bytes;
  };
  put(&header, sizeof header);
  put(config.data(), config.size());
  put(state.trains.data(), state.trains.size());
  put(state.params.get(), floats_bytes);
  put(state.m.get(), floats_bytes);
  put(state.v.get(), floats_bytes);
  const std::uint64_t checksum = checksum64({buffer.data(), buffer.size() - sizeof checksum});
  put(&checksum, sizeof checksum);
  AD_ASSIGN_OR_RETURN(const bool done, overwrite(path, buffer));
  return done ? Status() : write_file_atomic(path, buffer);
}

Result<TrainState> read_train_state(const std::string& path) {
  AD_ASSIGN_OR_RETURN(const std::string file, read_file(path, kMaxBytes));
  Header header;
  std::uint64_t checksum = 0;
  if (file.size() < sizeof header + sizeof checksum) return bad(path, "too short to be a training state");
  std::memcpy(&header, file.data(), sizeof header);
  std::memcpy(&checksum, file.data() + file.size() - sizeof checksum, sizeof checksum);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return bad(path, "not a training state");
  if (header.format != kFormat)
    return bad(path, "written by another version of autodidact (format " + std::to_string(header.format) + ")");
  if (!sizes_agree(header, file.size())) return bad(path, "truncated or damaged: its length does not fit its header");
  if (checksum64({file.data(), file.size() - sizeof checksum}) != checksum)
    return bad(path, "damaged: the checksum does not match");
  const char* from = file.data() + sizeof header;
  const Result<ModelConfig> config = read_config_json({from, header.config_bytes});
  if (!config.ok()) return config.status().with_context(path);
  from += header.config_bytes;
  TrainState state{*config,
                   {},
                   0,
                   std::string(from, header.trains_bytes),
                   header.floats,
                   aligned_floats(header.floats),
                   aligned_floats(header.floats),
                   aligned_floats(header.floats)};
  copy_cursor(header, state);
  from += header.trains_bytes;
  for (const auto& values : {state.params, state.m, state.v}) {
    std::memcpy(values.get(), from, state.size * sizeof(float));
    if (!all_finite(values.get(), state.size)) return bad(path, "holds values that are not finite");
    from += state.size * sizeof(float);
  }
  return state;
}

}  // namespace autodidact
