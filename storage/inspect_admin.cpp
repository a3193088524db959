// versions, events; pin, unpin, gc, verify.

#include "storage/inspect_json.hpp"
#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

Status set_pin(const InspectCall& call, bool pinned) {
  const auto ids = call.request.numbers("ids", 100'000);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (ids.empty()) return Status(Errc::kUsage, "replay pin and unpin need ids, a list of attempts");
  AD_RETURN_IF_ERROR(call.store.pin(ids, pinned));
  emit(call.sink, {{"type", "pin"}, {"pinned", pinned}, {"attempts", ids.size()}});
  return Status();
}

}  // namespace

Status inspect_versions(const InspectCall& call) {
  AD_RETURN_IF_ERROR(call.request.finish());
  AD_ASSIGN_OR_RETURN(const auto versions, call.store.versions());
  AD_ASSIGN_OR_RETURN(const LoopState loop, call.store.loop_state());
  for (const VersionRecord& version : versions) {
    Json json = to_json(version);
    json["serving"] = version.id == loop.serving;
    json["base"] = version.id == loop.base;
    if (!emit(call.sink, json)) break;
  }
  return Status();
}

Status inspect_events(const InspectCall& call) {
  const auto kind = call.request.text("kind");
  const std::uint64_t limit = call.request.number("limit", InspectRequest::kMaxLimit).value_or(100);
  std::uint64_t after = call.request.number("after").value_or(0);
  AD_RETURN_IF_ERROR(call.request.finish());
  constexpr std::size_t kPage = 1000;
  std::uint64_t given = 0;
  for (;;) {
    AD_ASSIGN_OR_RETURN(const auto page, call.store.events(after, kPage));
    for (const Event& event : page) {
      after = event.seq;
      if (kind && event.kind != *kind) continue;
      if (given == limit || !emit(call.sink, to_json(event))) return Status();
      ++given;
    }
    if (page.size() < kPage || !call.sink({})) return Status();
  }
}

Status inspect_pin(const InspectCall& call) { return set_pin(call, true); }

Status inspect_unpin(const InspectCall& call) { return set_pin(call, false); }

Status inspect_gc(const InspectCall& call) {
  const auto keep = call.request.number("keep");
  const bool apply = call.request.flag("apply").value_or(false);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (!keep) return Status(Errc::kUsage, "replay gc needs keep: how many of the newest attempts stay whatever they are");
  AD_ASSIGN_OR_RETURN(const std::uint64_t deleted, call.store.collect(*keep, !apply));
  emit(call.sink, {{"type", "gc"}, {"keep", *keep}, {"applied", apply}, {"attempts", deleted}});
  return Status();
}

Status inspect_verify(const InspectCall& call) {
  const bool deep = call.request.flag("deep").value_or(false);
  AD_RETURN_IF_ERROR(call.request.finish());
  if (call.place.store_directory.empty()) return Status(Errc::kUsage, "replay verify: this store has no files to check");
  AD_ASSIGN_OR_RETURN(const VerifyReport report, verify_store(call.place.store_directory, call.place.store, deep));
  for (const std::string& problem : report.problems) {
    if (!emit(call.sink, {{"type", "damage"}, {"message", problem}})) return Status();
  }
  emit(call.sink, {{"type", "verify"},
                   {"sound", report.problems.empty()},
                   {"deep", deep},
                   {"attempts", report.attempts},
                   {"items", report.items},
                   {"versions", report.versions},
                   {"problems", report.problems.size()}});
  return Status();
}

}  // namespace autodidact
