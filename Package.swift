// swift-tools-version: 6.2

import Foundation
import PackageDescription

/// The strictness every Swift target is built with.
let strict: [SwiftSetting] = [
    // A tracer must not race with itself: complete concurrency checking.
    .swiftLanguageMode(.v6),
    // A dynamic call in the stop path should be seen in the source.
    .enableUpcomingFeature("ExistentialAny"),
    // A target's dependencies are its own business unless it says `public import`.
    .enableUpcomingFeature("InternalImportsByDefault"),
    // A member is used only where its module is imported, so that the import check means something.
    .enableUpcomingFeature("MemberImportVisibility"),
    // A warning is a question nobody answered.
    .treatAllWarnings(as: .error),
]

let strictC: [CSetting] = [
    .unsafeFlags(["-Wall", "-Wextra", "-Werror", "-std=gnu17"])
]

/// Small C programs, one behaviour each, that tests run under `supervise`: the folders below
/// `Fixtures/`, `Fixtures/attacks/` and `examples/` that hold C files, each a program of its folder's
/// name.
let programFolders = ["Fixtures", "Fixtures/attacks", "examples"]
let fixtures: [(name: String, path: String)] = programFolders.flatMap { parent in
    let files = FileManager.default
    let here = URL(fileURLWithPath: Context.packageDirectory)
    func list(_ path: String) -> [String] {
        (try? files.contentsOfDirectory(atPath: here.appendingPathComponent(path).path)) ?? []
    }
    return list(parent).sorted()
        .filter { list("\(parent)/\($0)").contains { $0.hasSuffix(".c") } }
        .map { (name: $0, path: "\(parent)/\($0)") }
}

let package = Package(
    name: "supervise",
    products: [
        .executable(name: "supervise", targets: ["supervise"]),
        .executable(name: "supervise-report", targets: ["supervise-report"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        // Policy files and the cases of the selftest: never the start of a command. It lists a package
        // for its own tests, which nothing here builds.
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        // The page of `supervise report`, a program of its own.
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        // Tests only.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // Lowest first: a target may depend on what stands above it, never below.
        .target(name: "CSupervise", cSettings: strictC),
        .target(
            name: "CUnwind", cSettings: strictC,
            linkerSettings: [
                // libunwind-dev and libdw-dev, with static archives for the release build, and what
                // they read compressed sections with.
                .linkedLibrary("unwind-x86_64"), .linkedLibrary("dw"), .linkedLibrary("elf"),
                .linkedLibrary("z"), .linkedLibrary("bz2"), .linkedLibrary("lzma"),
                // Readable forms of C++ symbols.
                .linkedLibrary("stdc++"),
            ]),
        .target(name: "SupervisePolicy"),
        .target(
            name: "SupervisePolicyFile",
            dependencies: [
                "SupervisePolicy", .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        .target(name: "SuperviseFilter", dependencies: ["SupervisePolicy"]),
        .target(name: "SuperviseAudit", dependencies: ["SupervisePolicy"]),
        .target(name: "SuperviseBacktrace", dependencies: ["CUnwind", "SuperviseAudit"]),
        .target(
            name: "SuperviseTracer",
            dependencies: [
                "CSupervise", "SupervisePolicy", "SuperviseFilter", "SuperviseAudit",
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .target(
            name: "SuperviseSelftest",
            dependencies: ["CSupervise", .product(name: "TOMLKit", package: "TOMLKit")]),
        .target(
            name: "SuperviseReport",
            dependencies: [
                "SupervisePolicy", "SuperviseAudit",
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            // In the program itself: it may be installed anywhere.
            resources: [.embedInCode("Page")]),
        .executableTarget(
            name: "supervise-report",
            dependencies: [
                "SuperviseReport", "SupervisePolicy",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .executableTarget(
            name: "supervise",
            dependencies: [
                "CSupervise", "SupervisePolicy", "SupervisePolicyFile", "SuperviseFilter",
                "SuperviseAudit", "SuperviseTracer", "SuperviseBacktrace", "SuperviseSelftest",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),

        .target(
            name: "SuperviseTestSupport",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/SuperviseTestSupport"),
        .testTarget(
            name: "SupervisePolicyTests",
            dependencies: ["SupervisePolicy", "SuperviseTestSupport"]),
        .testTarget(
            name: "SupervisePolicyFileTests",
            dependencies: ["SupervisePolicyFile", "SupervisePolicy", "SuperviseTestSupport"]),
        .testTarget(
            name: "SuperviseFilterTests", dependencies: ["SuperviseFilter", "SupervisePolicy"]),
        .testTarget(
            name: "SuperviseAuditTests",
            dependencies: ["SuperviseAudit", "SupervisePolicy", "SuperviseTestSupport"]),
        .testTarget(
            name: "SuperviseBacktraceTests",
            dependencies: ["SuperviseBacktrace", "SuperviseAudit", "SuperviseTestSupport"]),
        .testTarget(
            name: "SuperviseTracerTests",
            dependencies: [
                "SuperviseTracer", "SuperviseAudit", "SuperviseFilter", "SupervisePolicy",
                "CSupervise", "SuperviseTestSupport",
            ]),
        .testTarget(
            name: "SuperviseReportTests",
            dependencies: ["SuperviseReport", "SuperviseAudit", "SuperviseTestSupport"]),
        .testTarget(name: "SuperviseSelftestTests", dependencies: ["SuperviseSelftest"]),
        .testTarget(
            name: "SuperviseEndToEndTests",
            dependencies: [
                "SupervisePolicy", "SuperviseTestSupport", "supervise", "supervise-report",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
                + fixtures.map { .byName(name: $0.name) }
        ),
    ]
        + fixtures.map {
            .executableTarget(
                name: $0.name,
                // The first is the C layer's own test, the others use the header for programs.
                dependencies: ["layer", "give-up", "given-up", "inherited-ring"].contains($0.name)
                    ? ["CSupervise"] : [],
                path: $0.path,
                cSettings: strictC + [.define("_GNU_SOURCE")])
        }
)

for target in package.targets where target.type != .system {
    let isC =
        ["CSupervise", "CUnwind"].contains(target.name)
        || fixtures.contains { $0.name == target.name }
    guard !isC else { continue }
    target.swiftSettings = strict
    // What is unsafe about tests is what they test.
    if !target.name.contains("Test") { target.swiftSettings?.append(.strictMemorySafety()) }
}
