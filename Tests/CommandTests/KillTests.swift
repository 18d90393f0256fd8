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

    /// The message; its lines tell that none of them is missing.
    var input: [UInt8] { Array(("\n" + (1...lines).map { "\($0) \(KillTests.filler)" }.joined(separator: "\n")).utf8) }
  }

  static let filler = String(repeating: "x", count: 100)
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
    var text = try scratch.text(of: "box")[...]
    if delivery.mailboxExists {
      #expect(text.hasPrefix(Self.old), place)
      text = text.dropFirst(Self.old.count)
    }
    let whole = String(decoding: delivery.input, as: UTF8.self) + "\n\n"
    if killed.status == 0 || text.hasPrefix("From a ") {
      text = text[(text.firstIndex(of: "\n") ?? text.startIndex)...].dropFirst()
      #expect(text.hasPrefix(whole), place)
      text = text.dropFirst(whole.count)
    }
    #expect(text.hasPrefix("From b ") && text.hasSuffix("\nnext\n\n") && text.count < 60, place)
  }
}
