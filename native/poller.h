// Poller: one private epoll descriptor per environment, watched by one uv_poll_t. In a turn of the loop it enters
// JavaScript once for each portion of the sockets that are ready. It runs on the environment's own thread only.
#pragma once

#include <node_api.h>
#include <sys/epoll.h>
#include <uv.h>

#include <array>
#include <cstdint>

#include "descriptor.h"

namespace sockwright {

class Environment;
struct Slot;

class Poller {
 public:
  // Fairness is decided before epoll_wait: how many events a turn asks for follows from what the turn before cost.

  // The fewest events that a turn asks for.
  static constexpr int kMinEvents = 8;
  // The most events that a turn asks for.
  static constexpr int kMaxEvents = 1024;
  // The time that a turn should take, its handlers included: timers and other sockets wait that long. Turns of 0.1 ms cost
  // some 8 % more CPU time with 50 connections as with 500 (bench/): whoever answers many at once wakes the peers' core once.
  static constexpr uint64_t kTurnBudgetNs = 2'000'000;
  // Sockets that are handed to JavaScript at a time, and answered before the next: what they touch is still in the
  // processor's cache then. 16 are no better, 8 and 64 are worse.
  static constexpr int kMaxPortion = 32;
  static constexpr int kInt32sPerRecord = 3;  // slot, generation, events

  explicit Poller(Environment& owner) : owner_(owner) {}

  // Opens the epoll descriptor and watches it. `dispatch(count)` finds its records in `records`, an Int32Array.
  // Gives 0 or -errno (libuv's numbers are the negated errno values here).
  int Start(napi_value dispatch, napi_value records);
  bool started() const { return epoll_.is_open(); }

  // epoll_ctl(2) for one slot: ADD, MOD or DEL, whichever leads from what epoll was told to `interest`.
  int Watch(uint32_t index, Slot& slot, uint32_t interest);

  // EPOLL_CTL_DEL before a close: a duplicate elsewhere would keep the registration alive (epoll(7), Q6).
  void Forget(Slot& slot);

  // Whether the poller keeps the process alive.
  void SetReferenced(bool referenced);

  // Stops watching and calls `closed(owner)` when libuv has let go of the handle.
  void Close(void (*closed)(void* owner));

 private:
  // Keeps the value, in the place of what a start that failed has kept.
  bool Refer(napi_value value, napi_ref* reference);
  static void OnReadable(uv_poll_t* handle, int status, int events);
  void Turn();
  // Hands over the next records, and gives how many; 0 when there is no going on.
  int DispatchPortion();
  void Adapt(int dispatched, uint64_t elapsed_ns);

  Environment& owner_;
  Descriptor epoll_;
  uv_poll_t handle_{};
  napi_ref dispatch_ = nullptr;
  napi_ref records_ = nullptr;
  void (*closed_)(void* owner) = nullptr;
  bool closing_ = false;
  int asked_ = kMinEvents;
  // What epoll_wait has given and JavaScript has not seen yet: events_[next_] up to events_[ready_].
  int next_ = 0;
  int ready_ = 0;
  std::array<epoll_event, kMaxEvents> events_{};
};

}  // namespace sockwright
