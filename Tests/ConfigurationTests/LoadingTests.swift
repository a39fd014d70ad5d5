import Testing

@testable import Configuration

@Suite struct LoadingTests {
  @Test func anEmptyFileMeansTheDefaults() throws {
    for text in ["", "# nothing\n", "profiling:\nmetrics:\ndestinations:\n"] {
      let configuration = try read(text)
      #expect(configuration.dump == AgentConfiguration().dump)
    }
    #expect(try AgentConfiguration.parse(nil, name: "x").profiling.frequency == 99)
  }

  @Test func aWholeFileIsRead() throws {
    let configuration = try read(
      """
      profiling: {enabled: true, frequency: 49, window: 1m30s, windows: {cpu: 30s}, symbolize: false}
      metrics:
        interval: 30s
        collectors: {arp: false, cpu: true}
      http: {listen: "[::1]:9000", max_concurrent_profiles: 4}
      budget: {cpu_percent: 2.5, memory: 200M}
      log: {level: debug, format: json}
      resource_attributes: {deployment.environment.name: production}
      identity:
        rules:
          - match: {attribute: service.name, pattern: "web-*"}
            rename: {app: service.name}
            set: {service.namespace: shop}
          - match: {attribute: service.name, value: backup}
            drop: true
      """)
    #expect(configuration.profiling.frequency == 49)
    #expect(configuration.profiling.window == .seconds(90))
    #expect(configuration.profiling.window(of: "cpu") == .seconds(30))
    #expect(!configuration.profiling.symbolize)
    #expect(configuration.metrics.disabledCollectors == ["arp"])
    #expect(configuration.http.listen == ListenAddress(host: "::1", port: 9_000))
    #expect(configuration.budget.cpuPercent == 2.5)
    #expect(configuration.budget.memory == 200 << 20)
    #expect(configuration.log.level == .debug)
    #expect(
      configuration.resourceAttributes == [NamedValue("deployment.environment.name", "production")])
    #expect(configuration.identity.rules.map(\.drops) == [false, true])
    #expect(configuration.identity.rules.first?.match.pattern == "web-*")
    #expect(configuration.identity.rules.first?.renames == [NamedValue("app", "service.name")])
    #expect(configuration.identity.rules.first?.sets == [NamedValue("service.namespace", "shop")])
    #expect(configuration.identity.rules.last?.match.value == "backup")
  }

  @Test func theFirstExampleOfAProblemReadsAsPromised() {
    let text = String(repeating: "#\n", count: 10) + "profiling:\n  frequency: 0\n"
    #expect(
      problems(text) == [
        "agent.yaml:12: profiling.frequency: 0 is not 1 to 1000 (use 99, or remove the line)"
      ])
  }

  @Test func everyProblemIsToldWithLineKeyAndRemedy() {
    let text = """
      profilng: {}
      profiling:
        frequency: "99"
        window: 10
        enabled: yes
        enabled: true
      metrics: [1]
      http:
        listen: example.com:80
        tokenfile: x
      spool:
        quota: 10KB
        memory:
      log:
        level: {a: b}
      resource_attributes:
        "a b": c
        c: ""
      """
    #expect(
      problems(text) == [
        "agent.yaml:1: profilng: unknown key (did you mean profiling?)",
        "agent.yaml:3: profiling.frequency: \"99\" is not 1 to 1000 (use 99, or remove the line)",
        "agent.yaml:4: profiling.window: 10 is not 1s to 1h (use 10s, or remove the line)",
        "agent.yaml:5: profiling.enabled: yes is not true or false (use true, or remove the line)",
        "agent.yaml:6: profiling.enabled: is given twice, in line 5 too (remove one of them)",
        "agent.yaml:7: metrics: a list where a mapping belongs "
          + "(write the keys on lines of their own, indented, as KEY: VALUE)",
        "agent.yaml:9: http.listen: example.com:80 is not an address and a port "
          + "(use 127.0.0.1:9345, or remove the line)",
        "agent.yaml:10: http.tokenfile: unknown key (did you mean token_file?)",
        "agent.yaml:12: spool.quota: 10KB is not 1MiB to 1024GiB (use 256MiB, or remove the line)",
        "agent.yaml:13: spool.memory: has no value; it takes 64KiB to 16MiB "
          + "(use 16MiB, or remove the line)",
        "agent.yaml:15: log.level: a mapping where one value belongs: trace, debug, info, notice, "
          + "warning, error or critical (use info, or remove the line)",
        "agent.yaml:17: resource_attributes: a b is not the name of an attribute, of the characters "
          + "a-z A-Z 0-9 . _ - / (use service.name, or remove the line)",
        "agent.yaml:18: resource_attributes.c: \"\" is not text without control characters "
          + "(use web, or remove the line)",
      ])
  }

  @Test func brokenSyntaxIsOneProblemWithItsLine() {
    #expect(
      problems("a: 1\n\tb: 2\n") == [
        "agent.yaml:2: a tab at column 1 where only blanks may stand (indent with blanks)"
      ])
  }

  @Test func flagsCountMoreThanTheEnvironmentAndThatMoreThanTheFile() throws {
    let text = "profiling: {frequency: 1, window: 1s, symbolize: false}\n"
    let environment = ["WICK_PROFILING_FREQUENCY": "2", "WICK_PROFILING_WINDOW": "2s", "HOME": "/"]
    let flags = [ConfigurationOverride("profiling.frequency", "3", flag: "--frequency")]
    let configuration = try read(text, environment: environment, overrides: flags)
    #expect(configuration.profiling.frequency == 3)
    #expect(configuration.profiling.window == .seconds(2))
    #expect(!configuration.profiling.symbolize)
    #expect(configuration.origin(of: "profiling.frequency") == .flag("--frequency"))
    #expect(configuration.origin(of: "profiling.window") == .environment("WICK_PROFILING_WINDOW"))
    #expect(configuration.origin(of: "profiling.symbolize") == .file("agent.yaml", line: 1))
    #expect(configuration.origin(of: "spool.quota") == nil)
  }

  @Test func problemsOfVariablesAndFlagsNameThem() {
    let environment = [
      "WICK_PROFILING_FREQUENCY": "many", "WICK_PROFILING_FREQ": "2", "WICK_CONFIG": "/x",
      "WICK_SERVICE_HOST": "10.0.0.1", "WICK_HTTP_PORT_9345_TCP_ADDR": "10.0.0.1",
    ]
    let flags = [ConfigurationOverride("profiling.window", "soon", flag: "--window")]
    #expect(
      problems("", environment: environment, overrides: flags) == [
        "WICK_PROFILING_FREQ: no key has this variable (did you mean WICK_PROFILING_FREQUENCY?)",
        "WICK_PROFILING_FREQUENCY: profiling.frequency: many is not 1 to 1000 (use 99, or unset it)",
        "--window: profiling.window: soon is not 1s to 1h (use 10s, or leave it out)",
      ])
  }

  @Test func whatContradictsItselfIsAProblem() {
    let text = """
      http:
        listen: 0.0.0.0:9345
      spool:
        directory: /var/lib/wick/profiles
      budget:
        bursts: {enabled: true, frequency: 50}
      """
    #expect(
      problems(text) == [
        "agent.yaml: profile_directory.path: /var/lib/wick/profiles is used by spool.directory too "
          + "(name a directory of its own)",
        "agent.yaml:2: http.listen: 0.0.0.0:9345 can be reached from other hosts, and there is no "
          + "token (add http.token_file, or use 127.0.0.1:9345)",
        "agent.yaml:6: budget.bursts.frequency: 50 is not above profiling.frequency, 99 "
          + "(raise it, or disable bursts)",
      ])
  }

  @Test func rulesThatMakeNoSenseAreProblems() {
    let cases: [(rule: String, problem: String)] = [
      ("{set: {a: b}}", ": match.attribute is missing (add match: {attribute: service.name, …})"),
      (
        "{match: {attribute: a}, drop: true}",
        ".match: takes one of value and pattern (write value: TEXT, or pattern: \"web-*\")"
      ),
      ("{match: {attribute: a, value: b}}", ": does nothing (add rename, set or drop: true)"),
      (
        "{match: {attribute: a, value: b}, set: {c: d}, drop: true}",
        ".drop: set and rename do nothing beside drop (keep one of them)"
      ),
    ]
    for (rule, problem) in cases {
      #expect(
        problems("identity:\n  rules:\n  - \(rule)\n") == [
          "agent.yaml:3: identity.rules[0]\(problem)"
        ])
    }
  }

  @Test func problemsAreCountedBeyondALimit() throws {
    let text = (0..<300).map { "key\($0): 1\n" }.joined()
    let lines = problems(text)
    #expect(lines.count == 101)
    #expect(lines.last == "and 200 more problems")
  }
}

/// Reads a text as the file `agent.yaml`.
func read(
  _ text: String, environment: [String: String] = [:], overrides: [ConfigurationOverride] = []
) throws(ConfigurationErrors) -> AgentConfiguration {
  try AgentConfiguration.parse(
    Array(text.utf8), name: "agent.yaml", environment: environment, overrides: overrides)
}

/// What is wrong with a text, a line for each problem.
func problems(
  _ text: String, environment: [String: String] = [:], overrides: [ConfigurationOverride] = []
) -> [String] {
  do throws(ConfigurationErrors) {
    _ = try read(text, environment: environment, overrides: overrides)
    return []
  } catch {
    return error.lines
  }
}
