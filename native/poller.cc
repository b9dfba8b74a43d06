#include "poller.h"

#include <cerrno>

#include "environment.h"

namespace sockwright {

int Poller::Start(napi_value dispatch, napi_value records) {
  if (started()) return -EALREADY;
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return -errno;
  if (int error = uv_poll_init(owner_.loop(), &handle_, epoll.get()); error != 0) return error;
  handle_.data = this;
  epoll_ = std::move(epoll);
  napi_create_reference(owner_.env(), dispatch, 1, &dispatch_);
  napi_create_reference(owner_.env(), records, 1, &records_);
  if (int error = uv_poll_start(&handle_, UV_READABLE, OnReadable); error != 0) return error;
  SetReferenced(false);
  return 0;
}

int Poller::Watch(uint32_t index, Slot& slot, uint32_t interest) {
  if (interest == slot.interest) return 0;
  const int operation = slot.interest == 0 ? EPOLL_CTL_ADD : interest == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = (static_cast<uint64_t>(slot.generation) << 32) | index;
  if (epoll_ctl(epoll_.get(), operation, slot.descriptor.get(), &event) != 0) return -errno;
  slot.interest = interest;
  return 0;
}

void Poller::Forget(Slot& slot) {
  if (slot.interest == 0) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, slot.descriptor.get(), nullptr);
  slot.interest = 0;
}

void Poller::SetReferenced(bool referenced) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_);
  if (!started()) return;
  if (referenced) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void Poller::Close(void (*closed)(void* owner)) {
  closed_ = closed;
  if (!started()) {
    closed_(&owner_);
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
    auto* poller = static_cast<Poller*>(handle->data);
    poller->epoll_.Close();
    poller->closed_(&poller->owner_);
  });
}

void Poller::OnReadable(uv_poll_t* handle, int, int) {
  // The status needs no look: an epoll descriptor has no error condition of its own.
  static_cast<Poller*>(handle->data)->Turn();
}

void Poller::Turn() {
  napi_env env = owner_.env();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;

  // The array is looked up again in each turn: JavaScript may have detached it, and then its length is 0.
  napi_value records;
  size_t length = 0;
  void* data = nullptr;
  napi_get_reference_value(env, records_, &records);
  napi_get_typedarray_info(env, records, nullptr, &length, &data, nullptr, nullptr);
  const int capacity = static_cast<int>(length / kInt32sPerRecord);
  const int wanted = asked_ < capacity ? asked_ : capacity;
  // A negative count is EINTR; level-triggering brings the same events back in the next turn.
  const int ready = wanted > 0 ? epoll_wait(epoll_.get(), events_.data(), wanted, 0) : 0;

  if (ready > 0) {
    auto* record = static_cast<int32_t*>(data);
    for (int i = 0; i < ready; i++) {
      *record++ = static_cast<int32_t>(events_[i].data.u64 & 0xffffffffu);
      *record++ = static_cast<int32_t>(events_[i].data.u64 >> 32);
      *record++ = static_cast<int32_t>(events_[i].events);
    }
    napi_value dispatch, receiver, count;
    napi_get_reference_value(env, dispatch_, &dispatch);
    // A fresh receiver, in the root asynchronous context: a kept one would carry its store from turn to turn.
    napi_create_object(env, &receiver);
    napi_create_int32(env, ready, &count);
    const uint64_t start = uv_hrtime();
    const napi_status status = napi_make_callback(env, nullptr, receiver, dispatch, 1, &count, nullptr);
    Adapt(ready, uv_hrtime() - start);
    if (status == napi_pending_exception) {
      napi_value error;
      if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
    }
  }
  napi_close_handle_scope(env, scope);
}

// The elapsed time includes the microtasks, that is, the handlers: napi_make_callback drains them before it returns.
void Poller::Adapt(int ready, uint64_t elapsed_ns) {
  const uint64_t per_event_ns = elapsed_ns / ready + 1;
  const uint64_t affordable = kTurnBudgetNs / per_event_ns;
  const int grown = ready == asked_ ? asked_ * 2 : ready * 2;
  int next = affordable < static_cast<uint64_t>(grown) ? static_cast<int>(affordable) : grown;
  if (next < kMinEvents) next = kMinEvents;
  if (next > kMaxEvents) next = kMaxEvents;
  asked_ = next;
}

}  // namespace sockwright
