package import LinuxHost
package import ResourceModel

/// The context that a process publishes in its memory for whoever looks at it from outside.
///
/// - Source: OpenTelemetry specification, OTEP 4719: a mapping named `OTEL_CTX`, which begins with 32
///   bytes: the signature `OTEL_CTX`, the version 2 and the payload's size in 4 bytes each, the time of
///   publication in nanoseconds, 0 while it is being written, and the payload's address.
package struct ProcessContext: Hashable, Sendable {
  /// Where the header lies.
  package let address: UInt64
  private let header: Header
  package let resource: Resource

  private struct Header: Hashable, Sendable {
    static let byteCount = 32
    static let version: UInt64 = 2
    let published: UInt64
    let payloadSize: Int
    let payload: UInt64

    init?(_ bytes: [UInt8]) {
      func number(_ range: Range<Int>) -> UInt64 {
        bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
      }
      guard bytes.count == Self.byteCount, bytes.starts(with: "OTEL_CTX".utf8),
        number(8..<12) == Self.version
      else { return nil }
      payloadSize = Int(number(12..<16))
      published = number(16..<24)
      payload = number(24..<32)
    }
  }

  /// How the kernel shows the mapping: private, shared, or of a file that has only memory.
  private static let names: Set<[UInt8]> = Set(
    [
      "[anon:OTEL_CTX]", "[anon_shmem:OTEL_CTX]", "/memfd:OTEL_CTX", "/memfd:OTEL_CTX (deleted)",
    ].map { Array($0.utf8) })
  /// Mappings of that name that are looked at; a process should have one.
  private static let mappingLimit = 4
  /// Bytes of a payload; publishers write some hundreds.
  private static let payloadLimit = 64 << 10
  /// How often a context is read again that changes while it is read.
  private static let attempts = 4

  /// Finds and reads the context of a process; nil if it publishes none, or it may not be read.
  package init?(of pid: UInt32, processes: Processes) {
    let mappings = processes.mappings(of: pid, containing: "OTEL_CTX")
      .filter { Self.names.contains(Array($0.path)) }
    guard !mappings.isEmpty, let memory = processes.memory(of: pid) else { return nil }
    for mapping in mappings.prefix(Self.mappingLimit) {
      if let context = Self.read(at: mapping.start, in: memory) {
        self = context
        return
      }
    }
    return nil
  }

  private init(address: UInt64, header: Header, resource: Resource) {
    self.address = address
    self.header = header
    self.resource = resource
  }

  /// Whether it is still what the process publishes.
  package func isCurrent(of pid: UInt32, processes: Processes) -> Bool {
    guard let memory = processes.memory(of: pid) else { return false }
    return Self.header(at: address, in: memory) == header
  }

  private static func header(at address: UInt64, in memory: ProcessMemory) -> Header? {
    memory.read(at: address, count: Header.byteCount).flatMap { Header($0) }
  }

  /// A header that is the same before and after its payload was read.
  private static func read(at address: UInt64, in memory: ProcessMemory) -> ProcessContext? {
    for _ in 0..<attempts {
      guard let before = header(at: address, in: memory) else { return nil }
      guard before.published != 0 else { continue }
      guard before.payloadSize > 0, before.payloadSize <= payloadLimit,
        let payload = memory.read(at: before.payload, count: before.payloadSize)
      else { continue }
      guard header(at: address, in: memory) == before else { continue }
      return ProcessContext(
        address: address, header: before,
        resource: ProcessContextPayload.resource(parsing: payload))
    }
    return nil
  }
}
