/// Something that wick can do on some hosts only.
///
/// One table of probes, made at start; the rest of the code asks the table.
package enum Feature: String, CaseIterable, Sendable {
  /// Loading BPF programs and attaching them to perf events.
  case sampling
  /// Following forks, and forgetting processes that have gone.
  case processLifetimes = "process lifetimes"
  /// Knowing when the processes that were to be sampled have ended.
  case processTargets = "process targets"
  /// Being told of programs and libraries that are loaded.
  case processEvents = "process events"
  /// Watching threads wait, for something or for a CPU.
  case waits
  /// Watching system calls.
  case systemCalls = "system calls"
  /// Watching requests to block devices.
  case blockIO = "block I/O"
  /// Watching memory become resident.
  case pageFaults = "page faults"
  /// Watching the functions by which a process gets its memory.
  case allocations
  /// Counting how long things take, in the kernel.
  case callLatency = "latency of system calls"
  case queueLatency = "latency of the run queue"
  case blockLatency = "latency of block I/O"
  case tcpLatency = "latency of TCP"
  case dnsLatency = "latency of DNS"
  /// Sampling by the processor's cycles instead of the clock.
  case cycleCounter = "cycle counter"
  /// Type information of the kernel, without which programs cannot read kernel structures.
  case kernelTypes = "kernel types (BTF)"
  /// Names of kernel functions.
  case kernelSymbols = "kernel symbols"
  /// Opening the very file that is mapped, even if it was deleted.
  case mappedFiles = "mapped files"
  /// Reading the mappings of processes of other users.
  case otherProcesses = "other processes"
  /// Seeing that there are processes at all.
  case allProcesses = "all processes"
  /// Reading files that only their owner may read.
  case otherFiles = "files of other users"
  /// The hierarchy of control groups, in either version.
  case controlGroups = "control groups"
  /// How long tasks waited for what they need.
  case pressure = "pressure stall information"
  /// Keeping unwind tables from one run to the next.
  case tableCache = "table cache"
  /// Keeping profiles, and what could not be sent yet.
  case storage
}

extension Feature {
  /// What of the kernel and the host it needs, as doctor lists it.
  package var uses: String {
    switch self {
    case .sampling: "program sample_on_cpu (perf_event), CAP_BPF, CAP_PERFMON"
    case .processLifetimes:
      "programs follow_child, forget_process (tp_btf/sched_process_fork, sched_process_free)"
    case .processTargets: "program mark_ended (tp_btf/sched_process_exit)"
    case .processEvents: "perf events of mmap, exec, fork and exit, CAP_PERFMON"
    case .waits:
      "programs watch_switch, watch_wakeup and others (tp_btf/sched_switch, sched_wakeup, "
        + "sched_wakeup_new, sched_process_exit, sched_process_exec, raw_tp/sys_exit)"
    case .systemCalls:
      "programs enter_call, leave_call, forget_call (raw_tp/sys_enter, sys_exit, "
        + "tp_btf/sched_process_exit)"
    case .blockIO:
      "programs insert_request, issue_request, complete_request (tp_btf/block_rq_insert, "
        + "block_rq_issue, raw_tp/block_rq_complete)"
    case .pageFaults:
      "programs watch_fault, watch_kernel_fault, watch_huge_page (raw_tp/page_fault_user, "
        + "page_fault_kernel, tp_btf/mm_page_alloc)"
    case .allocations: "uprobes on malloc, free and others, of the C library or another allocator"
    case .callLatency: "programs begin_call, end_call (raw_tp/sys_enter, sys_exit)"
    case .queueLatency:
      "programs wake_thread, switch_threads (tp_btf/sched_wakeup, sched_wakeup_new, sched_switch)"
    case .blockLatency:
      "programs issue_request, complete_request (tp_btf/block_rq_insert, block_rq_issue, "
        + "raw_tp/block_rq_complete)"
    case .tcpLatency:
      "programs change_state, receive_segment and others (tp_btf/inet_sock_set_state, tcp_probe, "
        + "tcp_rcv_space_adjust, tcp_retransmit_skb, tcp_receive_reset, tcp_send_reset)"
    case .dnsLatency:
      "programs send_packet, receive_packet (tp_btf/net_dev_queue, netif_receive_skb)"
    case .cycleCounter: "perf event cpu-cycles"
    case .kernelTypes: "/sys/kernel/btf/vmlinux"
    case .kernelSymbols: "/proc/kallsyms, CAP_SYSLOG"
    case .mappedFiles: "/proc/PID/map_files, CAP_CHECKPOINT_RESTORE"
    case .otherProcesses: "/proc/PID/exe, root and mem, CAP_SYS_PTRACE"
    case .allProcesses: "/proc of the host, without hidepid"
    case .otherFiles: "executables and environments, CAP_DAC_READ_SEARCH"
    case .controlGroups: "/sys/fs/cgroup"
    case .pressure: "/proc/pressure"
    case .tableCache: "/var/cache/wick"
    case .storage: "/var/lib/wick"
    }
  }

