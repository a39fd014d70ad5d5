import ProfileModel

/// Adds up the samples of a profile by function and process, or by reason, function and process.
struct TopRanking {
  /// Numbers instead of texts, which are only made once a row.
  private struct Group: Hashable {
    var reason: UInt32?
    var frame: UInt32?
    var process: StringTable.ID
  }

  private let profile: Profile
  private let frames: FrameNames
  private let places: [Place]
  private var numbers: [Group: Int] = [:]
  private var groups: [Group] = []
  private var sums: [TopRow] = []
  private var threads: [Set<UInt32>] = []
  /// By frame, the sample that counted it last: a function that recurses counts once.
  private var lastSample: [UInt64]
  private var sampleNumber: UInt64 = 0

  /// What a frame tells about where a thread waits.
  private enum Place {
    /// Not code: what is waited for.
    case reason
    /// Code that somebody wrote for this program.
    case program
    /// A library's or a runtime's wrapper of the call that waits.
    case wrapper
    case kernel
    /// The kernel's scheduler, which is below every wait.
    case scheduler
    case mark
  }

  init(_ profile: Profile) {
    self.profile = profile
    frames = FrameNames(profile)
    lastSample = [UInt64](repeating: 0, count: frames.frames.count)
    let names = frames
    places = frames.frames.indices.map { index in
      let frame = names.frames[index]
      return Self.place(
        of: names[name: UInt32(index)], module: profile.strings[frame.module], frame.kind)
    }
  }

  /// What was added, each with its texts; equal texts are one row.
  var rows: [TopRow] {
    var rows: [TopRow] = []
    var known: [TopRow.Key: Int] = [:]
    for (number, group) in groups.enumerated() {
      var row = TopRow(key: key(of: group))
      row.add(sums[number])
      row.threads = threads[number].count
      if let index = known[row.key] {
        rows[index].add(row)
      } else {
        known[row.key] = rows.count
        rows.append(row)
      }
    }
    return rows
  }

  /// Adds to every function of a stack.
  ///
  /// - Returns: whether the sample counts.
  mutating func addStack(_ sample: Sample) -> Bool {
    guard let thread = thread(of: sample) else { return false }
    sampleNumber += 1
    let stack = profile.stacks[sample.stack]
    var isLeaf = true
    for location in stack {
      let frame = frames.frame(ofLocation: location)
      guard places[Int(frame)] != .reason, places[Int(frame)] != .mark else { continue }
      let isNew = lastSample[Int(frame)] != sampleNumber
      guard isLeaf || isNew else { continue }
      lastSample[Int(frame)] = sampleNumber
      let group = Group(reason: nil, frame: frame, process: thread.process)
      add(sample, thread, to: group, isOwn: isLeaf)
      isLeaf = false
    }
    if isLeaf {
      // Nothing is known of where it ran.
      let mark = sample.incomplete.flatMap { frames.frame(ofMark: $0) }
      add(sample, thread, to: Group(frame: mark, process: thread.process), isOwn: true)
    }
    return true
  }

  /// Adds to what was waited for, and to the function that waited.
  ///
  /// - Returns: whether the sample counts; a wait that has not ended has no stack, and does not.
  mutating func addWait(_ sample: Sample) -> Bool {
    guard let thread = thread(of: sample) else { return false }
    let stack = profile.stacks[sample.stack].map { frames.frame(ofLocation: $0) }
    let reasons = stack.prefix { places[Int($0)] == .reason }
    if let reason = reasons.last, frames[name: reason] == Self.unfinished { return false }
    let code = stack.dropFirst(reasons.count)
    let frame =
      Self.first(of: [.program, .wrapper, .kernel, .scheduler], in: code, places)
      ?? sample.incomplete.flatMap { frames.frame(ofMark: $0) }
    let group = Group(reason: reasons.last, frame: frame, process: thread.process)
    add(sample, thread, to: group, isOwn: true)
    return true
  }

  private static let unfinished = "[still waiting]"

  /// The innermost frame of the first kind that there is.
  private static func first(
    of wanted: [Place], in code: ArraySlice<UInt32>, _ places: [Place]
  ) -> UInt32? {
    for place in wanted {
      if let frame = code.first(where: { places[Int($0)] == place }) { return frame }
    }
    return nil
  }

  private func thread(of sample: Sample) -> ThreadIdentity? {
    Int(sample.thread) < profile.threads.count ? profile.threads[Int(sample.thread)] : nil
  }

  private mutating func add(
    _ sample: Sample, _ thread: ThreadIdentity, to group: Group, isOwn: Bool
  ) {
    let number = numbers[group] ?? append(group)
    if isOwn { sums[number].own &+= sample.value }
    sums[number].total &+= sample.value
    sums[number].samples &+= sample.count
    sums[number].add(pid: thread.pid)
    threads[number].insert(thread.tid)
  }

  private mutating func append(_ group: Group) -> Int {
    let number = groups.count
    numbers[group] = number
    groups.append(group)
    sums.append(TopRow(key: TopRow.Key(function: "", module: "", process: "")))
    threads.append([])
    return number
  }

  private func key(of group: Group) -> TopRow.Key {
    let process = FrameNames.clean(profile.strings.bytes(of: group.process))
    let frame = group.frame.map { frames.frames[Int($0)] }
    let module = frame.map { FrameNames.clean(profile.strings.bytes(of: $0.module)) } ?? []
    return TopRow.Key(
      reason: group.reason.map { Self.bare(frames[name: $0]) } ?? "",
      function: group.frame.map { frames[name: $0] } ?? "[unknown]",
      module: String(decoding: module, as: UTF8.self),
      process: String(decoding: process, as: UTF8.self))
  }

  /// `lock` for `[lock]`.
  private static func bare(_ mark: String) -> String {
    guard mark.hasPrefix("["), mark.hasSuffix("]"), mark.count > 2 else { return mark }
    return String(mark.dropFirst().dropLast())
  }
}

// What frames are.
extension TopRanking {
  private static let libraries = [
    "libc.so", "libc-2", "libpthread", "librt", "ld-linux", "ld-musl",
  ]
  private static let runtimes = ["runtime.", "internal/", "syscall."]
  private static let schedulers = [
    "schedule", "__schedule", "io_schedule", "preempt_schedule", "__cond_resched", "__traceiter",
    "bpf_trace", "bpf_prog",
  ]

  private static func place(of name: String, module: String, _ kind: FrameKind) -> Place {
    switch kind {
    case .synthetic: return .reason
    case .mark: return .mark
    case .kernel: return schedulers.contains { name.hasPrefix($0) } ? .scheduler : .kernel
    case .jit, .interpreted: return .program
    case .native:
      let wraps =
        libraries.contains { module.hasPrefix($0) } || runtimes.contains { name.hasPrefix($0) }
      return wraps ? .wrapper : .program
    }
  }
}
