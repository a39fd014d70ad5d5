package import ProfileModel

/// The JSON of speedscope: one sampled profile for each process, over a shared list of frames.
///
/// - Source: speedscope's file-format-schema.json. Readers skip keys that they do not know, so the
///   ledger goes along under `wick`.
package enum SpeedscopeFormat {
  private struct Process: Hashable {
    var pid: UInt32
    var name: StringTable.ID
  }

  package static func encode(_ profile: Profile) -> [UInt8] {
    let frames = FrameNames(profile)
    var writer = ByteWriter()
    writer.write("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",")
    writer.write("\"exporter\":")
    writer.write(json: profile.facts.version.isEmpty ? "wick" : "wick@\(profile.facts.version)")
    writer.write(",\"name\":")
    writer.write(json: title(of: profile))
    writer.write(",\"activeProfileIndex\":0,\"shared\":{\"frames\":[")
    writer.list(frames.frames) { writer, frame in
      writer.write("{\"name\":")
      writer.write(json: frames.names[frame.name])
      if frame.module != .empty {
        writer.write(",\"file\":")
        writer.write(json: profile.strings[frame.module])
      }
      writer.write("}")
    }
    writer.write("]},\"profiles\":[")
    writer.list(processes(of: profile)) { writer, process in
      write(process.samples, of: process.key, profile, frames, to: &writer)
    }
    writer.write("],\"wick\":")
    write(profile.ledger, to: &writer)
    writer.write("}\n")
    return writer.bytes
  }

  private static func title(of profile: Profile) -> String {
    let facts = [profile.facts.host, profile.facts.target, profile.facts.event]
    return (facts.filter { !$0.isEmpty } + [profile.ledger.summary]).joined(separator: ", ")
  }

  /// The samples of each process, the costliest process first.
  private static func processes(of profile: Profile) -> [(key: Process, samples: [Sample])] {
    let groups = Dictionary(grouping: profile.samples.filter { $0.count > 0 }) { sample in
      let thread = profile.threads[Int(sample.thread)]
      return Process(pid: thread.pid, name: thread.process)
    }
    let weights = groups.mapValues { $0.reduce(UInt64(0)) { $0 &+ $1.value } }
    let order = { (process: Process) in (weights[process] ?? 0, process.pid, process.name.index) }
    return groups.sorted { order($0.key) > order($1.key) }.map { ($0.key, $0.value) }
  }

  private static func write(
    _ samples: [Sample], of process: Process, _ profile: Profile, _ frames: FrameNames,
    to writer: inout ByteWriter
  ) {
    let name = profile.strings[process.name]
    let total = samples.reduce(UInt64(0)) { $0 &+ $1.value }
    writer.write("{\"type\":\"sampled\",\"name\":")
    writer.write(json: process.pid == 0 ? name : "\(name) (\(process.pid))")
    writer.write(",\"unit\":\"\(unit(of: profile.sampleType))\",\"startValue\":0,\"endValue\":")
    writer.write(decimal: total)
    writer.write(",\"samples\":[")
    var path: [UInt32] = []
    writer.list(samples) { writer, sample in
      path.removeAll(keepingCapacity: true)
      frames.append(sample, of: profile, to: &path)
      writer.write("[")
      writer.list(path) { $0.write(decimal: UInt64($1)) }
      writer.write("]")
    }
    writer.write("],\"weights\":[")
    writer.list(samples) { $0.write(decimal: $1.value) }
    writer.write("]}")
  }

  /// The schema allows these units alone.
  private static func unit(of type: SampleType) -> String {
    ["nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"].contains(type.unit)
      ? type.unit : "none"
  }

  private static func write(_ ledger: Ledger, to writer: inout ByteWriter) {
    writer.write("{\"taken\":\(ledger.taken),\"complete\":\(ledger.complete),\"partial\":{")
    let partial = ledger.partial.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }
    writer.list(partial) { $0.write("\"\($1.0)\":\($1.1)") }
    writer.write("},\"dropped\":{")
    let dropped = ledger.dropped.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }
    writer.list(dropped) { $0.write("\"\($1.0)\":\($1.1)") }
    writer.write("},\"coverage\":\(ledger.coverage)}")
  }
}

extension ByteWriter {
  /// Writes the items with commas between them.
  fileprivate mutating func list<Item>(
    _ items: some Sequence<Item>, _ write: (inout ByteWriter, Item) -> Void
  ) {
    var isFirst = true
    for item in items {
      if !isFirst { self.write(UInt8(ascii: ",")) }
      isFirst = false
      write(&self, item)
    }
  }
}
