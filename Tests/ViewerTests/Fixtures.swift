import ProfileModel

/// Profiles as hosts have them, for looking at and for the browser test.
enum Fixtures {
  /// A small generator with a fixed seed, so that each run writes the same files.
  struct Numbers: RandomNumberGenerator {
    var state: UInt64 = 0x5DEE_CE66
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let mixed = (state ^ state >> 33) &* 0xFF51_AFD7_ED55_8CCD
      return mixed ^ mixed >> 29
    }
  }

  static let syscall = ["k:entry_SYSCALL_64_after_hwframe", "k:do_syscall_64"]

  /// A host with a web server, a database, a compiler, Python, Node and Java.
  static func host(regressed: Bool = false) -> Profile {
    var maker = ProfileMaker()
    addNginx(to: &maker, heavier: regressed)
    addPostgres(to: &maker, old: !regressed)
    addRuntimes(to: &maker)
    addCompiler(to: &maker)
    maker.drop(.ringFull, count: 7)
    maker.profile.ledger.framePointer = 31
    return maker.profile
  }

  private static func addNginx(to maker: inout ProfileMaker, heavier: Bool) {
    let start = [
      "_start@nginx", "__libc_start_main@libc.so.6", "main@nginx", "ngx_master_process_cycle@nginx",
      "ngx_spawn_process@nginx", "ngx_worker_process_cycle@nginx",
      "ngx_process_events_and_timers@nginx", "ngx_epoll_process_events@nginx",
    ]
    let request =
      start + [
        "ngx_http_wait_request_handler@nginx", "ngx_http_process_request_line@nginx",
        "ngx_http_process_request_headers@nginx", "ngx_http_core_run_phases@nginx",
        "ngx_http_core_content_phase@nginx", "ngx_http_static_handler@nginx",
        "ngx_http_output_filter@nginx",
      ]
    for worker in UInt32(0)..<4 {
      let pid = 1200 + worker
      func add(_ stack: [String], _ count: UInt64) {
        maker.add(stack, process: "nginx", pid: pid, count: count)
      }
      add(start + ["epoll_wait@libc.so.6"] + syscall + ["k:do_epoll_wait", "k:ep_poll"], 120)
      add(
        request + [
          "ngx_http_gzip_body_filter@nginx", "deflate@libz.so.1", "deflate_fast@libz.so.1",
        ],
        heavier ? 900 : 340)
      if heavier {
        add(
          request + [
            "ngx_http_gzip_body_filter@nginx", "deflate@libz.so.1", "longest_match@libz.so.1",
          ], 310)
      }
      add(
        request + [
          "ngx_http_write_filter@nginx", "ngx_linux_sendfile_chain@nginx",
          "writev@libc.so.6",
        ] + syscall + [
          "k:vfs_writev", "k:sock_write_iter", "k:tcp_sendmsg",
          "k:tcp_write_xmit", "k:__tcp_transmit_skb", "k:ip_queue_xmit", "k:__dev_queue_xmit",
          "k:dev_hard_start_xmit",
        ], 410)
      add(request + ["ngx_http_chunked_body_filter@nginx"], 45)
      add(
        start + ["ngx_event_accept@nginx", "accept4@libc.so.6"] + syscall + ["k:__sys_accept4"], 64)
      add(start + ["[nginx+0x4f3a0]@nginx"], 12)
    }
  }

  private static func addPostgres(to maker: inout ProfileMaker, old: Bool) {
    let start = [
      "_start@postgres", "__libc_start_main@libc.so.6", "main@postgres", "PostmasterMain@postgres",
      "ServerLoop@postgres", "BackendStartup@postgres", "PostgresMain@postgres",
      "exec_simple_query@postgres", "PortalRun@postgres", "PortalRunSelect@postgres",
      "standard_ExecutorRun@postgres", "ExecHashJoin@postgres",
    ]
    for backend in UInt32(0)..<6 {
      let pid = 2300 + backend * 7
      func add(_ stack: [String], _ count: UInt64, _ reason: IncompleteReason? = nil) {
        maker.add(stack, process: "postgres", pid: pid, incomplete: reason, count: count)
      }
      add(
        start + ["MultiExecHash@postgres", "ExecSeqScan@postgres", "heap_getnextslot@postgres"], 260
      )
      add(start + ["ExecScanHashBucket@postgres", "slot_deform_heap_tuple@postgres"], 320)
      if old { add(start + ["ExecScanHashBucket@postgres", "pglz_decompress@postgres"], 150) }
      add(
        start + [
          "ExecIndexScan@postgres", "index_getnext_slot@postgres", "btgettuple@postgres",
          "_bt_first@postgres", "_bt_compare@postgres",
        ], 180)
      add(
        start + ["ReadBufferExtended@postgres", "pread64@libc.so.6"] + syscall + [
          "k:ksys_pread64",
          "k:ext4_file_read_iter", "k:filemap_read", "k:copy_page_to_iter",
        ], 210)
      add(["ExecInterpExpr@postgres", "[libllvmjit+0x81b2]@llvmjit.so"], 60, .noUnwindInfo)
      add(["j:evalexpr_0_1", "numeric_add@postgres"], 38, .stackCopyTooShort)
    }
  }

  private static func addRuntimes(to maker: inout ProfileMaker) {
    let python = [
      "_start@python3.11", "main@python3.11", "Py_RunMain@libpython3.11.so",
      "_PyEval_EvalFrameDefault@libpython3.11.so",
    ]
    maker.add(
      python + ["i:handler@app.py", "i:render@templates.py", "i:escape@html.py"],
      process: "gunicorn", pid: 3100, count: 700)
    maker.add(
      python + ["i:handler@app.py", "i:loads@json/decoder.py", "scan_once@_json.so"],
      process: "gunicorn", pid: 3100, count: 420)
    let node = [
      "_start@node", "node::Start ⟶ node::Start(int, char**)@node",
      "uv_run@node", "uv__io_poll@node",
      "v8::Function::Call ⟶ v8::Function::Call(v8::Local<v8::Context>, v8::Local<v8::Value>, int)@node",
    ]
    maker.add(
      node + ["j:LazyCompile:*onRequest server.js:31", "j:LazyCompile:*render view.js:7"],
      process: "node", pid: 4100, count: 830)
    maker.add(
      node + [
        "v8::internal::Heap::CollectGarbage ⟶ v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace, v8::internal::GarbageCollectionReason)@node"
      ],
      process: "node", pid: 4100, thread: "V8Worker", tid: 4105, count: 290)
    maker.add(
      [
        "clone3@libc.so.6", "start_thread@libc.so.6", "thread_native_entry@libjvm.so",
        "JavaThread::run ⟶ JavaThread::run()@libjvm.so", "j:java.util.HashMap.get",
        "j:com.acme.Cache.lookup",
      ], process: "java", pid: 5100, thread: "pool-1-thread-3", tid: 5133,
      count: 510)
  }

  private static func addCompiler(to maker: inout ProfileMaker) {
    var numbers = Numbers()
    let passes = ["SROA", "InstCombine", "LoopVectorize", "GVN", "SimplifyCFG", "LICM", "DCE"]
    let base = [
      "_start@clang-14", "main@clang-14", "cc1_main@clang-14",
      "clang::ExecuteCompilerInvocation@libclang-cpp.so", "clang::ParseAST@libclang-cpp.so",
      "clang::EmitBackendOutput@libclang-cpp.so", "llvm::legacy::PassManagerImpl::run@libLLVM.so",
    ]
    for _ in 0..<260 {
      var stack = base
      let pass = passes.randomElement(using: &numbers) ?? "SROA"
      stack.append("llvm::\(pass)Pass::run@libLLVM.so")
      for level in 0..<Int.random(in: 1...26, using: &numbers) {
        stack.append(
          "llvm::\(pass)::visit\(level * 7 % 11 + Int.random(in: 0...2, using: &numbers))@libLLVM.so"
        )
      }
      let pid = UInt32.random(in: 6000...6040, using: &numbers)
      maker.add(
        stack, process: "cc1plus", pid: pid, count: UInt64.random(in: 1...30, using: &numbers))
    }
  }

  /// Names that attack the page, the drawing, or the eye.
  static let hostileNames = [
    "<script>window.pwned=1</script>", "</script><script>window.pwned=2</script>",
    "\"><img src=x onerror=window.pwned=3>", "'; window.pwned=4; '", "]]></style><b>bold</b>",
    "line\nbreak\r\ttab", "nul\u{0}and\u{1b}[31mescape", "abc\u{202e}gnirts\u{2066}\u{200f}", "",
    "{{data}}", "${window.pwned=5}", "operator<< &amp; &lt;", "漢字カナ한글😀", "a;b c",
    String(repeating: "x", count: 10_240), String(repeating: "<b>", count: 3_000), "__proto__",
    "constructor", "toString", "\u{FFFE}\u{FFFF}",
  ]

  static func hostile() -> Profile {
    var maker = ProfileMaker()
    maker.profile.facts.target = "</title><script>window.pwned=6</script>"
    for (index, name) in hostileNames.enumerated() {
      let clean = name.replacing("@", with: "")
      maker.add(
        ["main", clean, "leaf"], process: clean, pid: UInt32(index), thread: clean,
        tid: UInt32(index + 1), incomplete: index % 5 == 0 ? .badFrame : nil,
        count: UInt64(10 + index))
    }
    let thread = maker.thread("app", pid: 9, name: "app", tid: 9)
    // A location without a function, and one that is not in the table.
    maker.profile.locations.append(Location(mapping: nil, offset: 0x1234))
    let unsymbolized = UInt32(maker.profile.locations.count - 1)
    maker.add([unsymbolized, 0, UInt32.max], thread: thread, count: 5)
    maker.add([], thread: 4_000_000, count: 2)
    return maker.profile
  }

  /// Distinct stacks of one depth whose frames branch as in real programs: most near the leaves.
  static func large(stacks: Int, depth: Int, functions: Int) -> Profile {
    var maker = ProfileMaker()
    var numbers = Numbers()
    let locations = (0..<functions).map {
      maker.location("namespace\($0 % 97)::function_\($0)@lib\($0 % 40).so")
    }
    let threads = (0..<64).map {
      maker.thread("worker-\($0 % 8)", pid: UInt32($0 % 8), name: "t\($0)", tid: UInt32(1000 + $0))
    }
    var stack = (0..<depth).map { _ in locations.randomElement(using: &numbers) ?? 0 }
    for _ in 0..<stacks {
      // Root at the end: the shared part is the callers, the changed part is the leaves.
      let changed = min(depth, 1 + Int(numbers.next() % 8) * Int(numbers.next() % 6))
      for level in 0..<changed { stack[level] = locations.randomElement(using: &numbers) ?? 0 }
      maker.add(
        stack, thread: threads.randomElement(using: &numbers) ?? 0,
        incomplete: numbers.next() % 50 == 0 ? .stackCopyTooShort : nil,
        count: 1 + numbers.next() % 4)
    }
    return maker.profile
  }
}
