// Rows of schema(): the store and the process around the loop. Limits and deadlines are live; what opens a file, a socket or
// the database needs a restart.

#include "config/schema_tables.hpp"

namespace autodidact {
namespace {

void add_replay(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::replay, member); };
  using R = ReplayOptions;
  f.insert(f.end(),
           {
               {"replay.selector", in(&R::selector), Reload::kRestart, "",
                one_of({"uniform", "fifo", "lifo", "prioritized", "window"}), "continuous: how training draws kept attempts."},
               {"replay.priority_exponent", in(&R::priority_exponent), Reload::kRestart, "", between(0, 10),
                "prioritized: an attempt is drawn in proportion to weight^exponent."},
               {"replay.window_newest_share", in(&R::window_newest_share), Reload::kRestart, "share", between(0, 1),
                "window: share of draws from the newest window_size attempts; the others from all."},
               {"replay.window_size", in(&R::window_size), Reload::kRestart, "attempts", between(1, 1e9),
                "window: how many are new."},
               {"replay.samples_per_insert", in(&R::samples_per_insert), Reload::kLive, "", above(0, 1e6),
                "continuous: draws per kept attempt; the ratio limiter holds either side back."},
               {"replay.min_size", in(&R::min_size), Reload::kLive, "attempts", between(1, 1e9),
                "continuous: kept attempts before training starts."},
               {"replay.min_diff", in(&R::min_diff), Reload::kLive, "", between(-1e15, 1e15),
                "Training waits while inserts x samples_per_insert - samples would fall below this."},
               {"replay.max_diff", in(&R::max_diff), Reload::kLive, "", between(-1e15, 1e15),
                "Sampling waits while inserts x samples_per_insert - samples would rise above this."},
               {"replay.retain_attempts", in(&R::retain_attempts), Reload::kLive, "attempts", between(0, 1e12),
                "Newest attempts to keep, besides those pinned or kept for training; 0 = all."},
           });
}

void add_store(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::store, member); };
  using S = StoreOptions;
  f.insert(f.end(), {
                        {"store.group_records", in(&S::group_records), Reload::kRestart, "records", between(1, 65536),
                         "A synced batch closes at this many records,"},
                        {"store.group_ms", in(&S::group_ms), Reload::kRestart, "ms", between(0, 1000), "or at this age."},
                        {"store.queue_groups", in(&S::queue_groups), Reload::kRestart, "batches", between(1, 1e6),
                         "Submitted and not yet durable, at most."},
                        {"store.cache_mb", in(&S::cache_mb), Reload::kRestart, "MiB", between(1, 1048576), "Block cache."},
                        {"store.soft_free_mb", in(&S::soft_free_mb), Reload::kRestart, "MiB", between(0, 1e9),
                         "Below this much free disk no new work is granted."},
                        {"store.hard_free_mb", in(&S::hard_free_mb), Reload::kRestart, "MiB", between(0, 1e9),
                         "Below this much free disk nothing is written and /readyz answers 503."},
                        {"store.sync", in(&S::sync), Reload::kRestart, "", any(),
                         "fdatasync each batch. false survives a crash of the daemon, not of the machine."},
                    });
}

void add_supervise(std::vector<Field>& f) {
  const auto in = [](auto member) { return at(&Options::supervise, member); };
  using S = SuperviseOptions;
  f.insert(f.end(), {
                        {"supervise.restart_backoff_ms", in(&S::restart_backoff_ms), Reload::kLive, "ms", between(1, 30000),
                         "Before a failed role is started again; doubles up to 30 s."},
                        {"supervise.max_restarts_per_minute", in(&S::max_restarts_per_minute), Reload::kLive, "restarts",
                         between(0, 1000), "More than this, and the role is given up: the daemon stays up, not ready."},
                        {"supervise.lease_ms", in(&S::lease_ms), Reload::kLive, "ms", between(100, 86400000),
                         "A worker that holds an item longer gives it back."},
                        {"supervise.max_attempts_per_item", in(&S::max_attempts_per_item), Reload::kRestart, "attempts",
                         between(1, 1000), "Workers an item may take down before it is quarantined."},
                        {"supervise.stall_ms", in(&S::stall_ms), Reload::kLive, "ms", between(100, 86400000),
                         "No progress of a role for this long is a stall, named in status and log."},
                        {"supervise.drain_ms", in(&S::drain_ms), Reload::kLive, "ms", between(100, 3600000),
                         "From SIGTERM to exit, at most."},
                    });
}

void add_surfaces(std::vector<Field>& f) {
  const auto gateway = [](auto member) { return at(&Options::gateway, member); };
  const auto log = [](auto member) { return at(&Options::log, member); };
  f.insert(
      f.end(),
      {
          {"gateway.admin_socket", gateway(&GatewayOptions::admin_socket), Reload::kRestart, "path", any(),
           "Unix socket of the admin API, mode 0600; empty = <data_dir>/admin.sock."},
          {"gateway.listen", gateway(&GatewayOptions::listen), Reload::kRestart, "address:port", any(),
           "Loopback address of the live page, of answers (/v1), health and metrics: 127.0.0.1:9464 or [::1]:9464; port 0 = "
           "any "
           "free, empty = off."},
          {"log.level", log(&LogOptions::level), Reload::kLive, "", one_of({"trace", "debug", "info", "warn", "error"}),
           "Least severe lines to write."},
          {"log.format", log(&LogOptions::format), Reload::kRestart, "", one_of({"text", "json"}),
           "One line per event, either way."},
          {"log.file", log(&LogOptions::file), Reload::kRestart, "path", any(), "Write here too, besides stderr; empty = off."},
          {"log.max_mb", log(&LogOptions::max_mb), Reload::kRestart, "MiB", between(1, 1048576),
           "log.file is rotated at this size; three old ones are kept."},
          {"log.tensorboard", log(&LogOptions::tensorboard), Reload::kRestart, "", any(),
           "Curves as TensorBoard event files in <data_dir>/tensorboard, one file per start, at most 64 MiB each."},
      });
}

}  // namespace

void add_host_fields(std::vector<Field>& fields) {
  add_replay(fields);
  add_store(fields);
  add_supervise(fields);
  add_surfaces(fields);
}

}  // namespace autodidact
