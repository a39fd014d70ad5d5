import AgentEndpoint
import Foundation
import Health
import LinuxHost
import Testing

@Suite struct LocalSocketTests {
  private func ask(_ test: TestEndpoint, _ request: String) throws -> String {
    let bytes = try LocalSocket.ask(
      test.socketPath, Array(request.utf8), limit: 1 << 20, timeout: .seconds(20))
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func whoSaysNothingGetsTheStatusAndTheEnd() throws {
    let test = try TestEndpoint()
    #expect(try ask(test, "") == TestEndpoint.healthy.screen)
  }

  @Test func whoSpeaksHTTPGetsEverythingWithoutAToken() throws {
    let folder = try Folder()
    let file = try folder.write(AccessTests.token, to: "token")
    let test = try TestEndpoint { $0.tokenFile = file }
    let answer = Answer(Array(try ask(test, "GET /metrics HTTP/1.0\r\n\r\n").utf8))
    #expect(answer.status == 200)
    #expect(answer.text.contains("up 1"))
  }

  @Test func onlyTheOwnerAndTheGroupMayConnect() throws {
    let test = try TestEndpoint()
    let attributes = try FileManager.default.attributesOfItem(atPath: test.socketPath)
    #expect(attributes[.posixPermissions] as? Int == 0o660)
  }

  @Test func aSecondAgentIsToldOfTheFirst() throws {
    let test = try TestEndpoint()
    let path = test.socketPath
    let error = #expect(throws: EndpointError.self) { try TestEndpoint { $0.socketPath = path } }
    #expect(
      "\(try #require(error))"
        == "http.socket: another agent runs already, process \(getpid()): it holds \(path).lock "
        + "(stop it, or give this one paths of its own)")
    #expect(try ask(test, "") == TestEndpoint.healthy.screen)
  }

  @Test func theSocketOfADeadAgentIsReplaced() throws {
    let folder = try Folder()
    let path = "\(folder.path)/agent.sock"
    // As a process leaves it that was killed.
    close(try LocalSocket.bound(to: path, mode: 0o600))
    #expect(FileManager.default.fileExists(atPath: path))
    let test = try TestEndpoint { $0.socketPath = path }
    #expect(try ask(test, "") == TestEndpoint.healthy.screen)
    test.endpoint.stop()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aFileThatIsNoSocketStays() throws {
    let folder = try Folder()
    let path = try folder.write("precious", to: "agent.sock")
    let error = #expect(throws: EndpointError.self) { try TestEndpoint { $0.socketPath = path } }
    #expect("\(try #require(error))".hasPrefix("http.socket: cannot listen on \(path)"))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
  }

  @Test func aPathThatIsTooLongIsAnError() throws {
    let path = "/tmp/" + String(repeating: "x", count: 200)
    #expect(throws: LocalSocket.Failure.self) { try LocalSocket.bound(to: path, mode: 0o600) }
  }

  @Test func anOccupiedPortIsOneLineWithARemedy() throws {
    let test = try TestEndpoint()
    let error = #expect(throws: EndpointError.self) {
      try TestEndpoint {
        $0.port = test.port
        $0.listenSetting = "/etc/wick/agent.yaml:12: http.listen"
      }
    }
    #expect(
      "\(try #require(error))"
        == "/etc/wick/agent.yaml:12: http.listen: cannot listen on 127.0.0.1:\(test.port): "
        + "Address already in use (stop the program that has the port, or choose another one)")
  }

  @Test func theClientTellsHowTheAgentIs() throws {
    let test = try TestEndpoint()
    let path = test.socketPath
    let answer = try StatusClient.ask(path, .text)
    #expect(answer.isHealthy)
    #expect(answer.text == TestEndpoint.healthy.screen)
    #expect(try StatusClient.ask(path, .json).text == TestEndpoint.healthy.json)
    test.content.change { $0.status.sampling = .dead(cause: "gone") }
    #expect(try StatusClient.ask(path, .text).isHealthy == false)
    test.endpoint.stop()
    let gone = #expect(throws: StatusClient.Failure.self) { try StatusClient.ask(path, .text) }
    #expect(try #require(gone).exitStatus == 3)
    close(try LocalSocket.bound(to: path, mode: 0o600))
    let dead = #expect(throws: StatusClient.Failure.self) { try StatusClient.ask(path, .text) }
    #expect(try #require(dead).exitStatus == 2)
  }
}
