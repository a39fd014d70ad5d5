import Compression
import Export
import LinuxHost
import ProfileFormats
import ProfileModel
import ResourceModel
import ServiceIdentity

/// Names the samples of a window, divides them among services, and keeps a profile of each.
final class WindowExport {
  /// What became of all samples of all windows so far.
  private(set) var ledger = Ledger()
  private(set) var windows = 0
  private(set) var profiles = 0
  /// Why the last profile that could not be written was not; nil once one could.
  private(set) var problem: String?

  private let symbolizer: ProfileSymbolizer
  private let resolver: IdentityResolver
  private let directory: ProfileDirectory

  init(directory: ProfileDirectory, roots: HostRoots) {
    self.directory = directory
    symbolizer = ProfileSymbolizer(roots: roots)
    resolver = IdentityResolver(roots: roots)
  }

  /// Learns who a process is while it runs.
  func meet(_ pid: UInt32, name: String) { _ = resolver.identity(of: pid, name: name) }

  func add(_ window: CollectedWindow) {
    var whole = window.profile
    symbolizer.symbolize(&whole, origins: window.origins)
    windows += 1
    ledger.taken += whole.ledger.taken
    ledger.walkedInKernel += whole.ledger.walkedInKernel
    ledger.framePointer += whole.ledger.framePointer
    for (reason, count) in whole.ledger.dropped { ledger.drop(reason, count: count) }
    var services: [Resource: Int] = [:]
    let division = ProfileDivision(whole) { thread in
      let name = whole.strings[thread.process]
      let service = resolver.identity(of: thread.pid, name: name).service
      let number = services[service] ?? services.count
      services[service] = number
      return number
    }
    for (service, number) in services {
      guard let part = division.parts[number] else { continue }
      write(part, of: service)
    }
    Heap.trim()
  }

  /// Counts windows that never came here.
  func add(overrun: Ledger) { ledger.add(overrun) }

  private func write(_ profile: Profile, of service: Resource) {
    let name = service["service.name"]?.description ?? "unknown_service"
    var profile = profile
    profile.facts.target = name
    do {
      let encoded = try PprofFormat.encode(profile)
      try directory.write(
        Gzip.compress(encoded), service: name, event: profile.sampleType.name,
        time: profile.facts.startUnixNanoseconds)
      profiles += 1
      problem = nil
      var delivered = profile.ledger
      delivered.taken = 0
      ledger.add(delivered)
    } catch {
      problem = "\(error)"
      ledger.drop(.notStored, count: profile.ledger.taken)
    }
  }
}
