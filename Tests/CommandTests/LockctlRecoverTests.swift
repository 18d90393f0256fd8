import TestSupport
import Testing

@Suite("lockctl recover")
struct LockctlRecoverTests {
  static let killed = """
    printf 'From a Mon Nov 23 20:00:00 2026\\n\\n' >box
    echo new | strace -o /dev/null -e inject=fsync:signal=KILL mboxappend box
    """

  @Test("says what it did, in words and in JSON")
  func outcomes() throws {
    let result = try Shell.run(
      """
      { \(Self.killed); } 2>/dev/null
      cp box whole; cp .box.journal journal
      lockctl recover box; echo $?; cmp box whole
      lockctl recover box; echo $?; ls -A
      truncate -s 40 box; cp journal .box.journal; lockctl recover --json box; echo $?; wc -c <box
      echo other >>box; cp journal .box.journal; lockctl recover box | sed 's/aside[^:]*/aside/'; wc -c <box
      : >.box.journal; lockctl recover --json box >/dev/null; echo $?
      """, in: ScratchDirectory())
    let lines = result.output.split(separator: "\n").map { $0.replacing(/\/tmp\/[^\/]*\//, with: "") }
    #expect(
      lines == [
        ".box.journal: removed: its message is whole in the mailbox", "0",
        ".box.journal: is not there: nothing is to be recovered", "0", "box", "journal", "whole", "{",
        #"  "mailbox": "box","#, #"  "journal": ".box.journal","#, #"  "outcome": "cut","#, #"  "bytes": 7"#, "}", "0",
        "33",
        ".box.journal: not followed, and renamed to .box.aside: the mailbox has been changed by another program since",
        "39", "69",
      ])
    #expect(result.errors == "")
  }

  @Test("waits for the lock as the policy says, and makes no mailbox")
  func refusals() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "echo 0 >box.lock; lockctl recover -n box; echo $?; rm box.lock; lockctl recover box; echo $?", in: scratch)
    #expect(result.output == "75\n66\n")
    #expect(result.errors.hasSuffix("/box: there is no such mailbox\n"))
    #expect(scratch.names == [])
  }
}
