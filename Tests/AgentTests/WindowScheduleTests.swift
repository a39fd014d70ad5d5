import Sampling
import Testing

@testable import Agent

@Suite struct WindowScheduleTests {
  @Test func eachEventHasItsOwnLength() {
    var schedule = WindowSchedule([.cpu: .seconds(10), .offCPU: .seconds(25)], from: 0)
    func seconds(_ count: UInt64) -> UInt64 { count * 1_000_000_000 }
    #expect(schedule.due(at: seconds(9)).isEmpty)
    #expect(schedule.due(at: seconds(10)) == [.cpu])
    schedule.begin([.cpu], at: seconds(10))
    #expect(schedule.due(at: seconds(19)).isEmpty)
    #expect(schedule.due(at: seconds(25)) == [.cpu, .offCPU])
    schedule.begin([.cpu, .offCPU], at: seconds(25))
    #expect(schedule.due(at: seconds(34)).isEmpty)
  }
}