  /// What is lost without it.
  package var loss: String {
    switch self {
    case .sampling, .kernelTypes, .processLifetimes, .processEvents: "nothing can be profiled"
    case .processTargets: "single processes cannot be profiled (record -p)"
    case .waits: "time that threads wait cannot be profiled"
    case .systemCalls: "time in system calls cannot be profiled"
    case .blockIO: "block I/O cannot be profiled"
    case .pageFaults: "growth of memory cannot be profiled"
    case .allocations: "allocations cannot be profiled"
    case .callLatency: "latency of system calls cannot be measured"
    case .queueLatency: "how long threads wait for a CPU cannot be counted"
    case .blockLatency: "latency of block I/O cannot be measured"
    case .tcpLatency: "latency and losses of TCP connections cannot be measured"
    case .dnsLatency: "latency of DNS queries cannot be measured"
    case .cycleCounter: "nothing: the kernel's clock triggers the samples instead"
    case .kernelSymbols: "kernel functions have addresses instead of names"
    case .mappedFiles:
      "programs that were deleted or replaced while they run have incomplete stacks"
    case .otherProcesses: "programs of other users have incomplete stacks"
    case .allProcesses: "programs that cannot be seen have incomplete stacks and no metrics"
    case .otherFiles:
      "programs that only their owner may read have incomplete stacks, and services are not "
        + "known by what their environment says"
    case .controlGroups: "control groups have no metrics and cannot be profiled (record --cgroup)"
    case .pressure: "there are no metrics of pressure"
    case .tableCache: "unwind tables are built again at each start, which costs CPU time"
    case .storage: "profiles and what could not be sent are lost when wick ends"
    }
  }

  /// The commands that need it and that do without it otherwise; nil where it is for all, or for the
  /// agent.
  package var commands: String? {
    switch self {
    case .waits: "record -e off-cpu, wall or runqueue; top"
    case .systemCalls: "record -e syscalls"
    case .blockIO: "record -e block"
    case .pageFaults: "record -e faults"
    case .allocations: "record -e alloc; /debug/pprof/allocs of the agent"
    case .callLatency: "latency syscalls"
    case .queueLatency: "latency runqueue"
    case .blockLatency: "latency block"
    case .tcpLatency: "latency tcp"
    case .dnsLatency: "latency dns"
    case .processTargets: "record -p"
    default: nil
    }
  }

  /// What a recording uses, whatever it is of.
  package static let ofRecording: Set<Feature> = [
    .sampling, .processLifetimes, .processEvents, .kernelTypes, .kernelSymbols, .mappedFiles,
    .otherProcesses, .allProcesses, .otherFiles, .tableCache,
  ]

  /// What the daemon uses.
  ///
  /// - Parameters:
  ///   - profiling: whether it profiles.
  ///   - metrics: whether it collects metrics.
  ///   - storage: whether it keeps anything on disk.
  /// - Returns: what is to work, extras included.
  package static func ofAgent(profiling: Bool, metrics: Bool, storage: Bool) -> Set<Feature> {
    var wanted: Set<Feature> = [.otherProcesses, .allProcesses, .otherFiles]
    if profiling { wanted.formUnion(ofRecording.union([.cycleCounter])) }
    if metrics { wanted.formUnion([.controlGroups, .pressure]) }
    if storage { wanted.insert(.storage) }
    return wanted
  }

  /// What must work for anything to be profiled.
  package static let ofSampling: [Feature] = [
    .sampling, .kernelTypes, .processLifetimes, .processEvents,
  ]

  /// Whether wick does its job as well without it.
  package var isExtra: Bool { self == .cycleCounter || self == .pressure }
}
