// The functions that the addon would otherwise need from libstdc++: operator new, operator delete, and the one that a
// vector calls when it would become too long. With them, one binary needs libc alone and loads wherever Node does. A
// sanitizer build leaves this file out, because its runtime defines its own. -Bsymbolic in binding.gyp makes the addon
// use these functions, although node exports others under the same names.
#include <cstddef>
#include <cstdlib>
#include <new>

// The addon is built without exceptions, so a failed allocation cannot be reported to the caller.
void* operator new(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// libstdc++'s name of the function. The compiler omits the call where it can prove that the length is limited.
namespace std {
[[noreturn]] void __throw_length_error(const char*) { abort(); }
}  // namespace std
