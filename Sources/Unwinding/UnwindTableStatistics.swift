/// What building a table met: how much there was, and what did not make it into the table.
package struct UnwindTableStatistics: Sendable, Equatable {
  /// Functions that were described, one for each FDE, or each function of Go.
  package var functionCount = 0
  /// Rows that are not `none`, before equal neighbours become one.
  package var sourceRowCount = 0
  package var rowCount = 0
  package var ruleCount = 0
  /// Rows that say no more than that a rule can't tell.
  package var complexRows: [ComplexCause: Int] = [:]
  /// CIEs that are broken, or of a kind that wick doesn't know.
  package var unusableCIECount = 0
  /// FDEs whose CIE is unusable or doesn't exist.
  package var orphanCount = 0
  /// FDEs that end too early, or cover nothing.
  package var unusableFDECount = 0
  /// FDEs of code that is in no executable segment, such as code that the linker removed.
  package var outsideCount = 0
  /// FDEs of a function that another one describes as well.
  package var duplicateCount = 0
  /// FDEs that reach into the next function.
  package var overlapCount = 0
  /// The section ends inside a record, or a limit was reached: functions are missing.
  package var isTruncated = false

  /// The table depends on the code of the file, and not only on its call frame information.
  package var dependsOnCode = false

  package init() {}
}
