import Foundation
import Logging
import Synchronization
import Testing

@testable import AgentLog

/// The lines of the log.
@Suite struct AgentLogTests {
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }
  }

  private let lines = Lines()

  private func log(_ format: LogFormat = .logfmt, isForJournal: Bool = true) -> AgentLog {
    var settings = AgentLog.Settings()
    settings.format = format
    let lines = lines
    return AgentLog(settings, isForJournal: isForJournal) { lines.add($0) }
  }

  @Test func aLineForTheJournalBeginsWithItsPriority() {
    let logger = log().logger("export")
    logger.info("destination answers again", metadata: ["destination": "main"])
    logger.warning("destination is down")
    logger.error("queue is full")
    logger.critical("sampling is impossible")
    #expect(
      lines.all == [
        "<6>level=info component=export msg=\"destination answers again\" destination=main\n",
        "<4>level=warning component=export msg=\"destination is down\"\n",
        "<3>level=error component=export msg=\"queue is full\"\n",
        "<2>level=critical component=export msg=\"sampling is impossible\"\n",
      ])
  }

  @Test func elsewhereALineHasItsTime() throws {
    log(isForJournal: false).logger("agent").info("started")
    let line = try #require(lines.all.first)
    let pattern = try Regex(
      #"^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=info component=agent msg=started\n$"#)
    #expect(line.firstMatch(of: pattern) != nil)
  }

  @Test func linesOfJSONAreObjectsWithTheirTypes() throws {
    let logger = log(.json).logger("spool")
    logger.notice(
      "segment is damaged",
      metadata: [
        "bytes": .stringConvertible(17), "ratio": .stringConvertible(0.5),
        "nan": .stringConvertible(Double.nan), "kept": .stringConvertible(true),
        "file": .dictionary(["path": "/a \"b\"\\c\n<3>", "list": .array(["x", "y"])]),
        "level": "mine",
      ])
    let line = try #require(lines.all.first)
    #expect(line.hasPrefix("<5>{") && line.hasSuffix("}\n"))
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.dropFirst(3).utf8)) as? [String: Any])
    #expect(object["bytes"] as? Int == 17)
    #expect(object["ratio"] as? Double == 0.5)
    #expect(object["nan"] as? String == "nan")
    #expect(object["kept"] as? Bool == true)
    #expect(object["file.path"] as? String == "/a \"b\"\\c\u{fffd}<3>")
    #expect(object["level"] as? String == "notice")
    #expect(object["level_"] as? String == "mine")
  }

  @Test func noValueCanEndALineOrAddAField() throws {
    let logger = log().logger("agent")
    let hostile = "x\n<0>level=critical msg=\"pwned\" \u{202e}\u{0}\u{7f}\u{2028}"
    logger.info("met a process", metadata: ["name": "\(hostile)", hostile: "v"])
    let line = try #require(lines.all.first)
    #expect(line.filter { $0.isNewline }.count == 1)
    #expect(
      line.unicodeScalars.dropLast().allSatisfy {
        $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
      })
    #expect(line.contains(#"name="x�<0>level=critical msg=\"pwned\" "#))
    #expect(line.contains(" x__0_level_critical_msg__pwned__"))
  }

  @Test(arguments: LogFormat.allCases)
  func aLineIsBounded(_ format: LogFormat) throws {
    var metadata: Logger.Metadata = [:]
    let quotes = String(repeating: "\"", count: 5_000)
    for number in 0..<1_000 { metadata["key\(number)"] = .string(quotes) }
    log(format).logger("agent").info("much", metadata: metadata)
    let line = try #require(lines.all.first)
    #expect(line.utf8.count <= 4_096 + 3)
    #expect(line.contains("truncated"))
    if format == .json {
      let object = try JSONSerialization.jsonObject(with: Data(line.dropFirst(3).utf8))
      #expect((object as? [String: Any])?["truncated"] as? Bool == true)
    }
  }

  @Test func aReloadChangesLoggersThatExist() {
    let log = log()
    let logger = log.logger("agent")
    logger.debug("not shown")
    log.settings.level = .debug
    log.settings.format = .json
    logger.debug("shown")
    #expect(lines.all == ["<7>{\"level\":\"debug\",\"component\":\"agent\",\"msg\":\"shown\"}\n"])
  }

  @Test func aLoggerHasMetadataAndALevelOfItsOwn() {
    var logger = log().logger("export")
    logger[metadataKey: "destination"] = "main"
    logger[metadataKey: "attempt"] = "1"
    logger.logLevel = .warning
    logger.info("not shown")
    logger.warning("refused", metadata: ["attempt": "2"])
    #expect(
      lines.all == ["<4>level=warning component=export msg=refused attempt=2 destination=main\n"])
  }

  @Test func whatWasHeldBackIsToldToMetrics() {
    let log = log()
    let logger = log.logger("agent")
    for _ in 0..<100 { logger.info("again and again") }
    #expect(lines.all.count == LogLimiter.burst)
    #expect(log.heldBack == 100 - LogLimiter.burst)
  }
}
