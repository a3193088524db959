#pragma once
// The supervisor's documents, from its state: plain functions without side effects.

#include <string>

#include "actors/supervisor.hpp"

namespace autodidact {

Progress make_progress(const SupervisorState& state, const Context& context);
// The `status` document; docs/operations.md explains its fields.
std::string status_json(const SupervisorState& state, const Context& context, const std::string& config_json, TimeMs now);
// What /readyz checks, by name, and whether all hold.
std::string readiness(const SupervisorState& state, const Context& context, bool* ready);

}  // namespace autodidact
