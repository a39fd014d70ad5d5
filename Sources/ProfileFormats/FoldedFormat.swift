package import ProfileModel

/// Folded stacks: the text that flame graph tools read.
///
/// One line a stack: the name of the process and the frames, root first, with `;` between them,
/// then a space and the count of samples, or the sum of nanoseconds or bytes where that is what the
/// profile measures and not the number of samples. `[incomplete: REASON]` right after the process marks a
/// stack that does not reach its thread's start.
package enum FoldedFormat {
  /// Lines are in the order of their frames, so equal profiles give equal files.
  package static func encode(_ profile: Profile) -> [UInt8] {
    let frames = FrameNames(profile)
    var texts = TextRanks()
    let threadTexts = profile.threads.map {
      texts.intern(FrameNames.clean(profile.strings.bytes(of: $0.process)))
    }
    let frameTexts = frames.frames.map { texts.intern(Array(frames.names.bytes(of: $0.name))) }
    texts.rank()

    var lines = StackTable()
    var counts: [UInt64] = []
    var path: [UInt32] = []
    for sample in profile.samples where sample.count > 0 {
      path.removeAll(keepingCapacity: true)
      frames.append(sample, of: profile, to: &path)
      for index in path.indices { path[index] = texts[rank: frameTexts[Int(path[index])]] }
      path.insert(texts[rank: threadTexts[Int(sample.thread)]], at: 0)
      let line = Int(lines.intern(path.span).index)
      if line == counts.count { counts.append(0) }
      counts[line] &+= profile.sampleType.foldsValues ? sample.value : sample.count
    }
    return text(of: lines, counts, texts)
  }

  private static func text(
    of lines: StackTable, _ counts: [UInt64], _ texts: TextRanks
  ) -> [UInt8] {
    let order = counts.indices.map { StackTable.ID(index: UInt32($0)) }
      .sorted { lines[$0].lexicographicallyPrecedes(lines[$1]) }
    // Beside its frames a line has a separator for each and at most 20 digits.
    let capacity = order.reduce(0) { size, line in
      lines[line].reduce(size + 21) { $0 + texts[textOfRank: $1].count + 1 }
    }
    var writer = ByteWriter(capacity: capacity)
    for line in order {
      var isFirst = true
      for rank in lines[line] {
        if !isFirst { writer.write(UInt8(ascii: ";")) }
        isFirst = false
        writer.write(texts[textOfRank: rank])
      }
      writer.write(UInt8(ascii: " "))
      writer.write(decimal: counts[Int(line.index)])
      writer.write(UInt8(ascii: "\n"))
    }
    return writer.bytes
  }
}

/// Distinct texts and their places in the order of bytes.
private struct TextRanks {
  private var table = StringTable()
  private var ranks: [UInt32] = []
  private var texts: [ArraySlice<UInt8>] = []

  mutating func intern(_ text: [UInt8]) -> StringTable.ID { table.intern(text.span) }

  mutating func rank() {
    let all = (0..<table.count).map { table.bytes(of: StringTable.ID(index: UInt32($0))) }
    let order = all.indices.sorted { all[$0].lexicographicallyPrecedes(all[$1]) }
    texts = order.map { all[$0] }
    ranks = [UInt32](repeating: 0, count: all.count)
    for (rank, text) in order.enumerated() { ranks[text] = UInt32(rank) }
  }

  subscript(rank id: StringTable.ID) -> UInt32 { ranks[Int(id.index)] }

  subscript(textOfRank rank: UInt32) -> ArraySlice<UInt8> { texts[Int(rank)] }
}
