// The live page as HTTP gives it out. What a browser makes of it: tests/dashboard.

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gateway/dashboard_routes.hpp"
#include "tests/gateway/gateway_fixture.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

class Dashboard : public GatewayTest {
 protected:
  void SetUp() override {
    GatewayTest::SetUp();
    start();
  }
  static bool has_header(const std::string& reply, const std::string& line) {
    return reply.substr(0, reply.find("\r\n\r\n")).find("\r\n" + line) != std::string::npos;
  }
};

std::string source_file(const std::string& name) {
  std::ifstream in(std::string(std::getenv("AD_SOURCE_DIR")) + "/gateway/dashboard" + name, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST_F(Dashboard, ThePageAndItsFilesAreTheSourcesByteForByte) {
  ASSERT_GE(dashboard_files().size(), 5u);
  for (const DashboardFile& file : dashboard_files()) {
    const std::string reply = ask(health(), get(std::string(file.path)));
    EXPECT_EQ(status_of(reply), 200) << file.path;
    EXPECT_EQ(body_of(reply), source_file(std::string(file.path))) << file.path;
    EXPECT_FALSE(body_of(reply).empty()) << file.path;
  }
  EXPECT_EQ(body_of(ask(health(), get("/"))), source_file("/index.html"));
}

TEST_F(Dashboard, EveryAnswerForbidsAllButOurOwnFiles) {
  for (const std::string path : {"/", "/dashboard.js", "/dashboard.css", "/icon.svg", "/dashboard.json"}) {
    const std::string reply = ask(health(), get(path));
    EXPECT_TRUE(has_header(reply, "Content-Security-Policy: default-src 'none'; script-src 'self'; ")) << reply;
    EXPECT_NE(reply.find("frame-ancestors 'none'"), std::string::npos) << path;
    EXPECT_EQ(reply.find("unsafe-"), std::string::npos) << path;
    EXPECT_TRUE(has_header(reply, "X-Content-Type-Options: nosniff")) << path;
    EXPECT_TRUE(has_header(reply, "Cache-Control: no-store")) << path;
    EXPECT_TRUE(has_header(reply, "Cross-Origin-Resource-Policy: same-origin")) << path;
  }
}

TEST_F(Dashboard, FilesHaveTheTypesThatNosniffDemands) {
  const std::pair<std::string, std::string> types[] = {{"/", "text/html; charset=utf-8"},
                                                       {"/dashboard.js", "text/javascript; charset=utf-8"},
                                                       {"/dashboard.css", "text/css; charset=utf-8"},
                                                       {"/icon.svg", "image/svg+xml"},
                                                       {"/dashboard.json", "application/json"}};
  for (const auto& [path, type] : types) EXPECT_TRUE(has_header(ask(health(), get(path)), "Content-Type: " + type)) << path;
}

// The policy would stop such things; that they are not even tried is what keeps the page working under it.
TEST_F(Dashboard, TheSourcesHaveNoInlineCodeNoForeignAddressAndMakeNoMarkup) {
  const std::vector<std::string> never = {
      "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
      "style=",    " onload=",  " onclick=",          " onerror=",      "//cdn", "https://"};
  for (const DashboardFile& file : dashboard_files()) {
    for (const std::string& word : never) EXPECT_EQ(file.bytes.find(word), std::string_view::npos) << file.path << ": " << word;
    for (auto at = file.bytes.find("http://"); at != std::string_view::npos; at = file.bytes.find("http://", at + 1)) {
      EXPECT_TRUE(file.bytes.substr(at).starts_with("http://www.w3.org/2000/svg")) << file.path;  // a name, not an address
    }
  }
  const std::string page = source_file("/index.html");
  EXPECT_EQ(page.find("<style"), std::string::npos);
  EXPECT_EQ(page.find("<script>"), std::string::npos);
}

TEST_F(Dashboard, TheDataIsTheBackendsVerb) {
  backend_.on_call = [](const std::string& verb, AdminBackend::Done done) { done({Status(), "{\"of\":\"" + verb + "\"}"}); };
  EXPECT_EQ(body_of(ask(health(), get("/dashboard.json"))), "{\"of\":\"dashboard\"}\n");
  ASSERT_EQ(backend_.calls().size(), 1u);
  EXPECT_EQ(backend_.calls()[0].params, "{}");
}

TEST_F(Dashboard, ABackendWithoutAnAnswerIsAnErrorThePageCanShow) {
  backend_.on_call = [](const std::string&, AdminBackend::Done done) { done({Status(Errc::kTemporary, "stopping"), ""}); };
  const std::string reply = ask(health(), get("/dashboard.json"));
  EXPECT_EQ(status_of(reply), 503);
  EXPECT_EQ(json::parse(body_of(reply))["error"]["message"], "stopping");
}

TEST_F(Dashboard, OnlyReadsAreTaken) {
  for (const std::string path : {"/", "/dashboard.js", "/dashboard.json"}) {
    const std::string reply = ask(health(), post(path));
    EXPECT_EQ(status_of(reply), 405) << path;
    EXPECT_TRUE(has_header(reply, "Allow: GET, HEAD")) << path;
  }
  EXPECT_TRUE(backend_.calls().empty());
}

TEST_F(Dashboard, NoPathLeadsOutOfTheFolder) {
  for (const std::string path : {"/../CMakeLists.txt", "/dashboard/index.html", "/%2e%2e/CMakeLists.txt", "/dashboard.js/",
                                 "//", "/index.html/../icon.svg", "/dashboard"}) {
    EXPECT_EQ(status_of(ask(health(), get(path))), 404) << path;
  }
}

TEST_F(Dashboard, AHostThatAWebPageCouldHaveChosenGetsNeitherPageNorData) {
  for (const std::string path : {"/", "/dashboard.json"}) EXPECT_EQ(status_of(ask(health(), get(path, "evil.example"))), 421);
  EXPECT_TRUE(backend_.calls().empty());
}

}  // namespace
}  // namespace autodidact
