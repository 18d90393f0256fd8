import Glibc
import Posix
import TestSupport
import Testing

/// A delivery that is killed at one of its system calls, and an ordinary one that follows: for every call with
/// `make torture`, else for a sample.
@Suite("A delivery that is killed")
struct KillTests {
  struct Delivery: Sendable, CustomTestStringConvertible {
    /// What the killed program runs under.
    var prefix = ""
    let options: String
    /// More than 4 MiB go through a file, and into the mailbox in several writes.
    var lines = 1
    /// What is in the directory before, besides the mailbox.
    var setup = ":"
    var mailboxExists = true

    var testDescription: String { "\(prefix) mboxappend \(options), \(lines) lines, \(setup)" }

    var command: String { "mboxappend -n -f a \(options) box" }

    var input: [UInt8] { lines == 1 ? KillTests.small : KillTests.large }
  }

  static let small = message(lines: 1)
  static let large = message(lines: 60_000)

  /// Its lines tell that none of them is missing.
  private static func message(lines: Int) -> [UInt8] {
    let filler = String(repeating: "x", count: 100)
    return Array(("\n" + (1...lines).map { "\($0) \(filler)\n" }.joined()).utf8)
  }
  static let isThorough = getenv("MAILBOX_TORTURE") != nil

  static let deliveries: [Delivery] =
    ["dotlock", "dotlock+fcntl", "fcntl"].flatMap { method in
      [
        Delivery(options: "--method \(method)"), Delivery(options: "--method \(method)", lines: 60_000),
        Delivery(options: "--method \(method)", setup: partOfAnother("--method \(method)")),
      ]
    } + [
      Delivery(options: "--journal power", mailboxExists: false),
      Delivery(options: "--journal power --method flock+dotlock", lines: 60_000),
      Delivery(prefix: "dotlock -n box", options: ""),
      Delivery(prefix: "dotlock -n box", options: "", lines: 60_000),
    ]

  /// What another delivery leaves that is killed in the middle.
  static func partOfAnother(_ options: String) -> String {
    """
    yes other | head -n 1000000 | strace -o /dev/null -e inject=fsync:signal=KILL mboxappend \(options) box
    truncate -s 3000000 box
    """
  }

  private static let old = "From a Mon Nov 23 20:00:00 2026\n\nold\n\n"

  @Test("leaves the message whole or not at all, and nothing in the way of the next one", arguments: deliveries)
  func everyCall(delivery: Delivery) throws {
    let calls = try TracedCall.all(
      of: delivery.command, under: delivery.prefix, in: prepared(delivery), input: delivery.input)
    #expect(calls.count > 40)
    // Reading a large message is most of it, and all the same.
    for (index, call) in calls.reversed().enumerated() where Self.isThorough || index < 100 && index % 30 == 4 {
      try kill(delivery, at: call)
    }
  }

  private func prepared(_ delivery: Delivery) throws -> ScratchDirectory {
    let scratch = ScratchDirectory()
    if delivery.mailboxExists { try scratch.write(Self.old, to: "box") }
    _ = try Shell.run(delivery.setup, in: scratch)
    return scratch
  }

  private func kill(_ delivery: Delivery, at call: TracedCall) throws {
    let scratch = try prepared(delivery)
    let place: Comment = "\(call.name) \(call.count)"
    let killed = try Shell.run(
      """
      \(delivery.prefix) strace -f -o /dev/null -e inject=\(call.name):signal=KILL:when=\(call.count) \(delivery.command)
      """, in: scratch, input: delivery.input)
    // Not killed when it made fewer calls this time.
    #expect([137, delivery.prefix.isEmpty ? 0 : 75, 0].contains(killed.status), place)
    let next = try Shell.run("echo next | mboxappend -n -f b \(delivery.options) box", in: scratch)
    #expect(next.status == 0 && next.errors == "", "\(place): \(next)")
    #expect(scratch.names == ["box"], place)
    var rest = try scratch.bytes(of: "box")[...]
    if delivery.mailboxExists { expect(Array(Self.old.utf8), at: &rest, place) }
    if killed.status == 0 || rest.starts(with: "From a ".utf8) {
      rest = rest.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
      expect(delivery.input + [UInt8(ascii: "\n")], at: &rest, place)
    }
    let last = String(decoding: rest.prefix(100), as: UTF8.self)
    #expect(last.wholeMatch(of: /From b .{24}\nnext\n\n/) != nil, "\(place): \(last)")
  }

  /// Takes bytes off that have to be there; at once, because there are millions.
  private func expect(_ bytes: [UInt8], at rest: inout ArraySlice<UInt8>, _ place: Comment) {
    let isThere = rest.count >= bytes.count && Array(rest.prefix(bytes.count)) == bytes
    #expect(isThere, place)
    rest = rest.dropFirst(bytes.count)
  }
}
