// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "genbatch",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "GenAI", targets: ["GenAI"]),
        .executable(name: "genbatch", targets: ["genbatch"]),
        .executable(name: "gemini-simulator", targets: ["gemini-simulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        // BatchCore: the domain. Values, rules and ports.
        .target(name: "BatchCore", dependencies: ["JSON", .product(name: "Crypto", package: "swift-crypto")]),
        .testTarget(name: "BatchCoreTests", dependencies: ["BatchCore", "JSON", "TestSupport"]),

        // C libraries of the system.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        // Checkpointing: the state of a job in one SQLite file.
        .target(name: "Checkpointing", dependencies: ["BatchCore", "JSON", "SQLite"]),
        .testTarget(
            name: "CheckpointingTests",
            dependencies: ["BatchCore", "Checkpointing", "JSON", "SQLite", "TestSupport"],
            exclude: ["Schemas"]
        ),

        // Curl: HTTP over libcurl's multi interface, on one thread.
        .target(name: "Curl", dependencies: ["CCurl"]),
        .testTarget(name: "CurlTests", dependencies: ["Curl", "TestSupport"]),

        // Export: results in the formats that other programs read.
        .target(
            name: "Export",
            dependencies: ["BatchCore", "JSON", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .testTarget(name: "ExportTests", dependencies: ["BatchCore", "Export", "JSON", "TestSupport"]),

        // GenAI: the public client library.
        .target(
            name: "GenAI",
            dependencies: ["Curl", "JSON", .product(name: "CryptoExtras", package: "swift-crypto")]
        ),
        .testTarget(
            name: "GenAITests",
            dependencies: ["Curl", "GeminiSimulator", "GenAI", "JSON", "TestSupport"]
        ),

        // GenAIGenerating: makes the client answer the scheduler.
        .target(
            name: "GenAIGenerating",
            dependencies: ["BatchCore", "GenAI", "JSON", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .testTarget(
            name: "GenAIGeneratingTests",
            dependencies: ["BatchCore", "GenAI", "GenAIGenerating", "JSON", "TestSupport"]
        ),

        // GeminiSimulator: the API on loopback; linked into no other program.
        .target(
            name: "GeminiSimulator",
            dependencies: [
                "JSON",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .executableTarget(
            name: "gemini-simulator",
            dependencies: ["GeminiSimulator", .product(name: "ArgumentParser", package: "swift-argument-parser")]
        ),
        .testTarget(name: "GeminiSimulatorTests", dependencies: ["Curl", "GeminiSimulator", "JSON", "TestSupport"]),

        // genbatch: the program.
        .executableTarget(name: "genbatch", dependencies: ["GenbatchCLI"]),
        .target(
            name: "GenbatchCLI",
            dependencies: [
                "BatchCore", "Checkpointing", "Curl", "Export", "GenAI", "GenAIGenerating", "JSON", "JobFiles",
                "QuotaLedger", "Reporting", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "BatchCore", "JSON", "QuotaLedger", "SQLite", "TestSupport", "gemini-simulator", "genbatch",
            ]
        ),

        // hot-paths: what a run does for every event and item, for counts of instructions (`make bench-guard`).
        .executableTarget(
            name: "hot-paths",
            dependencies: ["BatchCore", "Checkpointing", "Export", "GenAI", "JobFiles"],
            path: "Benchmarks/HotPaths"
        ),

        // JobFiles: a YAML file to a job and its items.
        .target(
            name: "JobFiles",
            dependencies: [
                "BatchCore", "JSON", "YAML",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            resources: [.embedInCode("Templates"), .embedInCode("prices.yaml")]
        ),
        .testTarget(name: "JobFilesTests", dependencies: ["BatchCore", "JSON", "JobFiles", "TestSupport", "YAML"]),

        // JSON: reading and writing JSON text without Foundation.
        .target(name: "JSON", swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),

        // QuotaLedger: what is known of quotas, and what was spent, for all jobs of the machine.
        .target(name: "QuotaLedger", dependencies: ["BatchCore", "SQLite"]),
        .testTarget(name: "QuotaLedgerTests", dependencies: ["BatchCore", "QuotaLedger", "SQLite", "TestSupport"]),

        // QuotaSimulationTests: the limiter against services, simulated and over sockets.
        .testTarget(
            name: "QuotaSimulationTests",
            dependencies: ["BatchCore", "GeminiSimulator", "GenAI", "GenAIGenerating", "JSON", "TestSupport"]
        ),

        // Reporting: one HTML page about a job.
        .target(
            name: "Reporting",
            dependencies: ["BatchCore", "JSON", .product(name: "Crypto", package: "swift-crypto")],
            resources: [.embedInCode("report.css"), .embedInCode("report.js")]
        ),
        .testTarget(
            name: "ReportingTests",
            dependencies: [
                "BatchCore", "JSON", "Reporting", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),

        // SQLite: ownership over sqlite3.
        .target(name: "SQLite", dependencies: ["CSQLite"]),
        .testTarget(name: "SQLiteTests", dependencies: ["SQLite", "TestSupport"]),

        // Terminal: progress for people and programs.
        .target(name: "Terminal", dependencies: ["BatchCore", "JSON"]),
        .testTarget(name: "TerminalTests", dependencies: ["BatchCore", "JSON", "Terminal", "TestSupport"]),

        // TestSupport: what the tests of several modules share.
        .target(name: "TestSupport", dependencies: ["BatchCore"], path: "Tests/TestSupport"),

        // YAML: libyaml's events as nodes that remember line and column.
        .target(name: "YAML", dependencies: ["CYAML"]),
        .testTarget(name: "YAMLTests", dependencies: ["TestSupport", "YAML"]),
    ],
    swiftLanguageModes: [.v6]
)

let features: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// `make check` wants no warning; whoever builds with a newer compiler is not to be stopped by its new ones.
let strictness: [SwiftSetting] = Context.environment["GENBATCH_STRICT"] == "1" ? [.treatAllWarnings(as: .error)] : []

for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + features + strictness
}
