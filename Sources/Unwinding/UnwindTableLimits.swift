/// How much of a file goes into a table; real files stay below all of these.
package struct UnwindTableLimits: Sendable {
  /// 64 MiB; the largest executables have some 3 million.
  package var rowCount = 1 << 24
  /// Pages of 64 KiB, from the first of the text to the last: 4 GiB.
  package var pageCount = 65_536
  /// CIEs; linkers merge equal ones, so there are some ten.
  package var commonCount = 65_536
  /// Executable segments; there are one or two.
  package var segmentCount = 64

  package init() {}
}
