// Poller: one private epoll descriptor per environment, watched by one uv_poll_t. In a turn of the loop it calls JavaScript
// once for each portion of the sockets that are ready. It runs only on the environment's own thread.
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
  // Fairness is decided before epoll_wait: the cost of a turn decides how many events the next one requests.

  // The fewest events that a turn requests from epoll, however much time the previous turn took.
  static constexpr int kMinEvents = 8;
  // The most events that a turn requests from epoll; epoll reports further ones in the next turn.
  static constexpr int kMaxEvents = 1024;
  // The time that a turn should take with its handlers, since timers and other sockets wait that long. Records for which no
  // time is left are dispatched in the next turn. Turns of 0.1 ms cost about 8 % more CPU time, with 50 connections as with
  // 500 (bench/): a server that answers many peers at once wakes their core once.
  static constexpr uint64_t kTurnBudgetNs = 2'000'000;
  // The most sockets that one call of JavaScript gets; the next call gets further ones. The answers are sent before that, while
  // the data is still in the processor's cache. 16 is no better, 8 and 64 are worse.
  static constexpr int kMaxPortion = 32;
  static constexpr int kInt32sPerRecord = 3;  // slot, generation, events

  explicit Poller(Environment& owner) : owner_(owner) {}

  // Opens the epoll descriptor and watches it. `dispatch(count)` reads its records from `records`, an Int32Array.
  // Returns 0 or -errno (libuv's error numbers are negated errno values on Linux).
  int Start(napi_value dispatch, napi_value records);
  bool started() const { return epoll_.is_open(); }
  int descriptor() const { return epoll_.get(); }

  // Sets epoll's interest in a slot: EPOLL_CTL_ADD, MOD or DEL, depending on the slot's current interest. epoll_ctl(2).
  int Watch(uint32_t index, Slot& slot, uint32_t interest);

  // Removes the slot from epoll before a close: a duplicate of the descriptor would keep it registered (epoll(7), Q6).
  void Forget(Slot& slot);

  // Sets whether the poller keeps the process alive.
  void SetReferenced(bool referenced);

  // Stops watching, and calls `on_closed(owner)` when libuv has closed the handle.
  void Close(void (*on_closed)(void* owner));

 private:
  // Stores a reference to the value. It replaces the one that a failed start has left.
  bool SetReference(napi_value value, napi_ref* reference);
  static void OnReadable(uv_poll_t* handle, int status, int events);
  void Turn();
  // Passes the next records to JavaScript and returns their number, or 0 when JavaScript cannot be called.
  int DispatchPortion();
  void Adapt(int dispatched, uint64_t elapsed_ns);

  Environment& owner_;
  Descriptor epoll_;
  uv_poll_t handle_{};
  napi_ref dispatch_ = nullptr;
  napi_ref records_ = nullptr;
  void (*on_closed_)(void* owner) = nullptr;
  bool is_closing_ = false;
  // The number of events that the next epoll_wait requests.
  int requested_ = kMinEvents;
  // The events that epoll_wait has returned and JavaScript has not received yet are events_[next_] to events_[ready_ - 1].
  int next_ = 0;
  int ready_ = 0;
  std::array<epoll_event, kMaxEvents> events_{};
};

}  // namespace sockwright
