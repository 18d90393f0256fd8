import Glibc
import TestSupport
import Testing

/// A mail reader in Debian's /var/mail, which only group mail may write.
struct Recipient: Sendable, CustomTestStringConvertible {
  /// Lists the spool under its lock, if it is one that runs something.
  let command: String
  /// Its exit status when nobody has a lock, when a lock file of ours is there, and when there is our fcntl lock, too.
  let free: Int32
  let dotlock: Int32
  let combined: Int32
  let makesLockFile: Bool
  var testDescription: String { command }

  init(_ command: String, _ free: Int32, _ dotlock: Int32, _ combined: Int32, makesLockFile: Bool) {
    (self.command, self.free, self.dotlock, self.combined) = (command, free, dotlock, combined)
    self.makesLockFile = makesLockFile
  }

  static let all = [
    Recipient("dotlockfile -r 0 -l spool/box.lock", 0, 4, 4, makesLockFile: true),
    Recipient("lockmail.maildrop -t 1 spool/box ls spool", 0, 75, 75, makesLockFile: true),
    Recipient("mutt_dotlock -p -r 1 spool/box", 0, 3, 3, makesLockFile: true),
    Recipient("mutt_dotlock -r 1 spool/box", 1, 1, 1, makesLockFile: false),
    Recipient("lockfile -r 0 spool/box.lock", 69, 69, 69, makesLockFile: false),
    // It reports success for a kernel lock that ends with it.
    Recipient("dotlock.mailutils -r 0 spool/box", 0, 0, 3, makesLockFile: false),
    Recipient(
      "/usr/bin/python3 -c 'import mailbox; mailbox.mbox(\"spool/box\").lock()'", 0, 0, 1, makesLockFile: false),
  ]
}

@Suite("interoperation in a spool that only group mail may write")
struct InteropSpoolTests {
  @Test("what a recipient's program does there", arguments: Recipient.all)
  func recipient(recipient: Recipient) throws {
    try #require(geteuid() == 0, "only root can become somebody else")
    let scratch = ScratchDirectory()
    try scratch.write("\(Peer.sleepless) -u nobody \(recipient.command)", to: "attempt")
    let result = try Shell.run(
      """
      chmod 755 .; mkdir spool; touch spool/box; chown nobody:mail spool/box; chmod 660 spool/box
      chgrp mail spool; chmod 2775 spool
      sh attempt >listed; echo $?; ls spool >>listed; rm -f spool/box.lock
      for methods in dotlock dotlock+fcntl; do
        dotlock --method $methods spool/box sh -c 'sh attempt >/dev/null; echo $?'
      done; ls -A spool
      """, in: scratch)
    let statuses = "\(recipient.free)\n\(recipient.dotlock)\n\(recipient.combined)\n"
    #expect(result.output == statuses + "box\n", "\(result.errors)")
    #expect(try scratch.text(of: "listed").contains("box.lock") == recipient.makesLockFile)
  }
}
