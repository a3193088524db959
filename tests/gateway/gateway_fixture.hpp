#pragma once
// A gateway with a fake backend on a socket and a port of its own.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/gateway.hpp"
#include "tests/gateway/fake_backend.hpp"
#include "tests/gateway/raw_connection.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {

class GatewayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.admin_socket = directory_ + "/admin.sock";
    settings_.listen = "127.0.0.1:0";
  }

  void TearDown() override { gateway_.reset(); }

  void start() {
    auto gateway = Gateway::start(backend_, settings_);
    ASSERT_TRUE(gateway.ok()) << gateway.status().message();
    gateway_ = std::move(gateway).value();
  }

  RawConnection admin() { return RawConnection::to_unix(settings_.admin_socket); }
  RawConnection health() { return RawConnection::to_tcp(gateway_->health_address()); }

  static std::string get(const std::string& target, const std::string& host = "localhost") {
    return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  }
  static std::string post(const std::string& target, const std::string& body = "") {
    return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }

  // One request on a connection of its own.
  std::string ask(RawConnection connection, const std::string& request, int ms = 5000) {
    EXPECT_TRUE(connection.connected());
    EXPECT_TRUE(connection.send(request));
    return connection.reply(ms);
  }

  const TempDirectory temporary_;
  const std::string directory_ = temporary_.path();
  GatewaySettings settings_;
  FakeBackend backend_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace autodidact
