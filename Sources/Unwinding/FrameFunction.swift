/// One function, as its FDE describes it.
struct FrameFunction {
  let start: UInt64
  /// The first address behind it, not beyond its segment.
  let end: UInt64
  /// Number of its CIE.
  let common: Int
  /// Where its program is.
  let program: Range<Int>
}
