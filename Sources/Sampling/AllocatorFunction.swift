import BPFShared

/// A function by which programs get memory or give it back.
enum AllocatorFunction {
  /// How each is called, by its name.
  static let calls: [String: alloc_function] = {
    var calls: [String: alloc_function] = [:]
    for (names, call) in named {
      for name in names { calls[name] = call }
    }
    return calls
  }()

  /// What tells that a file is, or holds, an allocator.
  ///
  /// jemalloc is often built with a prefix, and then serves a language beside the C library's own.
  static let defining: Set<String> = ["malloc", "je_malloc", "_rjem_malloc", "_rjem_mallocx"]

  /// The names, by how they are called.
  ///
  /// Allocators may have an `operator new` of their own; the C++ library's calls `malloc`.
  /// `reallocarray` is left out, for it always ends in `realloc`.
  private static let named: [([String], alloc_function)] = [
    (
      [
        "malloc", "valloc", "pvalloc", "mallocx", "je_malloc", "je_mallocx", "_rjem_malloc",
        "_rjem_mallocx", "_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t",
        "_ZnwmSt11align_val_t", "_ZnamSt11align_val_t", "_ZnwmSt11align_val_tRKSt9nothrow_t",
        "_ZnamSt11align_val_tRKSt9nothrow_t",
      ], ALLOC_SIZE
    ),
    (["calloc", "je_calloc", "_rjem_calloc"], ALLOC_COUNT_SIZE),
    (
      [
        "memalign", "aligned_alloc", "je_memalign", "je_aligned_alloc", "_rjem_memalign",
        "_rjem_aligned_alloc",
      ], ALLOC_ALIGNED
    ),
    (
      ["posix_memalign", "je_posix_memalign", "_rjem_posix_memalign"],
      ALLOC_ALIGNED_BY_OUT
    ),
    (
      [
        "realloc", "rallocx", "je_realloc", "je_rallocx", "_rjem_realloc", "_rjem_rallocx",
      ], ALLOC_AGAIN
    ),
    (
      [
        "free", "cfree", "free_sized", "free_aligned_sized", "dallocx", "sdallocx", "je_free",
        "je_dallocx", "je_sdallocx", "_rjem_free", "_rjem_dallocx", "_rjem_sdallocx", "_ZdlPv",
        "_ZdaPv", "_ZdlPvm", "_ZdaPvm", "_ZdlPvRKSt9nothrow_t", "_ZdaPvRKSt9nothrow_t",
        "_ZdlPvSt11align_val_t", "_ZdaPvSt11align_val_t", "_ZdlPvmSt11align_val_t",
        "_ZdaPvmSt11align_val_t",
      ], ALLOC_FREE
    ),
  ]
}

extension alloc_function {
  /// The registers with the arguments that matter (System V ABI x86-64, 3.2.3).
  var arguments: ProbePlace.Registers {
    switch self {
    case ALLOC_SIZE, ALLOC_FREE: .rdi
    case ALLOC_COUNT_SIZE, ALLOC_AGAIN: [.rdi, .rsi]
    case ALLOC_ALIGNED: .rsi
    default: [.rdi, .rdx]
    }
  }
}
