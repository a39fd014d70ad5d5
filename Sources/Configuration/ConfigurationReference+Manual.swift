/// The manual page `wick-agent.yaml(5)`, in the mdoc language.
extension ConfigurationReference {
  package static var manual: String {
    let lines = head + AgentConfiguration.documents.flatMap { entry($0) } + tail
    return lines.joined(separator: "\n") + "\n"
  }

  private static let head = """
    .\\" Made of the table of keys: see Tests/ConfigurationTests/ReferenceTests.swift.
    .Dd November 21, 2026
    .Dt WICK-AGENT.YAML 5
    .Os
    .Sh NAME
    .Nm wick-agent.yaml
    .Nd configuration of the profiling agent
    .Sh SYNOPSIS
    .Pa /etc/wick/agent.yaml
    .Sh DESCRIPTION
    What
    .Cm wick agent
    does, as a YAML file.
    Every key has a default, so that the file may be empty or missing.
    An option of the command line counts more than the environment, that more than the file.
    The variable of a key is its path in capitals:
    .Ev WICK_PROFILING_FREQUENCY
    is
    .Ic profiling.frequency .
    .Pp
    Unknown keys, keys that are given twice and values of another type are errors, which are all told
    with file, line, key and remedy.
    Aliases, anchors, tags and several documents are not supported.
    The file may have 256 KiB; it must belong to root or the agent's user, and nobody else may write it.
    .Pp
    Times are numbers with
    .Li ms , s , m , h
    or
    .Li d ,
    such as
    .Li 1h30m .
    Sizes are numbers of bytes, or numbers with
    .Li KiB , MiB
    or
    .Li GiB .
    Secrets are in files of their own, which others may not write.
    .Pp
    A reload
    .Pq Dv SIGHUP , Li systemctl reload wick
    applies what does not need a restart; a file with errors changes nothing.
    .Sh KEYS
    .Bl -tag -width Ds
    """.lines

  private static let tail = """
    .El
    .Sh FILES
    .Bl -tag -width Ds
    .It Pa /etc/wick/agent.yaml
    The configuration; every key is in it as a comment.
    .El
    .Sh EXAMPLES
    Profiles and metrics to an OpenTelemetry Collector:
    .Bd -literal -offset indent
    destinations:
      - name: central
        type: otlp
        url: https://otel.example.com:4318
        bearer_token_file: /etc/wick/token
    .Ed
    .Pp
    Another name for all services of a kind, and none of what backs up:
    .Bd -literal -offset indent
    identity:
      rules:
        - match:
            attribute: service.name
            pattern: "web-*"
          set:
            service.name: web
        - match:
            attribute: service.name
            value: backup
          drop: true
    .Ed
    .Sh SEE ALSO
    .Xr wick 1
    """.lines

  private static func entry(_ document: KeyDocument) -> [String] {
    [".It Ic \(escaped(document.path))"] + sentences(document)
      + document.children.flatMap { entry($0) }
  }

  private static func sentences(_ document: KeyDocument) -> [String] {
    var lines = broken(document.summary)
    if !document.allowed.isEmpty { lines += broken(allowed(document)) }
    if document.kind == .value { lines += broken("Default: \(document.defaultValue).") }
    if document.effect == .restart { lines.append("Needs a restart.") }
    return lines
  }

  /// Text as lines that mandoc takes for nothing but text, a sentence on each.
  private static func broken(_ text: String) -> [String] {
    var sentences = [""]
    for word in text.split(separator: " ") {
      let last = sentences.count - 1
      sentences[last] += sentences[last].isEmpty ? word : " \(word)"
      if word.hasSuffix("."), word.count > 2 { sentences.append("") }
    }
    return sentences.filter { !$0.isEmpty }.flatMap { TextWrap.lines($0, width: 96) }.map(escaped)
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text { result += character == "\\" ? "\\e" : String(character) }
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
  }
}

extension String {
  fileprivate var lines: [String] {
    split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}
