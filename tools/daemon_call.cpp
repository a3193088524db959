#include "tools/daemon_call.hpp"

#include "tools/offline.hpp"

namespace autodidact {

namespace {

constexpr int kSlackMs = 3000;  // beyond the daemon's own deadline, so that its reason arrives

Result<std::string> call(AdminClient& client, const std::string& method, const std::string& target, const Json& params,
                         int timeout_s) {
  const int deadline_ms = timeout_s * 1000;
  const char* joint = target.find('?') == std::string::npos ? "?" : "&";
  const std::string body = params.empty() ? "" : params.dump(-1, ' ', false, Json::error_handler_t::replace);
  return client.call(method, target + joint + "deadline_ms=" + std::to_string(deadline_ms), body, deadline_ms + kSlackMs);
}

}  // namespace

Result<AdminClient> connect_daemon(const Globals& globals) {
  AD_ASSIGN_OR_RETURN(const Place place, find_place(globals));
  if (place.socket.empty()) return Status(Errc::kUsage, place.data_dir + " is a bare store: no daemon runs on it");
  return AdminClient::connect(place.socket);
}

Result<std::string> call_daemon(const Globals& globals, const std::string& method, const std::string& target,
                                const Json& params, int timeout_s) {
  AD_ASSIGN_OR_RETURN(AdminClient client, connect_daemon(globals));
  return call(client, method, target, params, timeout_s);
}

Result<DaemonAnswer> ask_daemon_or_offline(const Globals& globals, const std::string& target, const Json& params, int timeout_s,
                                           const std::vector<std::string>& offline_words) {
  auto client = connect_daemon(globals);
  const bool nobody =
      !client.ok() && (client.status().code() == Errc::kUnavailable || client.status().code() == Errc::kNotFound);
  if (!nobody) {
    if (!client.ok()) return client.status();
    AD_ASSIGN_OR_RETURN(std::string json, call(*client, "POST", target, params, timeout_s));
    return DaemonAnswer{0, std::move(json)};
  }
  if (globals.config.empty()) {
    return client.status().with_context("this needs a running daemon, or -c FILE to work without one");
  }
  remark(globals, client.status().message() + "; asking autodidactd");
  std::vector<std::string> words = {"-c", globals.config};
  if (!globals.data_dir.empty()) words.insert(words.end(), {"--set", "data_dir=\"" + globals.data_dir + "\""});
  words.insert(words.end(), offline_words.begin(), offline_words.end());
  AD_ASSIGN_OR_RETURN(OfflineAnswer answer, run_autodidactd(words));
  return DaemonAnswer{answer.exit_status, std::move(answer.output)};
}

Result<int> show_answer(const Result<std::string>& answer, Output& output) {
  if (!answer.ok()) return answer.status();
  if (output.json()) {
    output.json_line(*answer);
    return 0;
  }
  const Json json = Json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  const bool plain_ok = json.is_object() && json.size() == 1 && json.value("ok", Json()) == true;
  output.text(plain_ok ? "ok\n" : view_json(json, output.style()));
  return 0;
}

}  // namespace autodidact
