// swift-tools-version: 6.2
import PackageDescription

let locking = Target.Dependency.product(name: "MailboxLocking", package: "mailbox-locking")

let package = Package(
  name: "swift-program",
  dependencies: [.package(name: "mailbox-locking", path: "../..")],
  targets: [
    .executableTarget(name: "guarded", dependencies: [locking]),
    .executableTarget(name: "postbox", dependencies: [locking]),
  ]
)
