import LockPolicy
import SystemPackage
import Testing

@testable import PolicyFile

struct SampleTests {
  @Test(arguments: ["dotlock", "dotlock-mixed-nfs", "dotlock-classic-60s"])
  func `a sample loads`(name: String) throws {
    _ = try sample(name)
  }

  @Test func `the default sample has every key, in the table's order, with its built-in default`() throws {
    let document = try sample("dotlock")
    #expect(document.defaults.map(\.setting.key) == Settings.table.map(\.key))
    for assignment in document.defaults {
      #expect(assignment.text == assignment.setting.defaultText, "\(assignment.setting.key)")
    }
    #expect(try document.resolved(for: nil).policy == Policy())
  }

  @Test func `the rules that the default sample shows as comments are good ones`() throws {
    let text = try Corpus.text(Corpus.root.appending("etc/dotlock.yaml"))
    let shown = text.split(separator: "\n").filter { $0.hasPrefix("#  ") && !$0.hasPrefix("#   lockctl") }
      .map { $0.dropFirst() }
    let rules = shown.drop { !$0.hasPrefix("  - match") }
    #expect(rules.count >= 4)
    #expect(complaint(about: "rules:\n" + rules.joined(separator: "\n")) == nil)
  }

  @Test func `the mixed site locks NFS mailboxes with the dotlock alone`() throws {
    let document = try sample("dotlock-mixed-nfs")
    var subject = Subject(
      path: "/home/ann/archive/2024/mbox", filesystem: "nfs", isLocal: false, host: "shell1", user: ["ann", "1000"],
      program: "mboxappend")
    let nfs = try document.resolved(for: subject).policy
    #expect(nfs.method == [.dotlock])
    #expect(nfs.steal.fenceMax == 64 << 20)
    #expect(nfs.wait.timeout == .seconds(180))
    (subject.path, subject.filesystem, subject.isLocal) = ("/var/mail/ann", "ext4", true)
    let local = try document.resolved(for: subject).policy
    #expect(local.method == [.dotlock, .fcntl])
    #expect(local.wait.timeout == .seconds(120))
    subject.host = "mx2.example.org"
    #expect(try document.resolved(for: subject).policy.wait.timeout == .seconds(10))
  }

  @Test func `the classic site steals every lock after 60 s`() throws {
    let policy = try sample("dotlock-classic-60s").resolved(for: nil).policy
    #expect(policy.steal.after == .seconds(60))
    #expect(policy.steal.foreignAfter == .seconds(60))
    #expect(policy.method == [.dotlock])
  }

  private func sample(_ name: String) throws -> PolicyDocument {
    try PolicyFile.parse(Corpus.bytes(Corpus.root.appending("etc/\(name).yaml")), source: "FILE")
  }
}
