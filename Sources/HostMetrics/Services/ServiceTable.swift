/// The services that are known, within a limit: those beyond it are one, called `other`.
struct ServiceTable {
  private(set) var services: [ServiceFigures] = [ServiceFigures(name: ServiceTable.other)]
  private var numbers: [String: Int] = [:]
  private let limit: Int
  /// Services that had no number of their own.
  private(set) var refused: UInt64 = 0

  static let other = "other"
  /// The number of the service that stands for others.
  static let otherNumber = 0

  init(limit: Int) { self.limit = max(1, limit) }

  subscript(number: Int) -> ServiceFigures {
    get { services[number] }
    _modify { yield &services[number] }
  }

  mutating func beginLook() {
    for index in services.indices { services[index].beginLook() }
  }

  /// The number of a service, which may be that of `other`.
  mutating func number(of name: String, look: UInt64) -> Int {
    if let known = numbers[name] { return known }
    if services.count <= limit {
      numbers[name] = services.count
      services.append(ServiceFigures(name: name))
      return services.count - 1
    }
    // The one that has been without processes for longest makes room; what it used goes to `other`.
    let oldest = services.indices.dropFirst().min { services[$0].look < services[$1].look }
    guard let oldest, services[oldest].look &+ 1 < look else {
      refused &+= 1
      return Self.otherNumber
    }
    services[Self.otherNumber].total.add(services[oldest].total, since: ProcessCounters())
    services[Self.otherNumber].hasInputOutput =
      services[Self.otherNumber].hasInputOutput || services[oldest].hasInputOutput
    numbers[services[oldest].name] = nil
    services[oldest] = ServiceFigures(name: name)
    services[oldest].look = look
    numbers[name] = oldest
    return oldest
  }
}
