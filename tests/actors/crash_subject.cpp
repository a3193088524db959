#include "tests/actors/crash_subject.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/files.hpp"
#include "gateway/client.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
constexpr int kPatienceMs = 500;

}  // namespace

const char* const kSubjectConfig = R"(
config_version = 1
seed = 7
[task]
name = "addition"
max_digits = 3
seed_examples = [6, 6, 6]
hinted_seed_examples = [0, 0, 2]
held_out_per_digit = 10
[model]
d_model = 16
layers = 1
heads = 2
kv_heads = 2
ffn = 16
max_positions = 64
[loop]
rounds = 1000000
problems_per_round = 150
max_in_flight = 48
[sample]
batch = 8
temperature = 1.0
max_tokens = 40
[verify]
window = 16
[train]
threads = 1
batch_sequences = 8
seed_steps = 10
steps_first_round = 12
steps_growth = 1.0
publish_every_steps = 6
[eval]
gate = false
[replay]
min_size = 16
[gateway]
listen = ""
[log]
level = "info"
)";

CrashSubject::CrashSubject(std::string binary, std::string directory)
    : binary_(std::move(binary)),
      directory_(std::move(directory)),
      config_(directory_ + "/config.toml"),
      data_dir_(directory_ + "/data") {
  AD_REQUIRE(make_directories(directory_).ok(), "cannot make " + directory_);
}

CrashSubject::~CrashSubject() {
  if (running()) kill9();
}

void CrashSubject::write_config(const std::string& toml) const {
  const Status written = write_file_atomic(config_, "data_dir = \"" + data_dir_ + "\"\n" + toml);
  AD_REQUIRE(written.ok(), written.message());
}

void CrashSubject::start(const std::vector<std::string>& overrides) {
  std::vector<std::string> words{binary_, "-c", config_};
  for (const auto& one : overrides) words.insert(words.end(), {"--set", one});
  std::vector<char*> argv, envp;
  for (auto& word : words) argv.push_back(word.data());
  for (auto& word : environment_) envp.push_back(word.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const std::string log = log_path();
  pid_ = ::fork();
  AD_REQUIRE(pid_ >= 0, "fork");
  if (pid_ > 0) return;
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(fd, STDERR_FILENO);
  ::dup2(fd, STDOUT_FILENO);
  ::execve(binary_.c_str(), argv.data(), envp.data());
  ::_exit(127);
}

bool CrashSubject::reap(bool block) {
  if (pid_ < 0) return true;
  if (::waitpid(pid_, &status_, block ? 0 : WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

bool CrashSubject::running() { return !reap(false); }

void CrashSubject::kill9() {
  ::kill(pid_, SIGKILL);
  reap(true);
}

void CrashSubject::terminate() const { ::kill(pid_, SIGTERM); }
void CrashSubject::hang_up() const { ::kill(pid_, SIGHUP); }

std::optional<int> CrashSubject::wait(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!reap(false)) {
    if (std::chrono::steady_clock::now() > deadline) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

bool CrashSubject::observe(Acknowledged& seen, bool rows) {
  auto client = AdminClient::connect(data_dir_ + "/admin.sock");
  if (!client.ok()) return false;
  const auto text = client->call("GET", "/admin/status", "", kPatienceMs);
  if (!text.ok()) return false;
  const json status = json::parse(*text);
  if (!status.contains("store")) return false;  // the first picture is not drawn yet
  seen.step = std::max(seen.step, status["step"].get<std::uint64_t>());
  seen.attempts = std::max(seen.attempts, status["store"]["attempts"].get<std::uint64_t>());
  seen.items = std::max(seen.items, status["store"]["items"].get<std::uint64_t>());
  seen.consumed = std::max(seen.consumed, status["store"]["consumed"].get<std::uint64_t>());
  ++seen.polls;
  if (!rows) return true;
  const Status listed =
      client->stream("/admin/replay", R"({"command":"ls","limit":200})", kPatienceMs, [&](std::string_view line) {
        const json row = json::parse(line, nullptr, false);
        if (row.is_object() && row.value("type", "") == "attempt") {
          seen.rows[row["id"].get<AttemptId>()] = {row["length"].get<std::uint32_t>(), row["outcome"].get<std::string>()};
        }
        return true;
      });
  return listed.ok();
}

}  // namespace autodidact
