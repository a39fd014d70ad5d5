package import ProfileModel

/// The functions of a profile with what they cost, costliest first.
///
/// Functions are told apart by their name alone, as `go tool pprof -top` does, so both show the
/// same rows. A function that recurses counts once in a stack.
package struct ProfileReport: Sendable {
  package struct Row: Hashable, Sendable {
    /// The name as every format shows it, suffix of the kind included.
    package var name: String
    /// The module that has most of the cost, then `+N` for others with a function of this name.
    package var module: String
    package var kind: FrameKind
    /// Cost of the samples that end in the function.
    package var own: Cost
    /// Cost of the samples that the function is anywhere in.
    package var total: Cost
  }

  /// A number of observations and their sum in the unit of the profile.
  package struct Cost: Hashable, Sendable {
    package var count: UInt64 = 0
    package var value: UInt64 = 0

    mutating func add(_ sample: Sample) {
      count &+= sample.count
      value &+= sample.value
    }
  }

  package let sampleType: SampleType
  package let period: UInt64
  package let ledger: Ledger
  package private(set) var rows: [Row] = []
  /// Cost of all samples.
  package private(set) var sum = Cost()

  package init(_ profile: Profile) {
    sampleType = profile.sampleType
    period = profile.period
    ledger = profile.ledger
    let frames = FrameNames(profile)
    var own = [Cost](repeating: Cost(), count: frames.names.count)
    var total = own
    var modules = [UInt64](repeating: 0, count: frames.frames.count)
    var lastSample = [Int](repeating: -1, count: frames.names.count)
    var path: [UInt32] = []
    for (index, sample) in profile.samples.enumerated() {
      sum.add(sample)
      path.removeAll(keepingCapacity: true)
      frames.append(sample, of: profile, to: &path)
      for frame in path {
        let name = Int(frames.frames[Int(frame)].name.index)
        guard lastSample[name] != index else { continue }
        lastSample[name] = index
        total[name].add(sample)
        modules[Int(frame)] &+= sample.count
      }
      if let leaf = path.last { own[Int(frames.frames[Int(leaf)].name.index)].add(sample) }
    }
    let chosen = Self.modules(of: frames, weights: modules)
    rows = chosen.map { name, choice in
      var module = profile.strings[frames.frames[choice.frame].module]
      if choice.others > 0 { module += " +\(choice.others)" }
      return Row(
        name: frames.names[StringTable.ID(index: name)], module: module,
        kind: frames.frames[choice.frame].kind, own: own[Int(name)], total: total[Int(name)])
    }
    rows.removeAll { $0.total.count == 0 }
    rows.sort {
      ($1.own.value, $1.total.value, $0.name) < ($0.own.value, $0.total.value, $1.name)
    }
  }

  /// For each name, its costliest frame and how many frames of other modules share it.
  private static func modules(
    of frames: FrameNames, weights: [UInt64]
  ) -> [UInt32: (frame: Int, others: Int)] {
    var chosen: [UInt32: (frame: Int, others: Int)] = [:]
    for (index, frame) in frames.frames.enumerated() where weights[index] > 0 {
      guard let known = chosen[frame.name.index] else {
        chosen[frame.name.index] = (index, 0)
        continue
      }
      let costlier = weights[index] > weights[known.frame] ? index : known.frame
      chosen[frame.name.index] = (costlier, known.others + 1)
    }
    return chosen
  }
}
