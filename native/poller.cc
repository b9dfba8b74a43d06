#include "poller.h"

#include <cerrno>

#include "environment.h"

namespace sockwright {

int Poller::Start(napi_value dispatch, napi_value records) {
  if (started()) return -EALREADY;
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return -errno;
  if (!SetReference(dispatch, &dispatch_) || !SetReference(records, &records_)) return -ENOMEM;
  if (int error = uv_poll_init(owner_.loop(), &handle_, epoll.get()); error != 0) return error;
  handle_.data = this;
  epoll_ = std::move(epoll);
  if (int error = uv_poll_start(&handle_, UV_READABLE, OnReadable); error != 0) return error;
  SetReferenced(false);
  return 0;
}

bool Poller::SetReference(napi_value value, napi_ref* reference) {
  if (*reference != nullptr) napi_delete_reference(owner_.env(), *reference);
  *reference = nullptr;
  return napi_create_reference(owner_.env(), value, 1, reference) == napi_ok;
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

void Poller::Close(void (*on_closed)(void* owner)) {
  on_closed_ = on_closed;
  is_closing_ = true;
  if (!started()) {
    on_closed_(&owner_);
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
    auto* poller = static_cast<Poller*>(handle->data);
    poller->epoll_.Close();
    poller->on_closed_(&poller->owner_);
  });
}

// While records are left over, their sockets are still ready, so libuv calls this again. If they are no longer ready, the
// records are stale and wait for the next event; a handler that then finds nothing to do loses nothing.
void Poller::OnReadable(uv_poll_t* handle, int, int) {
  // The status is ignored, because an epoll descriptor has no error condition.
  static_cast<Poller*>(handle->data)->Turn();
}

void Poller::Turn() {
  if (next_ == ready_) {
    next_ = 0;
    // A negative count is EINTR; epoll is level-triggered and reports the same events again in the next turn.
    const int ready = epoll_wait(epoll_.get(), events_.data(), requested_, 0);
    ready_ = ready > 0 ? ready : 0;
  }
  const int begin = next_;
  const uint64_t start = uv_hrtime();
  uint64_t elapsed_ns = 0;
  // Every record that epoll_wait returned is dispatched. Records for which this turn has no time left come first in the next
  // turn, which then makes no epoll_wait, so that sockets which are ready again cannot overtake them.
  while (next_ < ready_ && elapsed_ns < kTurnBudgetNs && DispatchPortion() > 0) elapsed_ns = uv_hrtime() - start;
  if (next_ > begin && !is_closing_) Adapt(next_ - begin, elapsed_ns);
}

int Poller::DispatchPortion() {
  // A handler of the previous portion may have ended the environment, as process.exit() does in a worker.
  if (is_closing_) return 0;
  napi_env env = owner_.env();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return 0;

  // The array is looked up again for each portion: JavaScript may have detached it, and then its length is 0.
  napi_value records = nullptr;
  size_t length = 0;
  void* data = nullptr;
  napi_get_reference_value(env, records_, &records);
  napi_get_typedarray_info(env, records, nullptr, &length, &data, nullptr, nullptr);
  int count = ready_ - next_;
  if (count > kMaxPortion) count = kMaxPortion;
  if (count > requested_) count = requested_;
  const int capacity = static_cast<int>(length / kInt32sPerRecord);
  if (count > capacity) count = capacity;

  if (count > 0) {
    auto* record = static_cast<int32_t*>(data);
    for (int i = next_; i < next_ + count; i++) {
      *record++ = static_cast<int32_t>(events_[i].data.u64 & 0xffffffffu);
      *record++ = static_cast<int32_t>(events_[i].data.u64 >> 32);
      *record++ = static_cast<int32_t>(events_[i].events);
    }
    next_ += count;
    napi_value dispatch, receiver, argument;
    napi_get_reference_value(env, dispatch_, &dispatch);
    // A new receiver each time, in the root asynchronous context: a reused one would carry its AsyncLocalStorage store from
    // turn to turn.
    napi_create_object(env, &receiver);
    napi_create_int32(env, count, &argument);
    const napi_status status = napi_make_callback(env, nullptr, receiver, dispatch, 1, &argument, nullptr);
    if (status == napi_pending_exception) {
      napi_value error;
      if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
    } else if (status != napi_ok) {
      // JavaScript can no longer be called, because the environment is about to end.
      count = 0;
    }
  }
  napi_close_handle_scope(env, scope);
  return count;
}

// Sets how many events the next turn requests. The elapsed time includes the microtasks, and so the handlers:
// napi_make_callback runs them before it returns.
void Poller::Adapt(int dispatched, uint64_t elapsed_ns) {
  const uint64_t per_event_ns = elapsed_ns / dispatched + 1;
  const uint64_t affordable = kTurnBudgetNs / per_event_ns;
  const int grown = dispatched * 2;
  int next = affordable < static_cast<uint64_t>(grown) ? static_cast<int>(affordable) : grown;
  if (next < kMinEvents) next = kMinEvents;
  if (next > kMaxEvents) next = kMaxEvents;
  requested_ = next;
}

}  // namespace sockwright
