/// A set of numbers that gives its largest one first.
struct IndexHeap {
  private var numbers: [Int] = []

  var isEmpty: Bool { numbers.isEmpty }
  var top: Int? { numbers.first }

  mutating func insert(_ number: Int) {
    numbers.append(number)
    var child = numbers.count - 1
    while child > 0, numbers[(child - 1) / 2] < numbers[child] {
      numbers.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeTop() {
    guard let last = numbers.popLast(), !numbers.isEmpty else { return }
    numbers[0] = last
    var parent = 0
    while true {
      var largest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < numbers.count && numbers[child] > numbers[largest] {
        largest = child
      }
      if largest == parent { return }
      numbers.swapAt(parent, largest)
      parent = largest
    }
  }
}
