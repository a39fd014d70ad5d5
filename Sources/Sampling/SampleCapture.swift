import BPFRuntime
import ELF
import ProcessTracking
import ProfileModel
import UnwindTables
package import Unwinding

/// Collects samples that can be walked again elsewhere: those whose stack the kernel walked to the
/// start, each with its registers and a copy of its stack.
package final class SampleCapture {
  private struct Moment: Hashable {
    var time: UInt64
    var tid: UInt32
  }

  private var capture = Capture()
  private var executables: [ExecutableFile] = []
  private var numbers: [ObjectIdentifier: UInt32] = [:]
  private var byteCount = 0
  /// Whichever of the two records comes first waits for the other.
  private var stacks: [Moment: [UInt64]] = [:]
  private var copies: [Moment: ([UInt8], [Capture.Mapping])] = [:]

  /// What a capture holds at most.
  package static let sampleLimit = 10_000
  private static let byteLimit = 64 << 20
  private static let waitingLimit = 1_024

  package var isFull: Bool {
    capture.samples.count >= Self.sampleLimit || byteCount >= Self.byteLimit
  }

  func add(stack frames: [UInt64], of header: SampleHeader) {
    let moment = Moment(time: header.time, tid: header.tid)
    if let (record, mappings) = copies.removeValue(forKey: moment) {
      append(record, mappings, frames)
    } else if stacks.count < Self.waitingLimit {
      stacks[moment] = frames
    }
  }

  func add(_ record: RawSpan, of header: SampleHeader, in image: ProcessImage) {
    guard !isFull, copies.count < Self.waitingLimit else { return }
    let moment = Moment(time: header.time, tid: header.tid)
    let bytes = RecordReader(record).bytes
    let mappings = image.ranges.map { mapping(of: $0, in: image) }
    if let frames = stacks.removeValue(forKey: moment) {
      append(bytes, mappings, frames)
    } else {
      copies[moment] = (bytes, mappings)
    }
  }

  private func append(_ record: [UInt8], _ mappings: [Capture.Mapping], _ frames: [UInt64]) {
    guard !isFull else { return }
    byteCount += record.count
    capture.samples.append(Capture.Sample(record: record, mappings: mappings, frames: frames))
  }

  private func mapping(of range: MappedRange, in image: ProcessImage) -> Capture.Mapping {
    var mapping = Capture.Mapping(
      start: range.start, end: range.end, bias: 0, file: SpecialFile.unreadable)
    switch image.contents(of: range) {
    case .executable(let file):
      guard let bias = file.bias(start: range.start, fileOffset: range.fileOffset) else { break }
      mapping.bias = bias
      mapping.file = number(of: file)
    case .generated: mapping.file = SpecialFile.generated
    case .unopened, .unreadable: break
    }
    return mapping
  }

  private func number(of file: ExecutableFile) -> UInt32 {
    if let known = numbers[ObjectIdentifier(file)] { return known }
    let number = Capture.firstFile + UInt32(executables.count)
    executables.append(file)
    numbers[ObjectIdentifier(file)] = number
    return number
  }

  /// All that was collected, with the tables of the files that stacks lead through.
  package func finish() -> Capture {
    var capture = capture
    var used: Set<UInt32> = []
    for sample in capture.samples {
      for frame in sample.frames {
        let address = frame & ~WalkedStack.returnBit
        let mapping = sample.mappings.first { $0.start <= address && address < $0.end }
        if let mapping { used.insert(mapping.file) }
      }
    }
    let source = TableSource()
    capture.files = executables.enumerated().map { index, file in
      let isUsed = used.contains(Capture.firstFile + UInt32(index))
      return Capture.File(
        path: file.path, buildID: file.image.buildID.map { Array($0.hex.utf8) } ?? [],
        table: isUsed ? source.table(of: file.image).table : nil)
    }
    return capture
  }
}
