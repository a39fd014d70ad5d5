import LinuxHost
import RemoteUnwinding
import Testing

@testable import PerfEvents
@testable import ProcessTracking

@Suite struct ProcessImageTests {
  private let image = ProcessImage(
    pid: 1, generation: 1, store: ExecutableStore(roots: HostRoots()))

  private static func file() -> MappedFile {
    MappedFile(path: [], inode: 1, device: DeviceNumber(major: 0, minor: 0), contents: .generated)
  }

  /// What an address shows.
  private struct Shown: Equatable {
    var file: ObjectIdentifier
    var offset: UInt64
  }

  private func shown(at address: UInt64) -> Shown? {
    image.range(at: address).map {
      Shown(file: ObjectIdentifier($0.file), offset: address &- $0.start &+ $0.fileOffset)
    }
  }

  @Test func overlappingRangesAgreeWithAMapOfEveryByte() {
    let files = (0..<3).map { _ in Self.file() }
    var truth = [Shown?](repeating: nil, count: 64)
    var state: UInt64 = 1
    func random(_ limit: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % limit
    }
    for _ in 0..<5_000 {
      let start = random(63)
      let end = start + 1 + random(64 - start)
      let file = files[Int(random(3))]
      let fileOffset = random(3) == 0 ? start : random(32)
      var replaces = false
      for address in start..<end {
        let new = Shown(file: ObjectIdentifier(file), offset: address - start + fileOffset)
        if let old = truth[Int(address)], old != new { replaces = true }
        truth[Int(address)] = new
      }
      let replaced = image.insert(
        MappedRange(start: start, end: end, fileOffset: fileOffset, file: file))
      #expect(replaced == replaces)
      for address in UInt64(0)..<64 { #expect(shown(at: address) == truth[Int(address)]) }
      for (left, right) in zip(image.ranges, image.ranges.dropFirst()) {
        #expect(left.end <= right.start)
      }
      #expect(image.ranges.allSatisfy { $0.start < $0.end })
    }
  }

  @Test func theEdgesOfTheAddressSpaceAreOrdinaryAddresses() {
    let file = Self.file()
    image.insert(MappedRange(start: 0, end: 1, fileOffset: 0, file: file))
    image.insert(
      MappedRange(start: UInt64.max - 1, end: UInt64.max, fileOffset: UInt64.max, file: file))
    image.insert(MappedRange(start: 0, end: UInt64.max, fileOffset: UInt64.max, file: file))
    image.insert(MappedRange(start: 5, end: 6, fileOffset: 0, file: file))
    #expect(image.ranges.count == 3)
    #expect(image.range(at: UInt64.max) == nil)
    #expect(image.range(at: UInt64.max - 1)?.start == 6)
  }
}
