// The template language: values, statements, white space, errors and limits. Against jinja2 itself: hf_chat_templates.py.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/chat/chat_template.hpp"

namespace autodidact {
namespace {

using nlohmann::ordered_json;

const char* const kVariables = R"({"l": [3, 1, 2], "d": {"b": 1, "a": [1.5, null, true]}, "s": "Grüne 漢字", "n": 7})";

Result<Markup> render(const std::string& source, jinja::Limits limits = {}) {
  const auto chat = ChatTemplate::parse(source);
  if (!chat.ok()) return chat.status();
  ChatOptions options;
  options.limits = limits;
  options.now = 86'400 * 365;
  options.variables = std::make_shared<const ordered_json>(ordered_json::parse(kVariables));
  return (*chat)->render_json(ordered_json::array(), options);
}

void expect(const std::string& source, const std::string& text) {
  const auto out = render(source);
  EXPECT_EQ(out.ok() ? out->text : out.status().message(), text) << source;
}

void expect_error(const std::string& source, const std::string& part, jinja::Limits limits = {}) {
  const auto out = render(source, limits);
  ASSERT_FALSE(out.ok()) << source.substr(0, 200) << " gives " << out->text.substr(0, 200);
  EXPECT_EQ(out.status().code(), Errc::kBadInput);
  EXPECT_NE(out.status().message().find(part), std::string::npos) << out.status().message();
}

std::string times(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Jinja, OperatorsHavePythonsPrecedence) {
  expect("{{ 1 + 2 * 3 }} {{ 2 ** 3 ** 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 1 ~ 2 * 3 }}", "7 64 -4 2 3.5 16");
  expect("{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ not n == 7 }} {{ 0 or 'a' }} {{ 0 and 1/0 }}", "True False False a 0");
  expect("{{ 1 in l }} {{ 9 not in l }} {{ 'b' in d }} {{ n is not none }} {{ 1 if n else 2 }}", "True True True True 1");
  expect("{{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e-5 }} {{ 100.0 }}", "0.30000000000000004 1e+16 1e-05 100.0");
}

TEST(Jinja, StringsAreCodePoints) {
  expect("{{ s|length }} {{ s[6] }} {{ s[::-1] }} {{ s[-2:] }} {{ s.find('字') }}", "8 漢 字漢 enürG 漢字 7");
  expect(R"({{ 'a\n\x41\u00e9\U0001F600' }}|{{ 'a' 'b' }})", "a\nAé😀|ab");
  expect("{{ s.upper() }} {{ ' a '.strip() }} {{ 'a,b,c'.split(',', 1) }} {{ s.replace('ü', 'u') }}",
         "GRÜNE 漢字 a ['a', 'b,c'] Grune 漢字");
}

TEST(Jinja, ScopesAreJinjas) {
  expect("{% set a = 1 %}{% for i in l %}{% set a = i %}{% endfor %}{{ a }}", "1");
  expect("{% if n %}{% set a = 5 %}{% endif %}{{ a }}", "5");
  expect("{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "6");
  expect("{% macro m(a, b=2) %}{{ a }}{{ b }}{{ y }}{% endmacro %}{% set y = 3 %}{{ m(1) }}", "123");
  expect("{% set a, b = 1, 2 %}{% set c %}x{{ b }}{% endset %}{{ a ~ c }}", "1x2");
}

TEST(Jinja, LoopsKnowWhereTheyAre) {
  expect("{% for i in l if i != 1 %}{{ loop.index }}{{ i }}{{ loop.last }}{{ loop.length }} {% endfor %}", "13False2 22True2 ");
  expect("{% for i in [] %}{% else %}none{% endfor %}", "none");
  expect("{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}",
         "32");
  expect("{% for k, v in d.items() %}{{ k }}{{ loop.previtem is defined }}{% endfor %}", "bFalseaTrue");
}

TEST(Jinja, WhiteSpaceAroundTagsGoes) {
  expect("a\n  {% if 1 %}  \nb\n  {% endif %}\nc\n", "a\n  \nb\nc");
  expect("a {{- 1 -}} b\n{#- c -#}\n d", "a1bd");
  expect("a\n  {%+ if 1 +%}\nb{% endif %}", "a\n  \nb");
  expect("{% raw %}{{ x }}{% endraw %}", "{{ x }}");
}

TEST(Jinja, JsonIsPythons) {
  expect("{{ d|tojson }}", R"({"b": 1, "a": [1.5, null, true]})");
  expect("{{ d|tojson(indent=2) }}", "{\n  \"b\": 1,\n  \"a\": [\n    1.5,\n    null,\n    true\n  ]\n}");
  expect("{{ s|tojson }} {{ s|tojson(ensure_ascii=true) }}", R"("Grüne 漢字" "Gr\u00fcne \u6f22\u5b57")");
  expect("{{ d }} {{ (1,) }} {{ 'it\\'s' }} {{ [\"it's\"] }}", "{'b': 1, 'a': [1.5, None, True]} (1,) it's [\"it's\"]");
}

TEST(Jinja, UndefinedPrintsNothingAndHasNoAttributes) {
  expect("{{ x }}|{{ x is defined }}|{{ x|default('d') }}|{{ d.zz }}|{{ l[9] }}|{{ x|length }}", "|False|d|||0");
  expect_error("a\n\n{{ x.y }}", "line 3: 'x' is undefined");
  expect_error("{{ x + 1 }}", "'x' is undefined");
  expect_error("{{ x() }}", "'x' is undefined");
}

TEST(Jinja, FunctionsAndTimes) {
  expect("{{ range(3)|list }}{{ dict(a=1) }}{{ strftime_now('%d %B %Y') }}", "[0, 1, 2]{'a': 1}01 January 1971");
  expect_error("\n{{ raise_exception('bad turn') }}", "line 2: the template refuses: bad turn");
  expect("{{ d.pop is defined }}{{ l.append is defined }}{{ s.__class__ is defined }}", "FalseFalseFalse");
}

TEST(Jinja, SyntaxErrorsNameTheLine) {
  for (const char* source : {"\n{{ 1 + }}", "\n{% if 1 %}", "\n{% nosuch %}", "\n{{ 'abc }}", "\n{{ 1 ", "\n{# c ",
                             "\n{{ (1] }}", "\n{% set 1 = 2 %}", "\n{{ 1|nosuch }}", "\n{% for i in l recursive %}{% endfor %}",
                             "\n{{ 99999999999999999999 }}", "\n{% break %}", "\n{% include 'x' %}", "\n{{ \xc3\xa9 }}"}) {
    expect_error(source, "line 2: ");
  }
}

TEST(Jinja, DepthIsBounded) {
  expect_error("{{ " + times("(", 5000) + "1" + times(")", 5000) + " }}", "nested deeper");
  expect_error("{{ " + times("[", 5000) + times("]", 5000) + " }}", "nested deeper");
  expect_error("{{ " + times("-", 5000) + "1 }}", "nested deeper");
  expect_error("{{ " + times("not ", 5000) + "1 }}", "nested deeper");
  expect_error("{{ 1" + times(" if 1 else 1", 5000) + " }}", "nested deeper");
  expect_error("{{ 1" + times(" + 1", 5000) + " }}", "levels");
  expect_error("{{ x" + times(".a", 5000) + " }}", "levels");
  expect_error("{{ x" + times("|list", 5000) + " }}", "levels");
  expect_error(times("{% if 1 %}", 5000), "nested deeper");
  expect_error("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "evaluation nests deeper");
  expect_error("{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}",
               "values nest deeper");
  expect(times("{% if 1 %}", 50) + "a" + times("{% endif %}", 50), "a");
}

TEST(Jinja, StepsMemoryAndOutputAreBounded) {
  const std::string nested = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
  expect_error(nested, "more than 1000 steps", {1000, 256 << 20, 1 << 20});
  expect_error("{{ range(100001) }}", "range of more than 100000");
  expect_error("{{ 'a' * 10**12 }}", "bytes of values");
  expect_error("{{ [0] * 10**12 }}", "bytes of values");
  expect_error("{{ 'a'|center(10**12) }}", "bytes of values");
  expect_error("{{ 'a\\nb'|indent(10**12) }}", "bytes of values");
  expect_error("{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s * 2 %}{% endfor %}",
               "bytes of values");
  expect_error("{% for i in range(99) %}{{ 'abcdefghij' * 100000 }}{% endfor %}", "writes more than",
               {1000, 256 << 20, 1 << 20});
  // Lists of lists: small, but 2**90 long when walked.
  const std::string bomb = "{% set ns = namespace(a=[1]) %}{% for i in range(90) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}";
  for (const char* walk : {"{{ ns.a }}", "{{ ns.a|tojson }}", "{{ ns.a|string|length }}"})
    expect_error(bomb + walk, "the template");
  expect_error(bomb + "{% set b = ns.a %}" + bomb + "{{ b == ns.a }}", "the template");
  EXPECT_FALSE(ChatTemplate::parse(std::string(jinja::kMaxTemplateBytes + 1, 'a')).ok());
}

TEST(Jinja, SearchingIsLinear) {  // naively: 62 thousand million comparisons
  expect(
      "{% set a = 'a' * 500000 %}{% set b = 'a' * 250000 ~ 'b' ~ 'a' * 10 %}{% for i in range(5) %}"
      "{{ b in a or a.find(b) > 0 or a.count(b) or a.split(b)|length - 1 or a.replace(b, '')|length - 500000 }}{% endfor %}",
      "00000");
  expect_error("{% set a = 'a' * 500000 %}{{ a.rfind('b' ~ 'a' * 250000) }}", "bytes of values");
}

TEST(Jinja, WholeNumbersBeyond64BitsAreRefused) {
  for (const char* source : {"{{ 9223372036854775807 + 1 }}", "{{ 3037000500 * 3037000500 }}", "{{ 10 ** 19 }}",
                             "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}"}) {
    expect_error(source, "beyond 64 bits");
  }
  expect("{{ (-9223372036854775807 - 1) % -1 }}{{ 'a'[-9223372036854775807:] }}", "0a");
}

TEST(Jinja, WhatHoldsItselfIsFreed) {  // the sanitizers' leak check is the judge
  expect(
      "{% set ns = namespace() %}{% set ns.ns = ns %}{% set ns.l = [ns] %}{% for i in l %}{% set ns.loop = loop %}{% endfor "
      "%}a",
      "a");
  expect("{% set ns = namespace() %}{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{% set ns.m = m %}{% endfor %}a", "a");
  expect_error(
      "{% set ns = namespace() %}{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{% set ns.m = m %}{% endfor %}{{ ns.m() "
      "}}",
      "outside of where it was defined");
}

}  // namespace
}  // namespace autodidact
