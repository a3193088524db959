#pragma once
// The one header through which actor code talks to CAF, so that the same actors build on 0.17.6 (Debian) and on 1.x.
//
// What actor code may use of CAF directly: caf::actor, caf::behavior, caf::stateful_actor<S>, system.spawn(). Everything that
// changed between the two (send, request, delay, monitor, state, handlers, configuration) goes through here. No atoms, streams,
// groups, links, promises, companions or detached actors: each was lossy, leaky or removed (docs say which; measured).
// Threads: anon_tell(), kill() and watch() from any thread; the rest from inside the actor that `self` is.

#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "config/status.hpp"

// 0.17.6 defines CAF_VERSION as 1706 and 1.1.0 as 0100, an octal literal: only the presence of the MAJOR macro tells them
// apart.
#if defined(CAF_VERSION_MAJOR)
#define AD_CAF_1X 1
#include <caf/init_global_meta_objects.hpp>
#else
#define AD_CAF_1X 0
#endif

// AD_CAF_MESSAGES(block, (ns::A), (ns::B), …): at global scope, once. Every message is a plain struct that never leaves the
// process, so it needs no inspect(). On 1.x the block gives the type ids that init_types<block>() registers.
#define AD_CAF_PARENS ()
#define AD_CAF_EXPAND(...) AD_CAF_EXPAND3(AD_CAF_EXPAND3(AD_CAF_EXPAND3(AD_CAF_EXPAND3(__VA_ARGS__))))
#define AD_CAF_EXPAND3(...) AD_CAF_EXPAND2(AD_CAF_EXPAND2(AD_CAF_EXPAND2(AD_CAF_EXPAND2(__VA_ARGS__))))
#define AD_CAF_EXPAND2(...) AD_CAF_EXPAND1(AD_CAF_EXPAND1(AD_CAF_EXPAND1(AD_CAF_EXPAND1(__VA_ARGS__))))
#define AD_CAF_EXPAND1(...) __VA_ARGS__
#define AD_CAF_ADD(block, type, ...) \
  CAF_ADD_TYPE_ID(block, type)       \
  __VA_OPT__(AD_CAF_ADD_AGAIN AD_CAF_PARENS(block, __VA_ARGS__))
#define AD_CAF_ADD_AGAIN() AD_CAF_ADD
#define AD_CAF_STRIP(...) __VA_ARGS__
#define AD_CAF_ALLOW_ONE(...)                                          \
  namespace caf {                                                      \
  template <>                                                          \
  struct allowed_unsafe_message_type<__VA_ARGS__> : std::true_type {}; \
  }
#define AD_CAF_ALLOW(type, ...)       \
  AD_CAF_ALLOW_ONE(AD_CAF_STRIP type) \
  __VA_OPT__(AD_CAF_ALLOW_AGAIN AD_CAF_PARENS(__VA_ARGS__))
#define AD_CAF_ALLOW_AGAIN() AD_CAF_ALLOW
#define AD_CAF_MESSAGES(block, ...)                         \
  CAF_BEGIN_TYPE_ID_BLOCK(block, caf::first_custom_type_id) \
  AD_CAF_EXPAND(AD_CAF_ADD(block, __VA_ARGS__))             \
  CAF_END_TYPE_ID_BLOCK(block)                              \
  AD_CAF_EXPAND(AD_CAF_ALLOW(__VA_ARGS__))

