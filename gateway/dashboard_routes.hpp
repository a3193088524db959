#pragma once
// The live page: `/`, the files it loads, and `/dashboard.json`, which it asks every two seconds. Everything is our own, from
// files built into the program (gateway/dashboard/), under a policy that lets the browser load and run nothing else. Called on
// the Asio thread; `backend` outlives the exchange.

#include <memory>
#include <span>
#include <string_view>

#include "actors/admin_backend.hpp"
#include "gateway/http.hpp"

namespace autodidact {

struct DashboardFile {
  std::string_view path;  // "/dashboard.js"
  std::string_view bytes;
};
// Made by cmake/EmbedFiles.cmake from gateway/dashboard/.
std::span<const DashboardFile> dashboard_files();

// True when `request` was for the page; it is answered then, or will be.
bool answer_dashboard(AdminBackend& backend, const HttpRequest& request, const std::shared_ptr<Exchange>& exchange);

}  // namespace autodidact
