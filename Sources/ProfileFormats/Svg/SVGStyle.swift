import ProfileModel

/// The colours of frames: one hue for each kind of code, told apart by colour-blind readers too.
enum SVGStyle {
  static let legend = [
    (style: "n1", label: "native"), (style: "k1", label: "kernel"), (style: "j1", label: "JIT"),
    (style: "i1", label: "interpreted"), (style: "w1", label: "wait or call"),
    (style: "m", label: "incomplete stack"), (style: "p", label: "process"),
  ]

  /// Each kind has three shades, so that neighbours can be told apart; a name keeps its shade.
  static func style(of key: SVGLayout.Key, name: String) -> String {
    switch key {
    case .all, .process: "p"
    case .mark: "m"
    case .unknown: "n\(shade(name))"
    case .function(let function):
      switch function.kind {
      case .native: "n\(shade(name))"
      case .kernel: "k\(shade(name))"
      case .jit: "j\(shade(name))"
      case .interpreted: "i\(shade(name))"
      case .mark: "m"
      case .synthetic: "w\(shade(name))"
      }
    }
  }

  private static func shade(_ name: String) -> Int {
    var hash: UInt32 = 2_166_136_261
    for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int(hash >> 8) % 3
  }

  static let text = """
    text{font:12px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1c1917}\
    .title{font:600 17px system-ui,"Segoe UI","DejaVu Sans",sans-serif}\
    .note{font:12px system-ui,"Segoe UI","DejaVu Sans",sans-serif;fill:#57534e}\
    .page{fill:#fff}.h0{fill:#d6d3d1}.h1{fill:#a8a29e}\
    .p{fill:#dcd9d5}.m{fill:url(#hatch);stroke:#78716c;stroke-width:.6}\
    .n0{fill:#f3b562}.n1{fill:#f0a94c}.n2{fill:#f6c07b}\
    .k0{fill:#86b9e8}.k1{fill:#76aee2}.k2{fill:#98c4ed}\
    .j0{fill:#74c7a5}.j1{fill:#62bd98}.j2{fill:#88d0b2}\
    .w0{fill:#ece47a}.w1{fill:#e6dd62}.w2{fill:#f0e98f}\
    .i0{fill:#d6a0d0}.i1{fill:#cd90c6}.i2{fill:#deb1d9}\
    g:hover rect{stroke:#1c1917;stroke-width:1}
    """
}
