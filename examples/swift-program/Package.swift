// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "guarded",
  dependencies: [.package(name: "mailbox-locking", path: "../..")],
  targets: [
    .executableTarget(
      name: "guarded", dependencies: [.product(name: "MailboxLocking", package: "mailbox-locking")])
  ]
)
