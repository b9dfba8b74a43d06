#include "lingering_closes.h"

#include <csignal>

namespace sockwright {

enum class State { kFree, kWaiting, kFinished };

struct LingeringCloses::Entry {
  State state;
  // Null after its environment has ended.
  LingeringCloses* owner;
  uv_thread_t thread;
  int fd;
  napi_ref on_closed;
};

LingeringCloses::Entry LingeringCloses::entries[kMaxLingering];

namespace {

// Never destroyed, because the threads continue while the process ends.
uv_once_t once = UV_ONCE_INIT;
uv_mutex_t mutex;
bool has_mutex = false;

void InitializeMutex() { has_mutex = uv_mutex_init(&mutex) == 0; }

class Lock {
 public:
  Lock() { uv_mutex_lock(&mutex); }
  ~Lock() { uv_mutex_unlock(&mutex); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

// Blocks all signals in its scope; a thread that is created there inherits the mask. The kernel delivers a signal of the
// process to any thread that does not block it (pthreads(7)), and it would end the wait of close(2).
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

bool LingeringCloses::Start(napi_env env, uv_loop_t* loop) {
  uv_once(&once, InitializeMutex);
  if (!has_mutex || on_closed_ != nullptr) return false;
  if (env_ != nullptr) return true;
  if (uv_async_init(loop, &handle_, OnFinished) != 0) return false;
  handle_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&handle_));
  env_ = env;
  return true;
}

// Returns a free entry, or null. It also joins the finished threads of environments that have ended, which takes no time.
LingeringCloses::Entry* LingeringCloses::TakeFree() {
  for (Entry& entry : entries) {
    if (entry.state == State::kFinished && entry.owner == nullptr) {
      uv_thread_join(&entry.thread);
      entry.state = State::kFree;
    }
    if (entry.state == State::kFree) return &entry;
  }
  return nullptr;
}

bool LingeringCloses::Begin(napi_env env, uv_loop_t* loop, Descriptor& descriptor, napi_ref on_closed) {
  if (!Start(env, loop)) return false;
  Lock lock;
  Entry* entry = TakeFree();
  if (entry == nullptr) return false;
  entry->owner = this;
  entry->fd = descriptor.get();
  entry->on_closed = on_closed;
  uv_thread_options_t options{};
  options.flags = UV_THREAD_HAS_STACK_SIZE;
  options.stack_size = kStackBytes;
  {
    BlockedSignals blocked_signals;
    if (uv_thread_create_ex(&entry->thread, &options, Run, entry) != 0) return false;
  }
  entry->state = State::kWaiting;
  // The descriptor has no owner while close(2) waits, because the kernel reuses its number as soon as close(2) begins.
  descriptor.Release();
  if (waiting_++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&handle_));
  return true;
}

void LingeringCloses::Run(void* data) {
  auto* entry = static_cast<Entry*>(data);
  int fd;
  {
    // Waits until `Begin` has written the whole entry.
    Lock lock;
    fd = entry->fd;
  }
  ::close(fd);
  Lock lock;
  entry->state = State::kFinished;
  if (entry->owner != nullptr) uv_async_send(&entry->owner->handle_);
}

void LingeringCloses::OnFinished(uv_async_t* handle) { static_cast<LingeringCloses*>(handle->data)->CallBackFinished(); }

void LingeringCloses::CallBackFinished() {
  napi_ref finished[kMaxLingering];
  int count = 0;
  {
    Lock lock;
    for (Entry& entry : entries) {
      if (entry.state != State::kFinished || entry.owner != this) continue;
      uv_thread_join(&entry.thread);
      entry.state = State::kFree;
      entry.owner = nullptr;
      finished[count++] = entry.on_closed;
    }
  }
  waiting_ -= count;
  if (count > 0 && waiting_ == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&handle_));
  // A callback may end the environment, as process.exit() does in a worker.
  for (int i = 0; i < count && on_closed_ == nullptr; i++) CallBack(finished[i]);
}

void LingeringCloses::CallBack(napi_ref on_closed) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value callback, receiver;
  napi_get_reference_value(env_, on_closed, &callback);
  napi_delete_reference(env_, on_closed);
  napi_create_object(env_, &receiver);
  if (napi_make_callback(env_, nullptr, receiver, callback, 0, nullptr, nullptr) == napi_pending_exception) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) napi_fatal_exception(env_, error);
  }
  napi_close_handle_scope(env_, scope);
}

void LingeringCloses::Close(void (*on_closed)(void* owner), void* owner) {
  on_closed_ = on_closed;
  owner_ = owner;
  if (env_ == nullptr) {
    on_closed_(owner_);
    return;
  }
  {
    Lock lock;
    for (Entry& entry : entries) {
      if (entry.owner == this) entry.owner = nullptr;
    }
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
    auto* closes = static_cast<LingeringCloses*>(handle->data);
    closes->on_closed_(closes->owner_);
  });
}

}  // namespace sockwright
