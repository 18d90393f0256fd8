// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies + [system], swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .executableTarget(name: name, dependencies: ["CommandLine", system] + dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: dependencies + [system], swiftSettings: strict)
}

let package = Package(
  name: "mailbox-locking",
  products: [
    .library(name: "MailboxLocking", targets: ["MailboxLocking"]),
    .executable(name: "dotlock", targets: ["dotlock"]),
    .executable(name: "mboxappend", targets: ["mboxappend"]),
    .executable(name: "maildir2mbox", targets: ["maildir2mbox"]),
    .executable(name: "lockctl", targets: ["lockctl"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CPosix"),
    module("Posix", ["CPosix"]),
    module("LockPolicy", []),
    module("PolicyFile", ["CYAML", "Posix", "LockPolicy", "FileLocking"]),
    module("FileLocking", ["Posix", "LockPolicy"]),
    module("Mailbox", ["Posix", "LockPolicy", "FileLocking"]),
    .target(
      name: "QuickStart", exclude: ["symbols.order"],
      cSettings: [.define("STATIC_RUNTIME", .when(configuration: .release))]),
    module("CommandLine", ["QuickStart", "CPosix", "Posix", "LockPolicy", "PolicyFile", "FileLocking", "Mailbox"]),
    // One import for programs outside this package.
    module("MailboxLocking", ["LockPolicy", "PolicyFile", "FileLocking", "Mailbox"]),

    program("dotlock"),
    program("mboxappend"),
    program("maildir2mbox"),
    program("lockctl", ["Posix", "LockPolicy", "PolicyFile", "FileLocking", "Mailbox", arguments]),

    .target(
      name: "TestSupport", dependencies: ["Posix", system], path: "Tests/TestSupport", swiftSettings: strict),
    tests("FileLocking", ["CPosix", "Posix", "LockPolicy", "FileLocking", "TestSupport"]),
    tests("Mailbox", ["Posix", "LockPolicy", "FileLocking", "Mailbox", "TestSupport"]),
    tests(
      "Command",
      ["CPosix", "Posix", "LockPolicy", "TestSupport", "dotlock", "mboxappend", "maildir2mbox", "lockctl"]),

    // Not a product: `make bench` builds and runs it.
    .executableTarget(
      name: "lockbench", dependencies: ["CPosix"], path: "Tests/Bench", exclude: ["Rivals", "order.py"],
      swiftSettings: strict),

    tests("LockPolicy", ["LockPolicy"]),
    .testTarget(
      name: "PolicyFileTests",
      dependencies: ["PolicyFile", "LockPolicy", "FileLocking", "Posix", "TestSupport", system],
      exclude: ["Policies"], swiftSettings: strict),
  ]
)

// `make fuzz` only: the program's main is libFuzzer's, which no other build links.
if Context.environment["MAILBOX_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz",
      dependencies: ["Posix", "LockPolicy", "PolicyFile", "FileLocking", "Mailbox", "CommandLine", system],
      path: "Tests/Fuzz", exclude: ["Corpus", "run"], swiftSettings: strict))
}
