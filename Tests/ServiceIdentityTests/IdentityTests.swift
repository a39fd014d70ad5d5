import Foundation
import LinuxHost
import ResourceModel
import ServiceIdentity
import Testing

@Suite struct IdentityTests {
  @Test func theVariablesOfOpenTelemetryAreRead() {
    let variables = [
      "PATH=/bin", "OTEL_RESOURCE_ATTRIBUTES=service.name=a, service.version=1%2E2,bad,k=%zz",
      "OTEL_SERVICE_NAME=shop", "SECRET=CANARY",
    ]
    let environment = Array(variables.joined(separator: "\0").utf8)
    let resource = OpenTelemetryEnvironment(parsing: environment).resource
    #expect(resource["service.name"] == "shop")
    #expect(resource["service.version"] == "1.2")
    #expect(resource["k"] == "%zz")
    #expect(resource.attributes.count == 3)
    for length in environment.indices {
      _ = OpenTelemetryEnvironment(parsing: Array(environment.prefix(length)))
    }
  }

  @Test func attributesAreBoundedInNumberAndLength() {
    let long = String(repeating: "x", count: 5_000)
    let many = (0..<500).map { "k\($0)=v" }.joined(separator: ",")
    let environment = Array("OTEL_RESOURCE_ATTRIBUTES=a=\(long),\(many)\0".utf8)
    let resource = OpenTelemetryEnvironment(parsing: environment).resource
    #expect(resource["a"] == nil)
    #expect(resource.attributes.count == 63)
  }

  @Test(arguments: [
    ("/usr/bin/nginx", ["nginx: worker process"], "nginx"),
    ("/usr/bin/python3.11", ["python3", "-u", "/srv/app.py", "--port=1"], "app.py"),
    ("/usr/bin/python3.11", ["python3", "-m", "http.server"], "http.server"),
    ("/usr/bin/python3.11", ["python3", "-c", "print(1)"], "python3.11"),
    ("/usr/bin/node", ["node", "--require", "./x.js", "server.js"], "server.js"),
    (
      "/usr/lib/jvm/java", ["java", "-Xmx1g", "-cp", "a:b", "com.example.Main"], "com.example.Main"
    ),
    ("/usr/lib/jvm/java", ["java", "-jar", "/opt/shop.jar"], "shop.jar"),
    ("/bin/dash", ["/bin/sh", "/usr/local/bin/backup"], "backup"),
    ("/opt/old (deleted)", ["old"], "old"),
    ("/usr/bin/python3", [], "python3"),
  ])
  func aProgramIsCalledWhatItRuns(_ executable: String, _ words: [String], _ name: String) {
    #expect(ProgramName.name(executable: executable, arguments: words) == name)
  }

  @Test func aRealProcessIsWhoItSays() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sleep")
    process.arguments = ["60"]
    process.environment = [
      "OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.version=7",
      "PASSWORD": "CANARY",
    ]
    try process.run()
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let resolver = IdentityResolver(roots: HostRoots())
    let pid = UInt32(process.processIdentifier)
    // The child is the test itself until it has begun the program.
    let end = ContinuousClock().now + .seconds(20)
    while resolver.identity(of: pid, name: "sleep").serviceName != "shop",
      ContinuousClock().now < end
    {
      usleep(1_000)
    }
    let identity = resolver.identity(of: pid, name: "sleep")
    #expect(identity.serviceName == "shop")
    #expect(identity.service["service.version"] == "7")
    #expect(identity.process["process.pid"] == .integer(Int64(pid)))
    #expect(identity.process["process.command_args"] == .strings(["/bin/sleep", "60"]))
    #expect(!"\(identity)".contains("CANARY"))
    #expect(resolver.identity(of: pid, name: "other") == identity)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(resolver.identity(of: pid, name: "sleep") == identity)
    // Somebody else who had the number since.
    #expect(resolver.identity(of: pid, name: "other").serviceName == "other")
  }

  @Test func aProcessThatHasEndedIsCalledByItsName() {
    let resolver = IdentityResolver(roots: HostRoots())
    let identity = resolver.identity(of: UInt32(Int32.max), name: "brief\u{7}")
    #expect(identity.serviceName == "brief\u{FFFD}")
  }

  @Test func theHostHasANameAndAnArchitecture() {
    let host = HostIdentity.resource(roots: HostRoots())
    #expect(host["os.type"] == "linux")
    #expect(host["host.name"]?.description.isEmpty == false)
    #expect(host["host.arch"] == "amd64")
  }
}
