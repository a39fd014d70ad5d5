import BPFRuntime

/// The tracepoints of block requests as this kernel has them, for `BPF/lib/requests.h`.
package struct BlockHooks {
  /// Until 5.10 all but completions have the queue as an argument before the request.
  package let hasQueueArgument: Bool
  /// The programs, in the order in which they are attached: first those that end something.
  package let programs: [String]

  package init() {
    hasQueueArgument = (KernelTypes.arguments(ofTracepoint: "block_rq_issue") ?? []).count > 1
    // 5.10 may not tell of requests that are merged.
    let merge = KernelTypes.arguments(ofTracepoint: "block_rq_merge") == nil ? [] : [Self.merge]
    programs = merge + ["complete_request", "requeue_request", "issue_request", "insert_request"]
  }

  private static let merge = "merge_request"
}
