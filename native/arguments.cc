#include "arguments.h"

#include <cstdio>
#include <cstring>

namespace sockwright {

Arguments::Arguments(napi_env env, napi_callback_info info, size_t count) : env_(env) {
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, values_.data(), nullptr, &data);
  environment_ = static_cast<Environment*>(data);
}

bool Arguments::Fail(size_t index, const char* expected) const {
  std::array<char, 128> message;
  snprintf(message.data(), message.size(), "Argument %zu of a native call must be %s", index, expected);
  napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", message.data());
  return false;
}

bool Arguments::FailRange(size_t index, int64_t min, int64_t max) const {
  std::array<char, 80> expected;
  snprintf(expected.data(), expected.size(), "from %lld to %lld", static_cast<long long>(min),
           static_cast<long long>(max));
  return Fail(index, expected.data());
}

bool Arguments::IsUndefined(size_t index) const {
  napi_valuetype type;
  return napi_typeof(env_, values_[index], &type) == napi_ok && type == napi_undefined;
}

bool Arguments::IsFunction(size_t index) const {
  napi_valuetype type;
  return napi_typeof(env_, values_[index], &type) == napi_ok && type == napi_function;
}

bool Arguments::IsNumber(size_t index) const {
  napi_valuetype type;
  return napi_typeof(env_, values_[index], &type) == napi_ok && type == napi_number;
}

// Reads a double, because the integer conversions of Node-API turn NaN into 0 and truncate a number that is too large.
bool Arguments::Integer(size_t index, int64_t min, int64_t max, int64_t* out) const {
  double number;
  if (napi_get_value_double(env_, values_[index], &number) != napi_ok) return Fail(index, "a number");
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max))) return FailRange(index, min, max);
  *out = static_cast<int64_t>(number);
  return static_cast<double>(*out) == number || Fail(index, "an integer");
}

bool Arguments::Int32(size_t index, int32_t* out) const {
  int64_t value = 0;
  if (!Integer(index, INT32_MIN, INT32_MAX, &value)) return false;
  *out = static_cast<int32_t>(value);
  return true;
}

bool Arguments::Uint32(size_t index, uint32_t* out) const {
  int64_t value = 0;
  if (!Integer(index, 0, UINT32_MAX, &value)) return false;
  *out = static_cast<uint32_t>(value);
  return true;
}

bool Arguments::Position(size_t index, int64_t* out) const { return Integer(index, 0, (int64_t{1} << 53) - 1, out); }

bool Arguments::Bool(size_t index, bool* out) const {
  return napi_get_value_bool(env_, values_[index], out) == napi_ok || Fail(index, "a boolean");
}

bool Arguments::View(napi_value value, std::span<std::byte>* out) const {
  napi_typedarray_type type = napi_int8_array;  // unchanged when Node does not know the type
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_uint8_array) return false;
  *out = {static_cast<std::byte*>(data), length};
  return true;
}

bool Arguments::Bytes(size_t index, std::span<std::byte>* out) const {
  return View(values_[index], out) || Fail(index, "a Uint8Array");
}

bool Arguments::Int32s(size_t index, std::span<int32_t>* out) const {
  napi_typedarray_type type = napi_int8_array;  // unchanged when Node does not know the type
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array) {
    return Fail(index, "an Int32Array");
  }
  *out = {static_cast<int32_t*>(data), length};
  return true;
}

bool Arguments::Range(size_t index, std::span<std::byte>* out) const {
  std::span<std::byte> bytes;
  int64_t offset, length;
  if (!View(values_[index], &bytes)) return Fail(index, "a Uint8Array");
  const auto size = static_cast<int64_t>(bytes.size());
  if (!Integer(index + 1, 0, size, &offset) || !Integer(index + 2, 0, size - offset, &length)) return false;
  *out = bytes.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
  return true;
}

bool Arguments::FramedRange(int32_t offset, int32_t length, std::span<std::byte>* out) const {
  std::span<std::byte> bytes;
  if (!View(values_[0], &bytes)) return Fail(2, "a Uint8Array");
  const auto size = static_cast<int64_t>(bytes.size());
  if (offset < 0 || offset > size) return FailRange(3, 0, size);
  if (length < 0 || length > size - offset) return FailRange(4, 0, size - offset);
  *out = bytes.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
  return true;
}

bool Arguments::Buffers(size_t index, Vectors& vectors, std::span<iovec>* out) const {
  std::array<napi_value, kMaxBuffers> elements;
  uint32_t count = 0;
  if (napi_get_array_length(env_, values_[index], &count) != napi_ok || count > kMaxBuffers) {
    return Fail(index, "an array of at most 1024 Uint8Arrays");
  }
  // All elements are read before the memory of any: reading an element may run a getter, which may detach an earlier one.
  for (uint32_t i = 0; i < count; i++) {
    if (napi_get_element(env_, values_[index], i, &elements[i]) != napi_ok) return Fail(index, "a plain array");
  }
  for (uint32_t i = 0; i < count; i++) {
    std::span<std::byte> bytes;
    if (!View(elements[i], &bytes)) return Fail(index, "an array of Uint8Arrays");
    vectors[i] = {bytes.data(), bytes.size()};
  }
  *out = {vectors.data(), count};
  return true;
}

bool Arguments::Address(size_t index, AddressIn* out) const {
  std::span<std::byte> bytes;
  if (!View(values_[index], &bytes) || bytes.size() > sizeof(out->storage)) {
    return Fail(index, "a Uint8Array of at most 128 bytes that holds a sockaddr");
  }
  if (bytes.size() > 0) memcpy(&out->storage, bytes.data(), bytes.size());
  out->length = static_cast<socklen_t>(bytes.size());
  return true;
}

bool Arguments::AddressBuffer(size_t index, AddressOut* out) const {
  std::span<std::byte> bytes;
  if (!View(values_[index], &bytes) || bytes.size() < sizeof(int32_t) ||
      reinterpret_cast<uintptr_t>(bytes.data()) % alignof(int32_t) != 0) {
    return Fail(index, "a Uint8Array for an int32 and a sockaddr, aligned for the int32");
  }
  out->length = reinterpret_cast<int32_t*>(bytes.data());
  out->address = reinterpret_cast<sockaddr*>(bytes.data() + sizeof(int32_t));
  out->capacity = static_cast<socklen_t>(bytes.size() - sizeof(int32_t));
  return true;
}

bool Arguments::Text(size_t index, std::span<char> out) const {
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, values_[index], out.data(), out.size(), &length) != napi_ok) {
    return Fail(index, "a string");
  }
  return strlen(out.data()) == length || Fail(index, "a string without NUL");
}

// Node-API truncates between characters, which have up to four bytes.
bool Arguments::WholeText(size_t index, std::span<char> out) const {
  return Text(index, out) && (strlen(out.data()) + 4 < out.size() || Fail(index, "a shorter string"));
}

bool Arguments::Function(size_t index) const { return IsFunction(index) || Fail(index, "a function"); }

Slot* Arguments::FindSlotAt(size_t index, bool* ok) const {
  uint32_t slot, generation;
  *ok = Uint32(index, &slot) && Uint32(index + 1, &generation);
  return *ok ? environment_->slots().Find(slot, generation) : nullptr;
}

}  // namespace sockwright
