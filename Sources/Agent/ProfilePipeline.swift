import Compression
import Configuration
import Export
import LinuxHost
import ProfileFormats
import ProfileModel
import ResourceModel
import ServiceIdentity

/// Names the samples of a window, divides them among services, and hands on a profile of each.
final class ProfilePipeline {
  /// What became of all samples of all windows so far, by the event's name.
  private(set) var ledgers: [String: Ledger] = [:]
  private(set) var windows: UInt64 = 0
  /// Names functions on this host; addresses and build-ids are exported in any case.
  var symbolizes = true
  /// From this monotonic time on, what is not known yet is shown by its address.
  var namingDeadline = UInt64.max
  /// Attributes of everything that is exported, unless a process says otherwise.
  var common = Resource()

  private let symbolizer: ProfileSymbolizer
  private let resolver: IdentityResolver
  private(set) var folders: [ProfileFolder]

  init(folders: [ProfileFolder], resolver: IdentityResolver, roots: HostRoots) {
    self.folders = folders
    self.resolver = resolver
    symbolizer = ProfileSymbolizer(roots: roots)
  }

  /// Keeps profiles in other directories from now on; those that stay go on as they are.
  func setFolders(_ directories: [ProfileDirectoryConfiguration]) {
    folders = directories.map { wanted in
      folders.first { $0.configuration == wanted } ?? ProfileFolder(wanted)
    }
  }

  /// Learns who a process is while it runs.
  func meet(_ pid: UInt32, name: String) { _ = resolver.identity(of: pid, name: name) }

  /// Counts windows that never came here, by event.
  func add(overrun: [String: Ledger]) {
    for (event, ledger) in overrun { ledgers[event, default: Ledger()].add(ledger) }
  }

  /// Forgets the names it knows, to give memory back.
  func relieve() {
    symbolizer.forget()
    Heap.trim()
  }

  /// Gives back what naming has not used for a while.
  func rest() { symbolizer.rest() }

  /// Exports a window.
  ///
  /// - Parameters:
  ///   - window: not named yet.
  ///   - exporter: takes batches for servers; nil without any.
  /// - Returns: the ledger of this window: samples that nobody took, and those that a rule drops, are
  ///   counted as dropped.
  func export(_ window: CollectedWindow, to exporter: Exporter?) -> Ledger {
    var whole = window.profile
    if symbolizes {
      symbolizer.symbolize(&whole, origins: window.origins, until: namingDeadline)
    }
    windows += 1
    var result = Ledger()
    result.taken = whole.ledger.taken
    result.walkedInKernel = whole.ledger.walkedInKernel
    result.framePointer = whole.ledger.framePointer
    for (reason, count) in whole.ledger.dropped { result.drop(reason, count: count) }
    let profiles = divide(whole, &result)
    let (isStored, omitted) = store(profiles, exporter)
    for (profile, _) in profiles {
      if isStored {
        var delivered = profile.ledger
        delivered.taken = 0
        result.add(delivered)
      } else {
        result.drop(.notStored, count: profile.ledger.taken)
      }
    }
    if isStored { result.drop(delivered: omitted, for: .tooLarge) }
    ledgers[window.event, default: Ledger()].add(result)
    Heap.trim()
    return result
  }

  /// The parts of a window, each with the service that it is about.
  private func divide(_ whole: Profile, _ result: inout Ledger) -> [(Profile, Resource)] {
    var services: [Resource: Int] = [:]
    var dropped: Set<Int> = []
    let division = ProfileDivision(whole) { thread in
      let identity = resolver.identity(of: thread.pid, name: whole.strings[thread.process])
      // Who is dropped is kept apart, so that it can be counted.
      let service = identity.isDropped ? Self.droppedService : identity.service
      let number = services[service] ?? services.count
      services[service] = number
      if identity.isDropped { dropped.insert(number) }
      return number
    }
    var profiles: [(Profile, Resource)] = []
    for (service, number) in services {
      guard var profile = division.parts[number] else { continue }
      if dropped.contains(number) {
        result.drop(.droppedByRule, count: profile.ledger.taken)
        continue
      }
      profile.facts.target = service["service.name"]?.description ?? "unknown_service"
      profiles.append((profile, common.merging(service)))
    }
    return profiles
  }

  private static let droppedService = Resource([
    Attribute(key: "wick.dropped", value: .boolean(true))
  ])

  /// - Returns: whether somebody took them, or nobody wants any; and the samples that are too large
  ///   for all forms.
  private func store(_ profiles: [(Profile, Resource)], _ exporter: Exporter?)
    -> (isStored: Bool, omitted: UInt64)
  {
    guard !profiles.isEmpty else { return (true, 0) }
    let wanted = exporter?.topics ?? TopicSet([])
    let topics = folders.isEmpty ? wanted : wanted.union(TopicSet([.profileFile]))
    let encoder = BatchEncoder(topics: topics, version: Version.current)
    let encoded = encoder.encode(
      profiles.map { (profile: $0.0, resource: $0.1) }, now: Clock.wall())
    let wantsProfiles = !topics.subtracting(TopicSet([.otlpMetrics])).isEmpty
    // Nobody wants any, or all of it is too large for what they take.
    var isStored = !wantsProfiles || (encoded.batches.isEmpty && encoded.omitted > 0)
    for batch in encoded.batches {
      if batch.topic == .profileFile {
        guard let name = ProfileFileName(batch.head) else { continue }
        for folder in folders where folder.write(batch.body, name) { isStored = true }
      } else if let exporter {
        switch exporter.append(batch) {
        case .durable, .memory: isStored = true
        case .dropped, .unwanted: break
        }
      }
    }
    return (isStored, encoded.omitted)
  }

  /// A window whose samples stand for themselves, with names; they count as delivered.
  func name(_ window: CollectedWindow) -> Profile {
    var profile = window.profile
    if symbolizes {
      symbolizer.symbolize(&profile, origins: window.origins, until: namingDeadline)
    }
    ledgers[window.event, default: Ledger()].add(profile.ledger)
    return profile
  }

  /// The samples that somebody asked for, as a compressed pprof file.
  func encode(_ tap: CollectedWindow) throws -> [UInt8] {
    var profile = tap.profile
    symbolizer.symbolize(&profile, origins: tap.origins)
    return Gzip.compress(try PprofFormat.encode(profile))
  }
}
