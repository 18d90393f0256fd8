import TestSupport
import Testing

/// maildir2mbox(1) is killed, or fails, at a system call; then somebody delivers to the mailbox, and then
/// another run moves what is left into another mailbox.
@Suite("maildir2mbox(1) ended at any system call", .serialized)
struct MaildirKillTests {
  private static let setup = """
    rm -rf M Box Other .Box* Box.*; mkdir -p M/new M/cur M/tmp
    printf 'From a\\n\\nold\\n\\n' >Box
    for i in 1 2; do printf 'Subject: m%s\\n\\nbody\\n' $i >M/new/$i; done
    printf 'Subject: m3\\n\\nbody\\n' >M/cur/3:2,S
    touch -d '9 seconds ago' M/*/*

    """
  /// How often each message is in the mailboxes and in the maildir together.
  private static let count = """
    cat Box Other M/new/* M/cur/* 2>/dev/null | grep '^Subject: m' | sort | uniq -c | tr -s ' ' | tr '\\n' ';'; echo

    """
  private static let once = " 1 Subject: m1; 1 Subject: m2; 1 Subject: m3;"

  private func calls(in scratch: borrowing ScratchDirectory) throws -> [TracedCall] {
    _ = try Shell.run(Self.setup, in: scratch)
    return try TracedCall.all(of: "maildir2mbox -n M Box", in: scratch, input: [])
  }

  /// All with `make torture`, else a sample.
  private func sample(_ calls: [TracedCall], from start: Int, by stride: Int) -> [TracedCall] {
    if KillTests.isThorough { return calls }
    return Swift.stride(from: start, to: calls.count, by: stride).map { calls[$0] }
  }

  @Test("by SIGKILL: every message is in exactly one place after the next delivery", arguments: [0, 3])
  func killed(start: Int) throws {
    let scratch = ScratchDirectory()
    let calls = try calls(in: scratch)
    #expect(calls.count > 100)
    for call in sample(calls, from: start, by: 11) {
      let result = try Shell.run(
        Self.setup + """
          strace -o /dev/null -e inject=\(call.name):signal=KILL:when=\(call.count) maildir2mbox -n M Box
          echo 'Subject: next' | mboxappend -n -f x Box || echo $?
          \(Self.count)maildir2mbox -n M Other || echo $?
          \(Self.count)grep -c 'Subject: next' Box; find M ! -type d ! -name '*.lock'
          """, in: scratch)
      #expect(result.output == "\(Self.once)\n\(Self.once)\n1\n", "\(call): \(result)")
      #expect(scratch.names.allSatisfy { !$0.hasPrefix(".") }, "\(call): \(scratch.names)")
    }
  }

  @Test(
    "by an error: the status tells the truth, and nothing is lost or doubled in the end", arguments: ["EIO", "ENOSPC"])
  func failing(error: String) throws {
    let scratch = ScratchDirectory()
    let calls = try calls(in: scratch)
    let start = error == "EIO" ? 0 : 6
    for call in sample(calls, from: start, by: 13) {
      let result = try Shell.run(
        Self.setup + """
          strace -o /dev/null -e inject=\(call.name):error=\(error):when=\(call.count) maildir2mbox -n M Box
          echo $?; subjects=$(grep -c '^Subject: m' Box); files=$(find M/new M/cur -type f | wc -l)
          echo $subjects $files; maildir2mbox -n M Other || echo $?
          \(Self.count)find M ! -type d; ls -A | grep -vx -e M -e Box -e Other
          """, in: scratch)
      let lines = result.output.split(separator: "\n")
      #expect(lines.first == "0" ? lines[1] == "3 0" : lines.first == "75", "\(call): \(result)")
      #expect(lines.dropFirst(2).elementsEqual([Self.once[...]]), "\(call): \(result)")
    }
  }
}
