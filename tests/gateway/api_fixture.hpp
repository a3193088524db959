#pragma once
// A gateway that answers under /v1 by a FakeAnswers.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/gateway/fake_answers.hpp"
#include "tests/gateway/gateway_fixture.hpp"

namespace autodidact {

class ApiTest : public GatewayTest {
 protected:
  void SetUp() override {
    GatewayTest::SetUp();
    settings_.answers = &answers_;
    settings_.api.answer_ms = [this] { return answer_ms_.load(); };
    settings_.health_limits.body_bytes = 1 << 20;
  }
  void TearDown() override {
    GatewayTest::TearDown();
    held_.clear();
  }

  // The fake keeps requests for release().
  void hold_answers() {
    answers_.on_answer = [this](FakeAnswers::Asked& asked) {
      const std::lock_guard lock(held_mutex_);
      held_.push_back(std::move(asked));
      held_changed_.notify_all();
    };
  }
  // The i-th request held, waited for.
  FakeAnswers::Asked& held(std::size_t i) {
    std::unique_lock lock(held_mutex_);
    const bool came = held_changed_.wait_for(lock, std::chrono::seconds(10), [&] { return held_.size() > i; });
    if (!came) throw std::runtime_error("the backend was not asked");
    return held_[i];
  }

  static std::string chat_body(nlohmann::json extra = nlohmann::json::object()) {
    nlohmann::json body = {{"model", "autodidact"}, {"messages", {{{"role", "user"}, {"content", "2+2"}}}}};
    body.update(extra);
    return body.dump();
  }
  static std::string completion_body(nlohmann::json extra = nlohmann::json::object()) {
    nlohmann::json body = {{"model", "autodidact"}, {"prompt", "2+2="}};
    body.update(extra);
    return body.dump();
  }
  static std::string chat(const nlohmann::json& extra = nlohmann::json::object()) {
    return post("/v1/chat/completions", chat_body(extra));
  }
  static std::string completion(const nlohmann::json& extra = nlohmann::json::object()) {
    return post("/v1/completions", completion_body(extra));
  }

  static nlohmann::json json_of(const std::string& reply) { return nlohmann::json::parse(body_of(reply), nullptr, false); }
  // The error object, if it has all that OpenAI's has. Its status and code are looked up in docs/serving.md.
  static nlohmann::json error_of(const std::string& reply) {
    const nlohmann::json body = json_of(reply);
    if (!body.is_object() || !body.contains("error")) return nlohmann::json();
    for (const char* name : {"message", "type", "param", "code"}) EXPECT_TRUE(body["error"].contains(name)) << reply;
    expect_documented(status_of(reply), body["error"]["code"]);
    return body["error"];
  }
  static void expect_documented(int status, const nlohmann::json& code) {
    static const std::string text = [] {
      const char* root = std::getenv("AD_SOURCE_DIR");
      EXPECT_NE(root, nullptr) << "run by ctest, or set AD_SOURCE_DIR";
      std::ifstream file(std::string(root == nullptr ? "." : root) + "/docs/serving.md");
      return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    const std::string name = "`" + (code.is_string() ? code.get<std::string>() : "null") + "`";
    bool found = false;
    for (auto row = text.find("\n| " + std::to_string(status)); row != std::string::npos && !found;
         row = text.find("\n| " + std::to_string(status), row + 1)) {
      found = text.substr(row, text.find('\n', row + 1) - row).find(name) != std::string::npos;
    }
    EXPECT_TRUE(found) << "docs/serving.md says nothing of " << status << " " << name;
  }
  // The data of the events in a chunked reply, without the chunks.
  static std::vector<std::string> events_of(const std::string& reply) {
    std::string bytes = body_of(reply), whole;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::strtoul(bytes.c_str() + at, nullptr, 16);
      at = bytes.find("\r\n", at);
      if (size == 0 || at == std::string::npos) break;
      whole += bytes.substr(at + 2, size);
      at += 2 + size + 2;
    }
    std::vector<std::string> events;
    for (auto end = whole.find("\n\n"); end != std::string::npos; end = whole.find("\n\n")) {
      EXPECT_EQ(whole.rfind("data: ", 0), 0u) << whole;
      events.push_back(whole.substr(6, end - 6));
      whole.erase(0, end + 2);
    }
    EXPECT_EQ(whole, "");
    return events;
  }
  // All of a streamed reply, whose connection stays open behind it.
  static std::string stream_reply(RawConnection& connection) { return connection.until("0\r\n\r\n"); }

  FakeAnswers answers_;
  std::atomic<int> answer_ms_{30'000};

 private:
  std::mutex held_mutex_;
  std::condition_variable held_changed_;
  std::deque<FakeAnswers::Asked> held_;
};

}  // namespace autodidact
