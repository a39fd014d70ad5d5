// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "wick",
  products: [.executable(name: "wick", targets: ["wick"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
  ],
  targets: layer0 + layer1 + layer2 + layer3 + layer4 + programs + build + tests,
  swiftLanguageModes: [.v6]
)

// Pure values: no Foundation, no Glibc.
var layer0: [Target] {
  [
    .target(name: "ProfileModel", swiftSettings: settings),
    .target(name: "MetricModel", swiftSettings: settings),
    .target(name: "Health", dependencies: ["ResourceModel"], swiftSettings: settings),
    .target(name: "ResourceModel", swiftSettings: settings),
  ]
}

// Pure formats: bytes in, bytes out.
var layer1: [Target] {
  [
    .target(
      name: "ProfileFormats",
      dependencies: [
        "OTLPMessages", "ProfileModel", "PyroscopeMessages", "ResourceModel",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protobuf/profile.proto", "Web"], swiftSettings: settings,
      plugins: ["EmbedAssets"]),
    .target(
      name: "OTLPMessages",
      dependencies: ["ResourceModel", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Protos"], swiftSettings: settings),
    .target(
      name: "PyroscopeMessages",
      dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Protos"], swiftSettings: settings),
    .target(
      name: "MetricFormats",
      dependencies: [
        "MetricModel", "OTLPMessages", "ResourceModel",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], swiftSettings: settings),
    .target(name: "Unwinding", swiftSettings: settings),
  ]
}

// C libraries and Linux. The word `unsafe` stops here.
var layer2: [Target] {
  [
    .systemLibrary(name: "CLibBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
    .systemLibrary(name: "CLibELF", pkgConfig: "libelf", providers: [.apt(["libelf-dev"])]),
    .systemLibrary(name: "CLibUnwind", providers: [.apt(["libunwind-dev"])]),
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "YAML", dependencies: ["CLibYAML"], swiftSettings: settings),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "BPFShared", path: "BPF/shared"),
    .target(name: "CDemangle", linkerSettings: [.linkedLibrary("iberty")]),
    .target(name: "BPFObjects", swiftSettings: settings, plugins: ["CompileBPF"]),
    .target(
      name: "BPFRuntime", dependencies: ["CLibBPF", "BPFObjects", "CLinux"],
      swiftSettings: settings),
    .target(name: "Compression", dependencies: ["CZlib"], swiftSettings: settings),
    .target(name: "LinuxHost", dependencies: ["CLinux"], swiftSettings: settings),
    .target(
      name: "PerfEvents", dependencies: ["CLinux", "LinuxHost", "ProfileModel"],
      swiftSettings: settings),
    .target(
      name: "ELF", dependencies: ["CLibELF", "Compression", "LinuxHost", "ProfileModel"],
      swiftSettings: settings),
    .target(name: "Demangling", dependencies: ["CDemangle"], swiftSettings: settings),
    .target(
      name: "UnwindStep", cSettings: [.headerSearchPath("../../BPF")]),
    .target(
      name: "RemoteUnwinding", dependencies: ["BPFRuntime", "CLibUnwind", "UnwindStep"],
      swiftSettings: settings),
  ]
}

// The domain.
var layer3: [Target] {
  [
    .target(
      name: "Configuration", dependencies: ["Export", "LinuxHost", "YAML"],
      swiftSettings: settings),
    .target(
      name: "AgentLog",
      dependencies: [
        "LinuxHost", "ResourceModel", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: settings),
    .target(
      name: "ProcessTracking",
      dependencies: ["ELF", "LinuxHost", "PerfEvents", "ProfileModel", "RemoteUnwinding"],
      swiftSettings: settings),
    .target(
      name: "Sampling",
      dependencies: [
        "BPFObjects", "BPFRuntime", "BPFShared", "ELF", "LinuxHost", "PerfEvents",
        "ProcessTracking", "ProfileModel", "RemoteUnwinding", "UnwindTables", "Unwinding",
      ], swiftSettings: settings),
    .target(
      name: "Latency",
      dependencies: [
        "BPFObjects", "BPFRuntime", "BPFShared", "LinuxHost", "MetricModel", "ProfileModel",
        "ResourceModel", "Sampling",
      ], swiftSettings: settings),
    .target(
      name: "HostMetrics", dependencies: ["LinuxHost", "MetricModel", "ResourceModel"],
      swiftSettings: settings),
    .target(
      name: "Export",
      dependencies: [
        "Compression", "LinuxHost", "MetricFormats", "MetricModel", "ProfileFormats",
        "ProfileModel", "ResourceModel",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: settings),
    .target(
      name: "AgentEndpoint",
      dependencies: [
        "Compression", "Health", "LinuxHost", "ResourceModel",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: settings),
    .target(
      name: "ServiceIdentity", dependencies: ["ELF", "LinuxHost", "ProfileModel", "ResourceModel"],
      swiftSettings: settings),
    .target(
      name: "UnwindTables",
      dependencies: ["BPFRuntime", "BPFShared", "ELF", "LinuxHost", "Unwinding"],
      swiftSettings: settings),
    .target(
      name: "Symbolization",
      dependencies: ["Demangling", "ELF", "LinuxHost", "ProfileModel"],
      swiftSettings: settings),
  ]
}

// Assembly.
var layer4: [Target] {
  [
    .target(
      name: "Agent",
      dependencies: [
        "AgentEndpoint", "AgentLog", "BPFRuntime", "Compression", "Configuration", "ELF", "Export",
        "Health",
        "HostMetrics", "Latency", "LinuxHost", "MetricFormats", "MetricModel", "PerfEvents",
        "ProcessTracking", "ProfileFormats", "ProfileModel", "ResourceModel", "Sampling",
        "ServiceIdentity", "Symbolization", "Unwinding",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: settings)
  ]
}

var programs: [Target] {
  [
    .executableTarget(
      name: "wick",
      dependencies: [
        "Agent", "AgentEndpoint", "AgentLog", "Compression", "Configuration", "Export", "Health",
        "Latency", "LinuxHost", "MetricModel", "ProfileFormats", "ProfileModel", "ResourceModel",
        "Sampling", "Unwinding",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),
    .executableTarget(
      name: "wick-bench",
      dependencies: [
        "Compression", "ELF", "Export", "HostMetrics", "LinuxHost", "MetricFormats", "MetricModel",
        "ProfileFormats", "ProfileModel", "ResourceModel", "UnwindTables", "Unwinding",
      ], swiftSettings: settings),
  ]
}

var build: [Target] {
  [
    .executableTarget(name: "bpf-embed"),
    .executableTarget(name: "asset-embed"),
    .plugin(
      name: "CompileBPF", capability: .buildTool(), dependencies: ["bpf-embed"],
      path: "Sources/CompileBPF"),
    .plugin(
      name: "EmbedAssets", capability: .buildTool(), dependencies: ["asset-embed"],
      path: "Sources/EmbedAssets"),
  ]
}

var tests: [Target] {
  [
    .testTarget(name: "ProfileModelTests", dependencies: ["ProfileModel"], swiftSettings: settings),
    .testTarget(
      name: "ResourceModelTests", dependencies: ["ResourceModel"], swiftSettings: settings),
    .testTarget(name: "HealthTests", dependencies: ["Health"], swiftSettings: settings),
    .testTarget(
      name: "AgentEndpointTests",
      dependencies: [
        "AgentEndpoint", "Compression", "Health", "HostMetrics", "LinuxHost", "MetricFormats",
        "MetricModel",
        .product(name: "NIOPosix", package: "swift-nio"),
      ], exclude: ["Fixtures"], swiftSettings: settings),
    .testTarget(name: "CompressionTests", dependencies: ["Compression"], swiftSettings: settings),
    .testTarget(
      name: "ProfileFormatsTests",
      dependencies: [
        "Compression", "OTLPMessages", "ProfileFormats", "ProfileModel", "PyroscopeMessages",
        "ResourceModel", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], swiftSettings: settings),
    .testTarget(
      name: "ViewerTests", dependencies: ["ProfileFormats", "ProfileModel"],
      exclude: ["browser"], swiftSettings: settings),
    .testTarget(
      name: "SymbolizationTests",
      dependencies: ["Demangling", "LinuxHost", "ProfileModel", "Symbolization"],
      exclude: ["Fixtures"], swiftSettings: settings),
    .testTarget(
      name: "ELFTests", dependencies: ["ELF", "LinuxHost", "ProfileModel"],
      swiftSettings: settings),
    .testTarget(
      name: "LinuxHostTests", dependencies: ["LinuxHost"], swiftSettings: settings),
    .testTarget(
      name: "PerfEventsTests", dependencies: ["LinuxHost", "PerfEvents", "ProfileModel"],
      swiftSettings: settings),
    .testTarget(
      name: "RemoteUnwindingTests", dependencies: ["ELF", "LinuxHost", "RemoteUnwinding"],
      swiftSettings: settings),
    .testTarget(
      name: "ProcessTrackingTests",
      dependencies: [
        "ELF", "LinuxHost", "PerfEvents", "ProcessTracking", "ProfileModel", "RemoteUnwinding",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SamplingTests",
      dependencies: [
        "BPFObjects", "BPFRuntime", "BPFShared", "LinuxHost", "PerfEvents", "ProfileModel",
        "RemoteUnwinding", "Sampling",
      ], swiftSettings: settings),
    .testTarget(
      name: "LatencyTests",
      dependencies: [
        "BPFRuntime", "BPFShared", "Latency", "LinuxHost", "MetricModel", "ProfileModel",
        "Sampling",
      ], swiftSettings: settings),
    .testTarget(
      name: "AgentTests",
      dependencies: [
        "Agent", "LinuxHost", "PerfEvents", "ProfileModel", "Sampling", "Symbolization",
      ], swiftSettings: settings),
    .testTarget(
      name: "AgentLogTests",
      dependencies: ["AgentLog", "LinuxHost", .product(name: "Logging", package: "swift-log")],
      swiftSettings: settings),
    .testTarget(
      name: "HostMetricsTests",
      dependencies: ["HostMetrics", "LinuxHost", "MetricFormats", "MetricModel"],
      exclude: ["Fixtures"], swiftSettings: settings),
    .testTarget(name: "MetricModelTests", dependencies: ["MetricModel"], swiftSettings: settings),
    .testTarget(
      name: "MetricFormatsTests",
      dependencies: [
        "MetricFormats", "MetricModel", "OTLPMessages", "ResourceModel",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], swiftSettings: settings),
    .testTarget(name: "YAMLTests", dependencies: ["YAML"], swiftSettings: settings),
    .testTarget(
      name: "ConfigurationTests",
      dependencies: ["Configuration", "Export", "HostMetrics", "LinuxHost"],
      swiftSettings: settings),
    .testTarget(
      name: "ExportTests",
      dependencies: [
        "Compression", "Export", "LinuxHost", "MetricFormats", "MetricModel", "ProfileModel",
        "ResourceModel",
      ], swiftSettings: settings),
    .testTarget(
      name: "DestinationTests",
      dependencies: [
        "Compression", "Export", "LinuxHost",
        .product(name: "NIOPosix", package: "swift-nio"),
      ], exclude: ["Servers"], swiftSettings: settings),
    .testTarget(
      name: "ServiceIdentityTests",
      dependencies: ["LinuxHost", "ResourceModel", "ServiceIdentity"], swiftSettings: settings),
    .testTarget(name: "UnwindingTests", dependencies: ["Unwinding"], swiftSettings: settings),
    .testTarget(
      name: "UnwindTablesTests",
      dependencies: [
        "BPFRuntime", "BPFShared", "ELF", "LinuxHost", "UnwindTables", "Unwinding",
      ], swiftSettings: settings),
    .testTarget(
      name: "ReplayTests",
      dependencies: [
        "BPFRuntime", "BPFShared", "Compression", "ELF", "LinuxHost", "RemoteUnwinding",
        "Sampling", "UnwindTables", "Unwinding",
      ], exclude: ["Fixtures", "record"], swiftSettings: settings),
    .testTarget(name: "RecordTests", dependencies: ["ProfileModel"], swiftSettings: settings),
  ]
}
