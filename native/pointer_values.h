// Which values that setsockopt(2) and sendmsg(2) take have a pointer in them. JavaScript has none to give, and the kernel
// would read or write at any address of the process that the bytes happen to name: none of them reaches it.
#pragma once

namespace sockwright {

// The value of an option, by its level.
bool OptionHasPointer(int level, int option);

// The data of a control message, by its level.
bool ControlHasPointer(int level, int type);

}  // namespace sockwright
