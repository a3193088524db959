#include "actors/stall_watch.hpp"

#include <set>

namespace autodidact {

StallWatch::Entry& StallWatch::at(const std::string& role, TimeMs now) {
  const auto [found, fresh] = roles_.try_emplace(role);
  Entry& entry = found->second;
  if (fresh) entry.state = {role, "", false, now, now};
  if (fresh) entry.quiet_from = now;
  return entry;
}

void StallWatch::progress(const std::string& role, TimeMs now) {
  Entry& entry = at(role, now);
  entry.state = {role, "", false, now, now};
  entry.quiet_from = now;
  entry.reported = 0;
}

void StallWatch::waits(const std::string& role, const std::string& what, TimeMs now) {
  Entry& entry = at(role, now);
  if (entry.state.idle) entry.quiet_from = now;
  if (entry.state.idle || entry.state.waits_for != what) entry.state.waiting_since = now;
  entry.state.idle = false;
  entry.state.waits_for = what;
}

void StallWatch::idles(const std::string& role, TimeMs now) {
  Entry& entry = at(role, now);
  if (!entry.state.idle) entry.state.waiting_since = now;
  entry.state.idle = true;
  entry.state.waits_for.clear();
  entry.reported = 0;
}

bool StallWatch::stalled(const std::string& role, TimeMs now) const {
  const auto found = roles_.find(role);
  return found != roles_.end() && !found->second.state.idle && now - found->second.quiet_from >= deadline_ms_;
}

std::vector<StallWatch::Stall> StallWatch::check(TimeMs now) {
  std::vector<Stall> stalls;
  for (auto& [role, entry] : roles_) {
    if (!stalled(role, now)) continue;
    const TimeMs deadlines = (now - entry.quiet_from) / deadline_ms_;
    if (deadlines <= entry.reported) continue;
    entry.reported = deadlines;
    stalls.push_back({role, entry.state.waits_for, culprit_of(role), now - entry.quiet_from});
  }
  return stalls;
}

// Follows the waits from role to role; stops at a thing that is no role, at one that waits for nothing, or where a ring closes.
std::string StallWatch::culprit_of(const std::string& role) const {
  std::set<std::string> seen;
  std::string at = role;
  while (seen.insert(at).second) {
    const auto found = roles_.find(at);
    if (found == roles_.end() || found->second.state.idle || found->second.state.waits_for.empty()) break;
    at = found->second.state.waits_for;
  }
  return at;
}

std::vector<StallWatch::RoleState> StallWatch::roles() const {
  std::vector<RoleState> out;
  for (const auto& [role, entry] : roles_) out.push_back(entry.state);
  return out;
}

std::string StallWatch::Stall::text() const {
  std::string line = role + " has made no progress for " + std::to_string(quiet_ms) + " ms";
  if (waits_for.empty()) return line + " while working";
  line += ": waits for " + waits_for;
  return culprit == waits_for ? line : line + ", held up by " + culprit;
}

}  // namespace autodidact
