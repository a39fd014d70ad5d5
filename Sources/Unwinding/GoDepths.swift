/// Goes over the depths of the stack in a function.
struct GoDepths: ~Escapable {
  private var cursor: ByteCursor
  private var value: Int64 = -1
  private(set) var address: UInt64
  private var isFirst = true

  @_lifetime(copy cursor)
  init(cursor: consuming ByteCursor, address: UInt64) {
    self.cursor = cursor
    self.address = address
  }

  /// Bytes between the stack pointer and the return address, up to an address.
  mutating func next() -> (depth: Int64, end: UInt64)? {
    guard let change = cursor.takeUnsigned(), change != 0 || isFirst,
      let distance = cursor.takeUnsigned(), distance > 0
    else { return nil }
    isFirst = false
    value &+= Int64(bitPattern: (change >> 1) ^ (0 &- (change & 1)))
    let (end, overflow) = address.addingReportingOverflow(distance)
    guard !overflow else { return nil }
    address = end
    return (value, end)
  }
}
