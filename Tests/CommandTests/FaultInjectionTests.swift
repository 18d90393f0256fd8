import Posix
import TestSupport
import Testing

/// A delivery in which one system call fails, for every call that it makes: strace(1) records one undisturbed run, and
/// then has the k-th call of each name fail.
@Suite("A system call that fails")
struct FaultInjectionTests {
  struct Delivery: Sendable, CustomTestStringConvertible {
    let command: String
    let mailboxExists: Bool
    var testDescription: String { "\(command)\(mailboxExists ? "" : ", no mailbox yet")" }
  }

  static let deliveries = [
    Delivery(command: "mboxappend -n box", mailboxExists: true),
    Delivery(command: "mboxappend -n --method flock+dotlock box", mailboxExists: false),
    Delivery(command: "dotlock -n box mboxappend -n box", mailboxExists: true),
  ]
  /// Each call fails with one of these in turn, so that a run of the tests tries each error at many calls.
  static let errors = ["EIO", "ENOSPC", "ESTALE", "EACCES", "EDQUOT", "EMFILE", "ENOLCK", "EROFS", "EINTR"]

  @Test("leaves the directory as it was, or the message whole", arguments: deliveries)
  func everyCall(delivery: Delivery) throws {
    let calls = try TracedCall.all(of: delivery.command, in: prepared(delivery), input: Array("\nnew\n".utf8))
    #expect(calls.count > 40)
    for (position, call) in calls.enumerated() {
      let error = Self.errors[position % Self.errors.count]
      try deliver(delivery, failing: "\(call.name):error=\(error):when=\(call.count)")
    }
  }

  private static let old = "From a Mon Nov 23 20:00:00 2026\n\nold\n\n"

  private func prepared(_ delivery: Delivery) throws -> ScratchDirectory {
    let scratch = ScratchDirectory()
    if delivery.mailboxExists { try scratch.write(Self.old, to: "box") }
    return scratch
  }

  private func deliver(_ delivery: Delivery, failing fault: String) throws {
    let scratch = try prepared(delivery)
    let before = delivery.mailboxExists ? try scratch.status(of: "box") : nil
    let result = try Shell.run(
      "strace -f -o /dev/null -e inject=\(fault) \(delivery.command)", in: scratch, input: Array("\nnew\n".utf8))
    let names = scratch.names
    if result.status == 0 {
      let text = try scratch.text(of: "box")
      #expect(text.hasPrefix(delivery.mailboxExists ? Self.old : "From ") && text.hasSuffix("\n\nnew\n\n"), "\(fault)")
      #expect(names == ["box"] && result.errors == "", "\(fault): \(names) \(result.errors)")
    } else {
      #expect(result.status == 75, "\(fault): \(result)")
      #expect(names == (delivery.mailboxExists ? ["box"] : []), "\(fault): \(result.errors)")

      // One line of each program that failed.
      #expect((1...2).contains(result.errors.filter { $0 == "\n" }.count), "\(fault): \(result.errors)")
      guard let before else { return }
      let after = try scratch.status(of: "box")
      #expect(after.modified == before.modified && after.accessed == before.accessed, "\(fault)")
      #expect(try scratch.text(of: "box") == Self.old, "\(fault)")
    }
  }
}
