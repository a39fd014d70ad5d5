import Foundation
import LinuxHost
import Testing

@testable import Export

/// Bits that flip and files that are cut.
@Suite struct SpoolDamageTests {
  /// A spool's files, and what they hold.
  private struct Image {
    var files: [String: [UInt8]] = [:]
    /// What has not been sent.
    var queued: [Batch] = []

    /// Some segments, of which one destination has sent a part.
    static func make() throws -> Image {
      let disk = SimulatedDisk()
      let files = disk.boot()
      let spool = try Spool(limits: limits, destinations: [("a", everything)]) { files }
      var image = Image()
      for number in 0..<40 {
        let batch = Batch.numbered(number, bytes: 100 + number * 37 % 700)
        #expect(spool.append(batch) == .durable)
        image.queued.append(batch)
      }
      let sent = spool.drain("a", atMost: 9)
      image.queued.removeFirst(sent.count)
      #expect(spool.close(within: .seconds(30)))
      image.files = disk.files
      #expect(image.segments.count > 4)
      return image
    }

    var segments: [String] { files.keys.filter { $0.hasPrefix("segment") }.sorted() }

    /// Where each record of a file ends.
    func ends(_ name: String) -> [Int] {
      let bytes = files[name] ?? []
      let scan = SegmentScan(bytes.span)
      return scan.records.map { Int($0.offset) + RecordHeader.byteCount + Int($0.bytes) }
    }
  }

  private static var limits: SpoolLimits {
    var limits = SpoolLimits()
    limits.segment = 4_096
    limits.patience = .seconds(30)
    return limits
  }

  /// What a spool makes of damaged files.
  private struct Finding {
    var missing = 0
    var figures: SpoolFigures
    /// After the next start.
    var damagedAgain: UInt64

    init(_ files: [String: [UInt8]], expecting queued: [Batch]) throws {
      let disk = SimulatedDisk(files)
      let boot = disk.boot()
      let spool = try Spool(limits: limits, destinations: [("a", everything)]) { boot }
      #expect(spool.flush(within: .seconds(30)))
      // What is found at the start is written down by the spool's thread.
      damagedAgain = try Self.damagedAfter(disk)
      for _ in 0..<200 where damagedAgain > 0 {
        usleep(20_000)
        damagedAgain = try Self.damagedAfter(disk)
      }
      let received = Set(spool.drain("a"))
      missing = queued.count { !received.contains($0) }
      figures = spool.figures
      #expect(figures.isBalanced)
    }

    /// What a spool would find damaged that begins with what is on the disk now.
    private static func damagedAfter(_ disk: SimulatedDisk) throws -> UInt64 {
      let boot = SimulatedDisk(disk.files).boot()
      let later = try Spool(limits: limits, destinations: [("a", everything)]) { boot }
      #expect(later.figures.isBalanced)
      return later.figures.damagedRecords
    }
  }

  /// `WICK_DAMAGE_RUNS` is how many bits are flipped, each in a copy of its own, and files cut.
  private static let runs =
    ProcessInfo.processInfo.environment["WICK_DAMAGE_RUNS"].flatMap { Int($0) } ?? 2_000

