#pragma once
// What all actors share: their name in the log, the report of what a handler should not have let happen, time, ticks. CAF.

#include <chrono>
#include <string>

#include "actors/context.hpp"
#include "actors/messages.hpp"
#include "config/log.hpp"

namespace autodidact {

using caf_compat::anon_tell;
using caf_compat::make_behavior;
using caf_compat::st;
using caf_compat::tell;
using caf_compat::tell_after;

constexpr std::chrono::milliseconds kTickEvery{100};

inline caf_compat::Report reporter(const std::string& role) {
  return [role](const std::string& what) { log_error(role, what); };
}

// To the actor itself, from its engine's thread; nothing once the actor is gone.
template <class Self>
auto to_self(Self* self) {
  return [address = caf::actor_cast<caf::actor_addr>(self)](auto message) {
    if (auto me = caf::actor_cast<caf::actor>(address)) anon_tell(me, std::move(message));
  };
}

// An engine that failed ends its actor: the supervisor starts a fresh one, and what it held goes to the others or is resumed.
template <class Self>
auto end_on_failure(Self* self, const std::string& role) {
  return [self, role](const EngineFailed& failed) {
    log_error(role, "failed: " + failed.what);
    self->quit(caf::make_error(caf::sec::runtime_error, failed.what));
  };
}

inline TimeMs steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A child's own view of its place: which role and which incarnation.
struct Place {
  std::string role;  // "generator.0"
  WorkerId worker = 0;
  Epoch epoch = 1;
};

}  // namespace autodidact
