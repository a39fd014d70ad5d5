/// Code of a file, read in larger pieces from low to high addresses.
struct CodeWindow {
  private let read: UnwindTableBuilder.ReadText
  private var start: UInt64 = 0
  private var bytes: [UInt8] = []

  /// Somebody looked at the code, so the table depends on it.
  private(set) var wasRead = false

  private static let size = 1 << 16

  init(_ read: @escaping UnwindTableBuilder.ReadText) { self.read = read }

  /// The bytes at `address`, fewer at the end of the code.
  mutating func bytes(at address: UInt64, count: Int) -> [UInt8] {
    if address < start || address - start >= UInt64(bytes.count)
      || UInt64(bytes.count) - (address - start) < UInt64(count)
    {
      wasRead = true
      start = address
      bytes = read(address, Self.size)
    }
    let first = Int(address - start)
    return first < bytes.count ? Array(bytes[first..<min(first + count, bytes.count)]) : []
  }
}
