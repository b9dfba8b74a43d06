// Tells which values of setsockopt(2) and sendmsg(2) contain a pointer. JavaScript has no valid pointer, and the kernel would
// read or write memory of the process at the address that the bytes form, so the addon refuses these values.
#pragma once

namespace sockwright {

// Returns whether the value of the option contains a pointer.
bool OptionHasPointer(int level, int option);

// Returns whether the data of the control message contains a pointer.
bool ControlHasPointer(int level, int type);

}  // namespace sockwright
