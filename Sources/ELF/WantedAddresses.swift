/// The addresses that are to be named, so that only symbols that may name one are kept.
struct WantedAddresses {
  private let sorted: [UInt64]

  init(_ addresses: some Sequence<UInt64>) { sorted = addresses.sorted() }

  /// Whether a symbol contains one of them, or is a label at one.
  func isNamed(by start: UInt64, size: UInt64) -> Bool {
    guard let first = first(from: start) else { return false }
    return first == start || first - start < size
  }

  /// The lowest that is at least `start`.
  private func first(from start: UInt64) -> UInt64? {
    guard let last = sorted.last, start <= last else { return nil }
    var low = 0
    var high = sorted.count - 1
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < start { low = middle + 1 } else { high = middle }
    }
    return sorted[low]
  }
}
