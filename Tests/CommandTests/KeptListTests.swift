import Glibc
import TestSupport
import Testing

/// A run of maildir2mbox(1) by somebody was killed when it had delivered and began to remove the files. Root delivers to
/// the mailbox, who does not touch somebody's files because of what somebody has written: the list is kept for the next
/// run.
@Suite("A list of moved messages that is kept", .enabled(if: geteuid() == 0, "only root can become somebody else"))
struct KeptListTests {
  private static let settings = "--timeout 20s \(Locking.haste)"

  private static func setup(_ box: String, _ settings: String) -> String {
    """
    chmod 755 .; chown nobody . box M M/* M/*/*; [ box = \(box) ] || mv box \(box)
    some="setpriv --reuid=nobody --clear-groups"
    $some strace -f -o /dev/null -P $PWD/M/new -e trace=unlinkat -e inject=unlinkat:signal=KILL \
      maildir2mbox \(settings) M \(box) 2>/dev/null; [ $? = 137 ] || exit 98
    """
  }

  @Test("survives a kill at every call of whoever keeps it", arguments: Array([true, false].enumerated()))
  func everyCall(place: (offset: Int, element: Bool)) throws {
    let locking = Locking(method: "dotlock", isLocal: place.element)
    let move = Job(work: .move, locking: locking)
    let delivery = Job(locking: locking, setup: Self.setup("box", move.settings))
    let calls = try TracedCall.all(of: delivery.command, in: prepared(delivery, move), input: delivery.input)
    #expect(calls.contains { $0.name == "renameat" && $0.line.contains("box.done") })
    for call in calls.sample(3, place.offset) {
      let scratch = try prepared(delivery, move)
      let result = try Shell.run(
        """
        \(call.sending("KILL")) \(delivery.command) 2>/dev/null
        \(delivery.delivery(by: "next")); echo $?
        setpriv --reuid=nobody --clear-groups \(move.remainder); echo $?
        """, in: scratch, input: delivery.input)
      let after = try Aftermath(in: scratch)
      let comment: Comment = "\(locking): \(call)\n\(result)\n\(after)"
      #expect(result.output == "0\n0\n" && result.errors == "", comment)
      #expect(after.names?.filter { $0 != "victim" } == ["old", "m1", "m2", "m3", "next"], comment)
      #expect((locking.isLocal ? after.files : after.filesWithoutPosts) == [], comment)
    }
  }

  private func prepared(_ delivery: Job, _ move: Job) throws -> ScratchDirectory {
    let scratch = try move.prepared()
    let result = try Shell.run(delivery.setup, in: scratch)
    try #require(result.status == 0, "\(result)")
    return scratch
  }

  @Test("needs no name that is too long", arguments: [180, 220, 244], [true, false])
  func longName(length: Int, isLocal: Bool) throws {
    let move = Job(work: .move, locking: Locking(method: "dotlock", isLocal: isLocal))
    let scratch = try move.prepared()
    let box = String(repeating: "x", count: length)
    let result = try Shell.run(
      """
      \(Self.setup(box, move.settings)); printf 'next\\n' | mboxappend \(move.settings) \(box) || echo $?
      ls -A | grep -c done; $some maildir2mbox \(move.settings) M other || echo $?
      grep -c -e '^Subject: m[123]' -e next \(box); ls M/*; ls -A | sed 's/x\\{9,\\}/X/'
      """, in: scratch)
    #expect(result == (0, "1\n4\nM/cur:\n\nM/new:\n\nM/tmp:\nM\nX\n", ""))
  }
}