namespace autodidact::caf_compat {

namespace detail {
template <class R, class... A>
struct Signature;
#if AD_CAF_1X
template <class R, class... A>
struct Signature<R(A...)> {
  using type = caf::result<R>(A...);
};
#else
template <class R, class... A>
struct Signature<R(A...)> {
  using type = typename caf::replies_to<A...>::template with<R>;
};
template <class... A>
struct Signature<void(A...)> {
  using type = caf::reacts_to<A...>;
};
#endif
}  // namespace detail

// A typed handle for the edges: Iface<Answer(Question), void(Notice)>.
template <class... S>
using Iface = caf::typed_actor<typename detail::Signature<S>::type...>;

// The state of a stateful_actor.
template <class Self>
auto& st(Self* self) {
#if AD_CAF_1X
  return self->state();
#else
  return self->state;
#endif
}

// Sends and forgets. To a dead actor the message vanishes: what must arrive needs an acknowledgement.
template <class Self, class Handle, class... M>
void tell(Self* self, const Handle& to, M&&... message) {
#if AD_CAF_1X
  self->mail(std::forward<M>(message)...).send(to);
#else
  self->send(to, std::forward<M>(message)...);
#endif
}

// The same from outside any actor (a compute thread, the store's writer, Asio).
template <class Handle, class... M>
void anon_tell(const Handle& to, M&&... message) {
#if AD_CAF_1X
  caf::anon_mail(std::forward<M>(message)...).send(to);
#else
  caf::anon_send(to, std::forward<M>(message)...);
#endif
}

template <class Self, class Rep, class Period, class Handle, class... M>
void tell_after(Self* self, std::chrono::duration<Rep, Period> delay, const Handle& to, M&&... message) {
#if AD_CAF_1X
  self->mail(std::forward<M>(message)...).delay(delay).send(to);
#else
  self->delayed_send(to, delay, std::forward<M>(message)...);
#endif
}

// ask(self, to, 2s, Question{}).then([](Answer&) {}, [](caf::error&) {}). Always with a finite timeout and an error handler.
template <class Self, class Handle, class Rep, class Period, class... M>
auto ask(Self* self, const Handle& to, std::chrono::duration<Rep, Period> timeout, M&&... message) {
#if AD_CAF_1X
  return self->mail(std::forward<M>(message)...).request(to, timeout);
#else
  return self->request(to, timeout, std::forward<M>(message)...);
#endif
}

// One line for people.
inline std::string text(const caf::error& error) {
  if (!error) return "normal";
#if !AD_CAF_1X
  if (error.category() == caf::atom("system")) return to_string(static_cast<caf::sec>(error.code()));
  if (error.category() == caf::atom("exit")) return to_string(static_cast<caf::exit_reason>(error.code()));
#endif
  return to_string(error);
}

// The border of errors: caf::error ends here.
inline Status to_status(const caf::error& error, const std::string& what) {
  if (!error) return {};
  const bool late = error == caf::sec::request_timeout || error == caf::sec::request_receiver_down;
  return Status(late ? Errc::kTemporary : Errc::kInternal, what + ": " + text(error));
}

// Asks from a thread that may block (tests, tools); never from an actor.
template <class Answer, class Handle, class Rep, class Period, class... M>
Result<Answer> ask_blocking(caf::actor_system& system, const Handle& to, std::chrono::duration<Rep, Period> timeout,
                            M&&... message) {
  caf::scoped_actor self{system};
  Result<Answer> result(Errc::kInternal, "no answer");
  ask(&*self, to, timeout, std::forward<M>(message)...)
      .receive([&](const Answer& answer) { result = answer; },
               [&](const caf::error& error) { result = to_status(error, "request"); });
  return result;
}

// Ends an actor ahead of the messages it has queued (which it drops); a last resort and the tests' murder weapon. In 0.17.6
// anon_send_exit() queues behind normal work: 21.8 s behind 20,000 messages; at high priority 0.7 ms. The orderly way is an
// in-band stop message.
template <class Handle>
void kill(const Handle& handle, caf::exit_reason reason = caf::exit_reason::kill) {
  if (!handle) return;
  auto target = caf::actor_cast<caf::actor>(handle);
#if AD_CAF_1X
  caf::anon_mail(caf::exit_msg{target.address(), caf::make_error(reason)}).urgent().send(target);
#else
  caf::anon_send<caf::message_priority::high>(target, caf::exit_msg{target.address(), caf::make_error(reason)});
#endif
}

// When `target` ends, for whatever reason, `observer` (held weakly) gets Down{tag, reason text} as an ordinary message. At once
// if it has ended already.
template <class Down, class Observer, class Target>
void watch(const Observer& observer, const Target& target, std::uint64_t tag) {
  auto weak = caf::actor_cast<caf::actor_addr>(observer);
  caf::actor_cast<caf::strong_actor_ptr>(target)->get()->attach_functor([weak, tag](const caf::error& why) {
    if (auto alive = caf::actor_cast<caf::actor>(weak)) anon_tell(alive, Down{tag, text(why)});
  });
}

// Told of everything a handler should not have let happen: one line. Must not throw.
using Report = std::function<void(const std::string&)>;

namespace detail {
template <class R>
struct GuardedResult {
  using type = caf::result<R>;
};
template <class R>
struct GuardedResult<caf::result<R>> {
  using type = caf::result<R>;
};
template <>
struct GuardedResult<void> {
  using type = void;
};

template <class F, class R, class... A>
auto guard_as(Report report, F handler, R (F::*)(A...) const) {
  using Out = typename GuardedResult<R>::type;
  return [report = std::move(report), handler = std::move(handler)](A... arguments) -> Out {
    std::string what;
    try {
      return handler(std::forward<A>(arguments)...);
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {
      what = "an exception of unknown type";
    }
    report("handler failed: " + what);
    if constexpr (!std::is_void_v<Out>) return caf::make_error(caf::sec::runtime_error, what);
  };
}
}  // namespace detail

// `handler`, with everything it throws reported instead. Without it an exception ends the actor on 0.17.6, and on 1.x also
// comes back to the sender as an error that by default ends the sender.
template <class F>
auto guard(Report report, F handler) {
  return detail::guard_as(std::move(report), std::move(handler), &F::operator());
}

// An actor's whole behavior: every handler guarded, stray messages and stray errors reported, never fatal.
// Handlers are non-mutable lambdas taking their message by const reference. One that returns a value answers every sender, also
// a plain tell(): return values only for messages that are asked.
template <class Self, class... F>
caf::behavior make_behavior(Self* self, Report report, F... handlers) {
#if AD_CAF_1X
  (void)self;
  return caf::behavior{guard(report, std::move(handlers))...,
                       [report](const caf::error& error) { report("stray error: " + text(error)); },
                       [report](const caf::message& message) { report("stray message: " + to_string(message)); }};
#else
  self->set_error_handler([report](caf::error& error) { report("stray error: " + text(error)); });
  self->set_default_handler([report](caf::scheduled_actor*, caf::message_view& message) -> caf::result<caf::message> {
    report("stray message: " + to_string(message.content()));
    return caf::sec::unexpected_message;
  });
  return caf::behavior{guard(report, std::move(handlers))...};
#endif
}

struct SystemOptions {
  std::size_t threads = 2;           // CAF's default is max(cores, 4)
  std::size_t max_throughput = 100;  // messages an actor may take before its thread goes to the next; default unlimited
};

// Before any actor_system_config exists: 1.x aborts otherwise.
template <class Block>
void init_types() {
#if AD_CAF_1X
  caf::init_global_meta_objects<Block>();
  caf::core::init_global_meta_objects();
#endif
}

// `sharing`: the default, `stealing`, polls: 4.7 % of a core idle with 32 threads, against nothing. Never cfg.parse(): it reads
// caf-application.ini from the working directory.
inline void configure(caf::actor_system_config& cfg, const SystemOptions& options) {
#if AD_CAF_1X
  cfg.set("caf.scheduler.policy", "sharing");
  cfg.set("caf.scheduler.max-threads", options.threads);
  cfg.set("caf.scheduler.max-throughput", options.max_throughput);
#else
  cfg.set("scheduler.policy", caf::atom("sharing"));
  cfg.set("scheduler.max-threads", options.threads);
  cfg.set("scheduler.max-throughput", options.max_throughput);
#endif
}

#if !AD_CAF_1X
// Tests: no threads and no time but what the test spends; see tests/actors/virtual_system.hpp.
inline void use_virtual_scheduler(caf::actor_system_config& cfg) { cfg.set("scheduler.policy", caf::atom("testing")); }
#endif

}  // namespace autodidact::caf_compat
