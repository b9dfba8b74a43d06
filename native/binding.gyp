{
  "variables": { "sanitize%": 0 },
  "targets": [
    {
      "target_name": "sockwright",
      "sources": [
        "addon.cc",
        "arguments.cc",
        "calls_addressing.cc",
        "calls_batches.cc",
        "calls_datagrams.cc",
        "calls_files.cc",
        "calls_lifecycle.cc",
        "calls_lookups.cc",
        "calls_messages.cc",
        "calls_names.cc",
        "calls_options.cc",
        "calls_polling.cc",
        "calls_services.cc",
        "calls_transfer.cc",
        "constants.cc",
        "environment.cc",
        "lingering_closes.cc",
        "owned_descriptors.cc",
        "pointer_values.cc",
        "poller.cc",
        "slot_table.cc",
        "transfer_frame.cc",
      ],
      "defines": ["NAPI_VERSION=9"],
      "cflags!": ["-O3"],
      "cflags": ["-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fno-rtti", "-fvisibility-inlines-hidden"],
      # nodelete: without it, a worker thread that alone loaded the addon would unmap it while its cleanup still runs.
      "ldflags": ["-Wl,-z,nodelete", "-Wl,--gc-sections"],
      "conditions": [
        ["sanitize==1", {
          "cflags": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"],
          "ldflags": ["-fsanitize=address,undefined"],
        }, {
          # The addon needs only libc.so.6, of any age. It does not need libstdc++, since allocation.cc replaces the parts
          # that it would use, nor fcntl64, which needs glibc 2.28. scripts/check-prebuilt.mjs checks this.
          "sources": ["allocation.cc"],
          "defines!": ["_FILE_OFFSET_BITS=64"],
          "ldflags": ["-nodefaultlibs", "-Wl,-Bsymbolic", "-s"],
          "libraries": ["-lc"],
        }],
      ],
    },
  ],
}
