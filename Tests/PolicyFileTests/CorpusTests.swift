import LockPolicy
import SystemPackage
import Testing

@testable import PolicyFile

struct CorpusTests {
  @Test(arguments: try Corpus.names("bad"))
  func `a bad policy is refused with the expected line`(name: String) throws {
    let path = Corpus.directory("bad").appending(name + ".yaml")
    let expected = try Corpus.text(Corpus.directory("bad").appending(name + ".expected"))
    let answer = complaint(about: try Corpus.bytes(path))
    #expect(answer.map { $0 + "\n" } == expected)
  }

  @Test(arguments: try Corpus.names("good"))
  func `a good policy loads`(name: String) throws {
    let path = Corpus.directory("good").appending(name + ".yaml")
    #expect(complaint(about: try Corpus.bytes(path)) == nil)
  }

  @Test func `the corpus is there`() throws {
    #expect(try Corpus.names("bad").count > 100)
    #expect(try Corpus.names("good").count > 15)
  }

  @Test(arguments: ["empty", "comments", "document-start", "document-start-end", "version-only", "empty-sections"])
  func `a policy that says nothing is the built-in defaults`(name: String) throws {
    let document = try good(name)
    #expect(document.defaults.isEmpty)
    #expect(document.rules.isEmpty)
    #expect(try document.resolved(for: nil).policy == Policy())
  }

  @Test(arguments: ["byte-order-mark", "crlf", "no-final-newline", "flow"])
  func `the form of the text does not matter`(name: String) throws {
    #expect(try good(name).resolved(for: nil).policy.method == [.flock])
  }

  @Test func `values may be dotted, quoted or folded`() throws {
    let dotted = try good("dotted").resolved(for: nil).policy
    #expect(dotted.lease.length == .seconds(30))
    #expect(dotted.steal.after == .seconds(120))
    #expect(dotted.steal.observe == .seconds(7))
    let quoted = try good("quoted").resolved(for: nil).policy
    #expect(quoted.lease.length == .seconds(30))
    #expect(quoted.mailbox.mode == 0o660)
    #expect(!quoted.mailbox.sync)
    #expect(try good("block-scalar").resolved(for: nil).policy.method == [.dotlock, .flock])
  }

  @Test func `patterns are one text or several`() throws {
    let match = try good("patterns").rules[0].match
    #expect(match[.path] == ["/home/*/Mailbox", "**/mbox"])
    #expect(match[.host] == ["mx1", "mx*"])
    #expect(match[.user] == ["1000"])
    #expect(match[.filesystem] == ["nfs", "local", "0x1234"])
  }

  @Test func `origins name file, line and column`() throws {
    let document = try good("dotted")
    #expect(document.defaults[0].origin == .defaults(LockPolicy.SourceLocation(file: "FILE", line: 2, column: 17)))
    let rule = try good("rules-mend-each-other").rules[1]
    #expect(rule.location == LockPolicy.SourceLocation(file: "FILE", line: 3, column: 5))
    #expect(rule.assignments[0].origin.description == "rule 2 at FILE:4")
  }

  private func good(_ name: String) throws -> PolicyDocument {
    try PolicyFile.parse(Corpus.bytes(Corpus.directory("good").appending(name + ".yaml")), source: "FILE")
  }
}
