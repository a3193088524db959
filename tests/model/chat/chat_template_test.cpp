// Chat templates: conversations, which bytes are a user's, and where a template comes from.

#include "model/chat/chat_template.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "config/files.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

using nlohmann::ordered_json;

const char* const kChatMl =
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] | trim + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

std::shared_ptr<const ChatTemplate> parsed(const std::string& source) { return ChatTemplate::parse(source).value(); }

// The untrusted parts, each in brackets.
std::string marked(const Markup& markup) {
  std::string out;
  std::size_t at = 0;
  for (const ByteRange& range : markup.untrusted) {
    out += markup.text.substr(at, range.begin - at) + "[" + markup.text.substr(range.begin, range.end - range.begin) + "]";
    at = range.end;
  }
  return out + markup.text.substr(at);
}

std::string provenance(const std::string& expression, const std::string& words) {
  return marked(parsed("{% set c = messages[0].content %}{{ " + expression + " }}")->render({{"user", words}}, {}).value());
}

TEST(ChatTemplate, RendersAConversationAndKnowsWhoseWordsAreWhose) {
  ChatOptions options;
  options.add_generation_prompt = true;
  const Markup markup = parsed(kChatMl)->render({{"system", "Be brief."}, {"user", " hi \n"}}, options).value();
  EXPECT_EQ(marked(markup),
            "<|im_start|>system\n[Be brief.]<|im_end|>\n<|im_start|>user\n[hi]<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(marked(parsed(kChatMl)->render({{"<|im_end|>", ""}}, {}).value()), "<|im_start|>[<|im_end|>]\n<|im_end|>\n")
      << "only the roles that everybody knows are ours";
}

TEST(ChatTemplate, ProvenanceSurvivesTheMethodsOfStrings) {
  EXPECT_EQ(provenance("'<' ~ c ~ '>' + c[1:3]", "abcd"), "<[abcd]>[bc]");
  EXPECT_EQ(provenance("('<' ~ c ~ '>')[::-1]", "ab"), ">[ba]<");
  EXPECT_EQ(provenance("('x' ~ c).replace('b', '-')", "abc"), "x[a]-[c]");
  EXPECT_EQ(provenance("'a-b'.replace('-', c)", "!"), "a[!]b");
  EXPECT_EQ(provenance("('x,' ~ c).split(',')|join('|')", "a,b"), "x|[a]|[b]");
  EXPECT_EQ(provenance("c|upper ~ 'x'|upper", "ab"), "[AB]X");
  EXPECT_EQ(provenance("[c, 'x']|tojson", "a\"b"), "[\"[a\\\"b]\", \"x\"]");
  EXPECT_EQ(provenance("{c: 1}", "k"), "{'[k]': 1}");
  EXPECT_EQ(provenance("'%s-%s' % (c, 1)", "a"), "[a]-1");
  EXPECT_EQ(provenance("'a\nb'|indent(c)", ">"), "a\n[>]b");
  EXPECT_EQ(provenance("c|list|first ~ c|reverse", "ab"), "[aba]");
  EXPECT_EQ(provenance("c.title() ~ c|title ~ c|center(3)", "a"), "[AA] [a] ");
}

TEST(ChatTemplate, TakesToolsAndVariables) {
  const auto chat = parsed(
      "{{ tools is none }}{{ enable_thinking }}{% for m in messages %}{{ m.tool_calls[0].function.name }}"
      "{{ m.tool_calls[0].function.arguments|tojson }}{{ m.reasoning_content }}{% endfor %}");
  const auto messages = ordered_json::parse(
      R"([{"role": "assistant", "thinking": "hm", "tool_calls": [{"function": {"name": "f", "arguments": {"z": 1, "a": 2}}}]}])");
  ChatOptions options;
  options.variables = std::make_shared<const ordered_json>(ordered_json{{"enable_thinking", false}});
  EXPECT_EQ(chat->render_json(messages, options)->text, "TrueFalsef{\"z\": 1, \"a\": 2}hm");
  options.variables = std::make_shared<const ordered_json>(ordered_json::array());
  EXPECT_FALSE(chat->render_json(messages, options).ok());
  EXPECT_FALSE(chat->render_json(ordered_json::parse("[1]"), {}).ok());
  EXPECT_FALSE(chat->render_json(ordered_json(1), {}).ok());
  ordered_json deep = "x";
  for (int i = 0; i < 200; ++i) deep = ordered_json::array({deep});
  EXPECT_FALSE(chat->render_json({{{"role", "user"}, {"content", deep}}}, {}).ok());
}

TEST(ChatTemplate, MendsWhatIsNoUtf8) {
  EXPECT_EQ(parsed("\xff{{ messages[0].content|length }}{{ messages[0].content }}")->render({{"user", "\xc3(\xff"}}, {})->text,
            "\xEF\xBF\xBD"
            "3\xEF\xBF\xBD(\xEF\xBF\xBD");
}

TEST(ChatTemplate, ThreadsShareOne) {
  const auto chat = parsed(kChatMl);
  std::vector<std::thread> threads;
  std::vector<std::string> texts(4);
  for (std::string& text : texts) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) text = chat->render({{"user", "hi"}}, {})->text;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n");
}

class LoadChatTemplate : public ::testing::Test {
 protected:
  void write(const char* name, const std::string& text) { ASSERT_TRUE(write_file_atomic(directory_.path(name), text).ok()); }
  auto load() const { return load_chat_template(directory_.path("")); }
  std::string text() const { return load().value()->render({{"user", "hi"}}, {})->text; }
  void expect_refused(const std::string& part) const {
    const auto loaded = load();
    ASSERT_FALSE(loaded.ok());
    EXPECT_NE(loaded.status().message().find(part), std::string::npos) << loaded.status().message();
  }
  TempDirectory directory_;
};

TEST_F(LoadChatTemplate, HasNoneWithoutAFile) {
  EXPECT_EQ(load().value(), nullptr);
  write("tokenizer_config.json", R"({"eos_token": "</s>", "chat_template": null})");
  EXPECT_EQ(load().value(), nullptr);
}

TEST_F(LoadChatTemplate, ReadsItFromTheTokenizersConfiguration) {
  write("tokenizer_config.json",
        R"({"bos_token": {"content": "<s>"}, "eos_token": "</s>", "chat_template": "{{ bos_token }}a{{ eos_token }}"})");
  EXPECT_EQ(text(), "<s>a</s>");
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d{{ bos_token }}"}]})");
  EXPECT_EQ(text(), "d");
}

TEST_F(LoadChatTemplate, PrefersTheFileOfItsOwn) {
  write("tokenizer_config.json", R"({"bos_token": "<s>", "chat_template": "a"})");
  write("chat_template.jinja", "{{ bos_token }}b");
  EXPECT_EQ(text(), "<s>b");
}

TEST_F(LoadChatTemplate, ErrorsNameFileAndLine) {
  write("tokenizer_config.json", R"({"chat_template": "a\n{{ 1 + }}"})");
  expect_refused("tokenizer_config.json: chat_template: line 2: ");
  write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "t"}]})");
  expect_refused("tokenizer_config.json");
  write("tokenizer_config.json", R"({"chat_template": 1})");
  expect_refused("tokenizer_config.json");
  write("tokenizer_config.json", "{");
  expect_refused("tokenizer_config.json");
  write("tokenizer_config.json", "[]");
  expect_refused("tokenizer_config.json");
  write("tokenizer_config.json", "{}");
  write("chat_template.jinja", "\n\n{% if %}");
  expect_refused("chat_template.jinja: line 3: ");
}

}  // namespace
}  // namespace autodidact
