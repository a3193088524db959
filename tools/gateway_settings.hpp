#pragma once
// What the configuration says of the HTTP surface of a daemon. Free functions; the thread that starts the gateway.

#include "actors/daemon.hpp"
#include "config/options.hpp"
#include "config/status.hpp"
#include "gateway/gateway.hpp"

namespace autodidact {

// Of a gateway over `daemon`, which outlives it. kConfig and others: serve.api_key_file is unusable.
Result<GatewaySettings> gateway_settings(Daemon& daemon, const Options& options);

}  // namespace autodidact
