/// The value of a property.
enum BusProperty: Hashable {
  case text(String)
  case number(UInt64)
}
