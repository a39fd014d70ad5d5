import BPFRuntime
import BPFShared
import Foundation
import RemoteUnwinding
import Testing

@testable import Sampling

/// Records of any bytes: they come from the kernel, but nothing they say may trap or leave them.
@Suite struct AnyRecordTests {
  /// A long run: `WICK_RECORDS=2000000 swift test --filter AnyRecordTests`.
  private static let count =
    ProcessInfo.processInfo.environment["WICK_RECORDS"].flatMap { Int($0) } ?? 50_000

  private static let interesting: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]

  /// Bytes whose fields are mostly plausible, with a few that are not.
  private static func record(using random: inout SystemRandomNumberGenerator) -> [UInt8] {
    let longest = Int(RAW_SAMPLE_HEADER) + 256
    var bytes = [UInt8](repeating: 0, count: Int.random(in: 0...longest, using: &random))
    for _ in 0..<Int.random(in: 0...24, using: &random) {
      guard let index = bytes.indices.randomElement(using: &random) else { break }
      bytes[index] =
        Bool.random(using: &random)
        ? interesting.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
    }
    return bytes
  }

  @Test func anyBytesAreDecodedWithinTheirBoundsOrRefused() {
    var random = SystemRandomNumberGenerator()
    var decoded = 0
    for _ in 0..<Self.count {
      let bytes = Self.record(using: &random)
      let record = unsafe bytes.span.bytes
      if let sample = StackSample(record) {
        decoded += 1
        #expect(SampleHeader.bytes + sample.frames.count * 8 <= bytes.count)
      }
      guard let sample = RawSample(record) else { continue }
      let stack = sample.stack(of: record)
      #expect(stack.count + sample.belowBytes == stack.bytes.byteCount)
      #expect(RawSample.headerBytes + stack.bytes.byteCount <= bytes.count)
      for index in 0..<sample.header.kernelFrameCount {
        _ = RawSample.kernelFrame(index, of: record)
      }
    }
    #expect(decoded > 0)
  }
}
