import LinuxHost
package import Sampling

extension SampleTarget {
  /// Whose latencies are measured, for people.
  package var words: String {
    switch self {
    case .everything: "all processes"
    case .processes(let pids): "pid " + pids.map(String.init).joined(separator: ", ")
    case .cgroup(let group): "cgroup \(group.path)"
    }
  }
}

extension LatencyLosses {
  /// What went missing, and what helps against it.
  package var sentences: [String] {
    var sentences: [String] = []
    if folded > 0 {
      sentences.append(
        "\(folded) values are counted under 'other': there were too many processes at once "
          + "(measure some of them with -p or --cgroup)")
    }
    if lost > 0 { sentences.append("\(lost) values were not counted: there were too many kinds") }
    if errors > 0 {
      sentences.append("\(errors) errors were not counted by their number: there were too many")
    }
    if beginnings > 0 {
      sentences.append("\(beginnings) events were not measured: too many were under way at once")
    }
    if targets > 0 {
      sentences.append(
        "\(targets) forked processes were not followed: there were too many "
          + "(measure a cgroup instead)")
    }
    for (words, count) in special.sorted(by: { $0.key < $1.key }) {
      sentences.append("\(count) \(words)")
    }
    return sentences
  }
}
