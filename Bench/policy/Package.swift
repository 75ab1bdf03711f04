// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nobody who builds `supervise` builds it. The policy's sources are a
// link to the product's.
let package = Package(
    name: "policy-bench",
    targets: [
        .target(
            name: "SupervisePolicy",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
        .executableTarget(name: "policy-bench", dependencies: ["SupervisePolicy"], path: "Sources/Bench"),
    ])
