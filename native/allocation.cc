// The operators new and delete, and what a vector calls that would be too long, which is all that the addon would take
// from libstdc++: without it, one binary needs libc alone, and loads wherever Node does. A sanitizer build leaves this
// file out: its runtime brings its own. They are the addon's only, whatever node exports under these names: -Bsymbolic in
// binding.gyp.
#include <cstddef>
#include <cstdlib>
#include <new>

// Without exceptions there is nobody to tell that there is no memory.
void* operator new(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// libstdc++'s name for it; a compiler leaves the call out where it sees that the length is limited.
namespace std {
[[noreturn]] void __throw_length_error(const char*) { abort(); }
}  // namespace std
