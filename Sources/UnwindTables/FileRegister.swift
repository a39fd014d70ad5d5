import ELF

/// What is known about one numbered file.
struct FileRecord {
  let key: TableKey
  let image: ELFImage
  var state = TableState.unrequested
  /// Blocks of mappings that name it.
  var references = 0
  /// When somebody last asked for its number or stopped to refer to it; monotonic nanoseconds.
  var lastAsked: UInt64
  /// Not to be tried again before this time.
  var retryAt: UInt64 = 0
  /// Times that it was evicted or refused.
  var setbacks = 0
  /// Times that room was made for it in vain.
  var attempts = 0
  var placement: Placement?
}

/// The numbers of files.
///
/// A number means the same file while a block refers to it, and is used again only after a grace
/// period.
struct FileRegister {
  private var records: [FileRecord?] = []
  private var numbers: [TableKey: UInt32] = [:]
  private var unused: [UInt32] = []
  private var withdrawn = GracePeriod<UInt32>()

  var count: Int { numbers.count }

  subscript(number: UInt32) -> FileRecord? {
    get {
      let index = Int(number)
      return index < records.count ? records[index] : nil
    }
    set {
      guard Int(number) < records.count else { return }
      records[Int(number)] = newValue
    }
  }

  /// The numbers in use, with what is known.
  var all: some Sequence<(number: UInt32, record: FileRecord)> {
    records.lazy.enumerated().compactMap { index, record in
      record.map { (UInt32(index), $0) }
    }
  }

  /// Nil if there is no number left.
  mutating func number(of image: ELFImage, key: TableKey, at now: UInt64) -> UInt32? {
    if let known = numbers[key] {
      self[known]?.lastAsked = now
      return known
    }
    guard let number = unusedNumber(at: now) else { return nil }
    records[Int(number)] = FileRecord(key: key, image: image, lastAsked: now)
    numbers[key] = number
    return number
  }

  /// Gives up a number that nothing refers to.
  mutating func forget(_ number: UInt32, at now: UInt64) {
    guard let record = self[number] else { return }
    numbers[record.key] = nil
    self[number] = nil
    withdrawn.add(number, at: now)
  }

  private mutating func unusedNumber(at now: UInt64) -> UInt32? {
    unused.append(contentsOf: withdrawn.expired(at: now))
    if let number = unused.popLast() { return number }
    let next = max(records.count, Int(TableLayout.firstFile))
    guard next < TableLayout.fileCount else { return nil }
    while records.count <= next { records.append(nil) }
    return UInt32(next)
  }
}
