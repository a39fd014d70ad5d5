package import ProfileModel

/// Two profiles side by side: per function, and as one call tree that holds the stacks of both.
///
/// Profiles differ in length, so everything is compared as its share of the whole. Functions are
/// told apart by name, because addresses change from build to build.
package struct ProfileDiff: Sendable {
  /// Shares from 0 to 1 of everything in the profile; 0 where it is not in it.
  package struct Shares: Hashable, Sendable {
    package var before = 0.0
    package var after = 0.0
    package var change: Double { after - before }
  }

  package struct Row: Hashable, Sendable {
    package var name: String
    package var module: String
    package var kind: FrameKind
    /// Share of the samples that end in the function.
    package var own: Shares
    /// Share of the samples that the function is anywhere in.
    package var total: Shares

    package var isNew: Bool { total.before == 0 }
    package var isGone: Bool { total.after == 0 }
  }

  /// What a node of the tree stands for.
  package struct Frame: Hashable, Sendable {
    /// Number of the text in `names`.
    package var name: StringTable.ID
    package var kind: FrameKind
    /// Whether it is a process, directly below the root, and no function.
    package var isProcess: Bool
  }

  /// The largest changes of own cost first.
  package private(set) var rows: [Row] = []
  package private(set) var names = StringTable()
  /// Indexed by the keys of the tree's nodes.
  package private(set) var frames: [Frame] = []
  /// Processes, below them the mark of incomplete stacks, and then functions.
  ///
  /// Its own values are not used: see `ownBefore` and `ownAfter`.
  package private(set) var tree = CallTree()
  /// For each node, the weight of the samples that end in it.
  ///
  /// The unit is that of the profiles if they agree, and else the sample.
  package private(set) var ownBefore: [UInt64] = [0]
  package private(set) var ownAfter: [UInt64] = [0]
  private var numbers: [Frame: UInt32] = [:]

  package init(before: Profile, after: Profile) {
    let countsOnly = before.sampleType != after.sampleType
    ownBefore = add(before, countsOnly: countsOnly)
    ownAfter = add(after, countsOnly: countsOnly)
    ownBefore += Array(repeating: 0, count: ownAfter.count - ownBefore.count)
    addRows(ProfileReport(before), ProfileReport(after), countsOnly: countsOnly)
  }

  /// For each node, the weight of it and everything below it, in the profile before.
  package func totalsBefore() -> [UInt64] { totals(ownBefore) }

  /// For each node, the weight of it and everything below it, in the profile after.
  package func totalsAfter() -> [UInt64] { totals(ownAfter) }

  private func totals(_ own: [UInt64]) -> [UInt64] {
    var totals = own
    for node in stride(from: totals.count - 1, to: 0, by: -1) {
      totals[Int(tree.parents[node])] &+= totals[node]
    }
    return totals
  }
}

extension ProfileDiff {
  /// Adds the stacks of a profile to the tree, and returns the weights that end in its nodes.
  private mutating func add(_ profile: Profile, countsOnly: Bool) -> [UInt64] {
    let source = FrameNames(profile)
    let keys = source.frames.map {
      number(of: source.names.bytes(of: $0.name), kind: $0.kind, isProcess: false)
    }
    let processKeys = profile.threads.map {
      let name = ArraySlice(FrameNames.clean(profile.strings.bytes(of: $0.process)))
      return number(of: name, kind: .native, isProcess: true)
    }
    var own = [UInt64](repeating: 0, count: tree.count)
    var path: [UInt32] = []
    for sample in profile.samples where sample.count > 0 {
      path.removeAll(keepingCapacity: true)
      source.append(sample, of: profile, to: &path)
      var node = tree.child(of: 0, key: processKeys[Int(sample.thread)])
      for frame in path { node = tree.child(of: node, key: keys[Int(frame)]) }
      while own.count < tree.count { own.append(0) }
      own[Int(node)] &+= countsOnly ? sample.count : sample.value
    }
    return own
  }

  private mutating func number(
    of name: ArraySlice<UInt8>, kind: FrameKind, isProcess: Bool
  ) -> UInt32 {
    let frame = Frame(name: names.intern(name.span), kind: kind, isProcess: isProcess)
    if let known = numbers[frame] { return known }
    let number = UInt32(frames.count)
    numbers[frame] = number
    frames.append(frame)
    return number
  }

  private mutating func addRows(
    _ before: ProfileReport, _ after: ProfileReport, countsOnly: Bool
  ) {
    func share(_ cost: ProfileReport.Cost, of report: ProfileReport) -> Double {
      let whole = countsOnly ? report.sum.count : report.sum.value
      return whole == 0 ? 0 : Double(countsOnly ? cost.count : cost.value) / Double(whole)
    }
    var byName: [String: Row] = [:]
    for row in before.rows {
      byName[row.name] = Row(
        name: row.name, module: row.module, kind: row.kind,
        own: Shares(before: share(row.own, of: before)),
        total: Shares(before: share(row.total, of: before)))
    }
    for row in after.rows {
      var merged =
        byName[row.name]
        ?? Row(
          name: row.name, module: row.module, kind: row.kind, own: Shares(), total: Shares())
      merged.own.after = share(row.own, of: after)
      merged.total.after = share(row.total, of: after)
      if merged.module.isEmpty { merged.module = row.module }
      byName[row.name] = merged
    }
    rows = byName.values.sorted {
      (abs($1.own.change), abs($1.total.change), $0.name)
        < (abs($0.own.change), abs($0.total.change), $1.name)
    }
  }
}