  @Test func aFlippedBitCostsOneBatchAtMostAndIsCounted() throws {
    let image = try Image.make()
    var random = Xorshift(seed: 1)
    let names = image.files.keys.sorted()
    var lost = 0
    for run in 0..<Self.runs {
      // The cursors are small and would hardly ever be met.
      let name = run % 10 == 0 ? CursorFile.name : names.randomElement(using: &random) ?? ""
      var files = image.files
      let bytes = files[name] ?? []
      let offset = Int.random(in: 0..<bytes.count, using: &random)
      files[name]?[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      let finding = try Finding(files, expecting: image.queued)
      let isRecord = name != CursorFile.name && offset >= SegmentHeader.byteCount
      #expect(finding.missing <= (isRecord ? 1 : 0), "\(name) at \(offset)")
      #expect(finding.figures.damagedRecords == (isRecord ? 1 : 0), "\(name) at \(offset)")
      #expect(finding.figures.quarantinedBytes == (isRecord ? 4_096 : 0), "\(name) at \(offset)")
      #expect(finding.damagedAgain == 0, "\(name) at \(offset)")
      lost += finding.missing
    }
    print("spool: \(Self.runs) flipped bits, \(lost) batches lost")
    #expect(lost > 0)
  }

  @Test func aCutFileCostsWhatWasBehindTheCutAndIsCounted() throws {
    let image = try Image.make()
    var random = Xorshift(seed: 2)
    for run in 0..<Self.runs {
      let name =
        run % 10 == 0
        ? CursorFile.name : image.segments.randomElement(using: &random) ?? ""
      var files = image.files
      let count = files[name]?.count ?? 0
      let offset = Int.random(in: 0..<count, using: &random)
      files[name]?.removeLast(count - offset)
      let finding = try Finding(files, expecting: image.queued)
      guard name != CursorFile.name else {
        #expect(finding.missing == 0)
        continue
      }
      let gone = image.ends(name).count { $0 > offset }
      #expect(finding.missing <= gone, "\(name) at \(offset)")
      // Only the file after it tells how many records there were.
      let isBorder = offset <= SegmentHeader.byteCount || image.ends(name).contains(offset)
      let known = name == image.segments.last ? (isBorder ? 0 : 1) : gone
      if offset >= SegmentHeader.byteCount / 2 {
        #expect(finding.figures.damagedRecords == known, "\(name) at \(offset)")
      }
      #expect(finding.damagedAgain == 0, "\(name) at \(offset)")
    }
  }

  @Test func filesOfNoiseAreNoReasonNotToStart() throws {
    var random = Xorshift(seed: 3)
    for count in [0, 1, 63, 64, 65, 1_000, 100_000] {
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let names = [
        "segment-0000000000000003", "cursors", "damaged-0000000000000001-5",
        "segment-9999999999999998",
      ]
      let disk = SimulatedDisk(Dictionary(uniqueKeysWithValues: names.map { ($0, noise) }))
      let files = disk.boot()
      let spool = try Spool(limits: Self.limits, destinations: [("a", everything)]) { files }
      let batch = Batch.numbered(1)
      #expect(spool.append(batch) == .durable)
      #expect(spool.drain("a") == [batch])
      #expect(spool.figures.damagedRecords == (count > 64 ? 2 : 0))
      #expect(spool.close(within: .seconds(30)))
    }
  }

  @Test func bytesInsideABatchCannotPassForABatch() throws {
    let disk = SimulatedDisk()
    let files = disk.boot()
    let inner = Batch.numbered(7)
    let forged = RecordHeader(inner, index: 1).bytes(salt: 0) + inner.head + inner.body
    do {
      let spool = try Spool(limits: Self.limits, destinations: [("a", everything)]) { files }
      spool.append(
        Batch(topic: .otlpMetrics, createdUnixNanoseconds: 0, body: forged + forged))
      #expect(spool.close(within: .seconds(30)))
    }
    var contents = disk.files
    let name = try #require(contents.keys.first { $0.hasPrefix("segment") })
    contents[name]?[SegmentHeader.byteCount + 9] ^= 1
    let finding = try Finding(contents, expecting: [])
    #expect(finding.figures.destinations[0].produced.records == 0)
    #expect(finding.figures.damagedRecords == 1)
  }

  @Test func damageThatComesWhileTheSpoolIsOpenIsSetAside() throws {
    let folder = SpoolFolder()
    let spool = try Spool(
      directory: folder.path, limits: Self.limits,
      destinations: [("a", everything), ("m", metrics)])
    let batches = (0..<3).map { Batch.numbered($0) }
    for batch in batches { #expect(spool.append(batch) == .durable) }
    var contents = folder.contents(folder.segments[0])
    let place = SegmentHeader.byteCount + RecordHeader.byteCount + Int(batches[0].byteCount) + 80
    contents[place] ^= 4
    try folder.write(contents, to: folder.segments[0])
    #expect(spool.drain("a") == [batches[0], batches[2]])
    #expect(spool.drain("m") == [batches[0], batches[2]])
    #expect(spool.flush(within: .seconds(30)))
    let figures = spool.figures
    #expect(figures.isBalanced)
    #expect(figures.damagedRecords == 1)
    #expect(
      figures.destinations.map(\.dropped) == [
        [.damaged: BatchCount(batches[1])], [.damaged: BatchCount(batches[1])],
      ])
    let kept = try #require(folder.names.first { $0.hasPrefix("damaged-") })
    let record = contents[place - 80..<place - 80 + 64 + Int(batches[1].byteCount)]
    #expect(folder.contents(kept) == Data(record))
  }

  @Test func whatIsSetAsideKeepsToItsLimit() throws {
    var image = try Image.make()
    for name in image.segments {
      for end in image.ends(name).dropLast() { image.files[name]?[end + 8] ^= 1 }
    }
    var limits = Self.limits
    limits.quarantine = 3 * 4_096
    let disk = SimulatedDisk(image.files)
    let files = disk.boot()
    let spool = try Spool(limits: limits, destinations: [("a", everything)]) { files }
    #expect(spool.figures.damagedRecords > 10)
    #expect(spool.figures.quarantinedBytes == 3 * 4_096)
    #expect(disk.files.keys.count { $0.hasPrefix("damaged-") } == 3)
  }

  @Test func cursorsAreReadBackAndNothingElseIs() throws {
    var file = CursorFile()
    file.names = ["a", "b-c", "é"]
    file.entries[7] = .init(damaged: 1, cursors: [1, 2, .max])
    file.entries[.max] = .init(damaged: 0, cursors: [0, 0, 9])
    let bytes = file.bytes
    #expect(CursorFile(bytes) == file)
    for count in 0..<bytes.count {
      #expect(CursorFile(Array(bytes[..<count])) == nil)
      for bit in 0..<8 {
        var other = bytes
        other[count] ^= 1 << UInt8(bit)
        #expect(CursorFile(other) == nil)
      }
      // Even if the checksum is right.
      let cut = Array(bytes[..<count])
      var checked = cut
      LittleEndian.append(CRC32C.of(cut), to: &checked)
      #expect((CursorFile(checked) == nil) == (count != bytes.count - 4))
    }
  }

  @Test func theChecksumIsTheOneOfRFC3720() {
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xe306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.of(Array(0..<32)) == 0x46dd_794e)
    #expect(CRC32C.of([]) == 0)
  }
}
