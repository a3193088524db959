#include "config/rules.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "config/task_rules.hpp"

namespace autodidact {
namespace {

using Problems = std::vector<RuleProblem>;

std::string str(std::int64_t value) { return std::to_string(value); }
std::string brief(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}
void error(Problems& p, std::string key, std::string message) { p.push_back({std::move(key), std::move(message), true}); }
void warn(Problems& p, std::string key, std::string message) { p.push_back({std::move(key), std::move(message), false}); }

void check_shape(Problems& p, const ModelOptions& model) {
  if (!model.checkpoint.empty()) return;  // then the shape is the checkpoint's
  if (model.d_model % model.heads != 0) {
    error(p, "model.heads", "model.d_model = " + str(model.d_model) + " is no multiple of " + str(model.heads) + " heads");
  } else if (model.position == "rope" && model.d_model / model.heads % 2 != 0) {
    error(p, "model.heads",
          "rope needs an even width per head; model.d_model / model.heads = " + str(model.d_model / model.heads) + " is odd");
  }
  if (model.heads % model.kv_heads != 0) {
    error(p, "model.kv_heads", str(model.kv_heads) + " does not divide model.heads = " + str(model.heads));
  }
}

void check_lengths(Problems& p, const Options& o) {
  if (!o.model.checkpoint.empty()) return;
  const std::int64_t prompt = least_prompt(o.task);
  const std::int64_t needed = prompt + o.sample.max_tokens;
  if (needed > o.model.max_positions) {
    error(p, "sample.max_tokens",
          str(o.sample.max_tokens) + " tokens after a prompt of " + str(prompt) +
              " or more do not fit model.max_positions = " + str(o.model.max_positions) + "; at most " +
              str(std::max<std::int64_t>(o.model.max_positions - prompt, 0)) + " can");
  } else if (needed + o.model.random_offset > o.model.max_positions) {
    error(p, "model.random_offset",
          "a start at " + str(o.model.random_offset) + " leaves " +
              str(std::max<std::int64_t>(o.model.max_positions - o.model.random_offset, 0)) +
              " of model.max_positions for a sequence of up to " + str(needed));
  }
  if (o.method.revisions > 0 && 2 * needed > o.model.max_positions) {
    error(p, "method.revisions",
          "a revision is a question, an attempt, the question again and another attempt, up to " + str(2 * needed) +
              " tokens; model.max_positions = " + str(o.model.max_positions) + " has no room for one");
  }
}

void check_loop(Problems& p, const Options& o) {
  if (o.deterministic && o.loop.schedule != "iterations") {
    error(p, "deterministic", "needs loop.schedule = \"iterations\": overlapping sampling and training depends on timing");
  }
  if (o.exit_when_done && o.loop.rounds == 0 && o.loop.stop_at_accuracy > 1) {
    warn(p, "exit_when_done", "never done: loop.rounds = 0 and loop.stop_at_accuracy is above 1");
  }
  const std::int64_t slots = o.sample.generators * o.sample.batch;
  if (o.loop.max_in_flight < slots / o.sample.samples_per_problem) {
    warn(p, "loop.max_in_flight",
         str(o.loop.max_in_flight) + " items cannot fill sample.generators x sample.batch = " + str(slots) + " sequences");
  }
  if (o.sample.temperature == 0 && o.sample.samples_per_problem > 1) {
    warn(p, "sample.samples_per_problem", "greedy sampling draws the same attempt every time; set sample.temperature above 0");
  }
  if (o.task.name == "addition" && o.method.rationalize && o.method.check == "answer") {
    warn(p, "method.check",
         "\"answer\" lets through rationalizations that copy the hint; use \"process\" unless that is the experiment");
  }
}

// As in Reverb: too narrow a band, or one that sampling can leave before training may start, stops both sides for good.
void check_limiter(Problems& p, const ReplayOptions& r) {
  const double spi = r.samples_per_insert;
  const double least = 2 * std::max(1.0, spi);
  if (r.max_diff - r.min_diff < least) {
    error(p, "replay.max_diff",
          "the band from replay.min_diff to replay.max_diff must be at least " + brief(least) +
              " wide (2 x max(1, replay.samples_per_insert)), is " + brief(r.max_diff - r.min_diff));
  }
  const double at_start = spi * static_cast<double>(r.min_size);
  if (r.min_diff > at_start) {
    error(p, "replay.min_diff",
          brief(r.min_diff) + " is above samples_per_insert x min_size = " + brief(at_start) +
              ": training could not start when replay.min_size is reached");
  }
  if (r.max_diff < at_start) {
    warn(p, "replay.max_diff",
         brief(r.max_diff) + " is below samples_per_insert x min_size = " + brief(at_start) +
             ": sampling stops before training may start, for good");
  }
  if (r.retain_attempts > 0 && r.retain_attempts < r.window_size && r.selector == "window") {
    warn(p, "replay.retain_attempts", "fewer than replay.window_size = " + str(r.window_size) + ": the window is never full");
  }
}

void check_lora(Problems& p, const Options& o) {
  if (o.train.lora_rank > 0 && o.model.checkpoint.empty()) {
    warn(p, "train.lora_rank",
         "adapters beside random weights that are never trained learn little; name a model.checkpoint to start from");
  }
}

bool valid_loopback(std::string_view listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view host = listen.substr(0, colon), port = listen.substr(colon + 1);
  int number = -1;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (failure != std::errc() || end != port.data() + port.size() || number < 0 || number > 65535) return false;
  if (host == "[::1]") return true;
  int octets[4] = {-1, -1, -1, -1};
  const char* at = host.data();
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at == host.data() + host.size() || *at++ != '.')) return false;
    const auto [next, bad] = std::from_chars(at, host.data() + host.size(), octets[i]);
    if (bad != std::errc() || octets[i] < 0 || octets[i] > 255) return false;
    at = next;
  }
  return at == host.data() + host.size() && octets[0] == 127;
}

void check_host(Problems& p, const Options& o) {
  if (o.data_dir.empty()) error(p, "data_dir", "is empty; name the directory where the run shall live");
  if (o.store.hard_free_mb > o.store.soft_free_mb) {
    error(p, "store.hard_free_mb",
          str(o.store.hard_free_mb) + " is more than store.soft_free_mb = " + str(o.store.soft_free_mb) +
              ": granting work must stop before writing does");
  }
  if (!o.gateway.listen.empty() && !valid_loopback(o.gateway.listen)) {
    error(
        p, "gateway.listen",
        "expected a loopback address and port such as 127.0.0.1:9464 or [::1]:0, or nothing, got \"" + o.gateway.listen + "\"");
  }
  constexpr std::size_t kSocketPathMax = 107;  // sockaddr_un::sun_path less its NUL
  const bool own = !o.gateway.admin_socket.empty();
  const std::string socket = own ? o.gateway.admin_socket : o.data_dir + "/admin.sock";
  if (socket.size() > kSocketPathMax) {
    error(p, own ? "gateway.admin_socket" : "data_dir",
          "the admin socket's path has " + std::to_string(socket.size()) +
              " bytes, Unix sockets allow 107; set a shorter gateway.admin_socket");
  }
}

}  // namespace

std::vector<RuleProblem> check_rules(const Options& options) {
  Problems problems;
  check_task_rules(problems, options);
  check_shape(problems, options.model);
  check_lengths(problems, options);
  check_loop(problems, options);
  check_limiter(problems, options.replay);
  check_lora(problems, options);
  check_host(problems, options);
  return problems;
}

}  // namespace autodidact
