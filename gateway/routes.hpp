#pragma once
// Which request asks the daemon for what. The admin routes answer on the Unix socket only and may change things; the health
// routes answer on loopback TCP as well and never do. Handlers run on the Asio thread; `backend` and `workers` outlive them.

#include "actors/admin_backend.hpp"
#include "gateway/http.hpp"
#include "gateway/replay_workers.hpp"

namespace autodidact {

// GET /admin/{status,config}; POST /admin/{pause,resume,drain,checkpoint,promote,rollback,ask,eval,replay}; POST /-/reload;
// and the health routes.
HttpHandler admin_routes(AdminBackend& backend, ReplayWorkers& workers);

// GET or HEAD /livez (/-/healthy), /readyz (/-/ready) with ?verbose, /metrics, and the live page (dashboard_routes.hpp).
HttpHandler health_routes(AdminBackend& backend);

}  // namespace autodidact
