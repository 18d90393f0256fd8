import Glibc
import TestSupport
import Testing

/// A mail system that loses its patience must find everything as it was, and be told to try again: never death by a
/// signal, which Exim takes for a bounce.
@Suite("mboxappend(8), signals")
struct MboxappendSignalTests {
  // Not INT: a shell makes its background jobs ignore it, and what was ignored stays so.
  static let signals = ["TERM", "ALRM", "HUP"]

  @Test("in the middle of a slow message", arguments: signals)
  func slowInput(signal: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      printf 'From a\\n\\n' >Mailbox; mkfifo in; mboxappend -f a Mailbox <in & pid=$!
      exec 3>in; printf 'Subject: half' >&3; sleep 0.2; ls *.lock 2>/dev/null
      kill -\(signal) $pid; wait $pid; echo $?; exec 3>&-; rm in; cat Mailbox
      """, in: scratch)
    #expect(result.output == "75\nFrom a\n\n", "no lock while the message is read")
    #expect(result.errors.hasPrefix("mboxappend: ") && result.errors.contains("stopped by signal"))
    #expect(scratch.names == ["Mailbox"])
  }

  @Test("in the middle of a slow message that is too large for memory", arguments: signals.prefix(2))
  func slowLargeInput(signal: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo in; mboxappend -f a Mailbox <in & pid=$!
      exec 3>in; head -c 6000000 /dev/zero >&3; kill -\(signal) $pid; wait $pid; echo $?; exec 3>&-; rm in
      """, in: scratch)
    #expect(result.output == "75\n")
    #expect(scratch.names == [])
  }

  @Test("while waiting for the lock", arguments: signals, ["dotlock", "flock", "dotlock+flock"])
  func waiting(signal: String, method: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      printf 'From a\\n\\n' >Mailbox; echo x >message; [ \(method) = flock ] || echo 0 >Mailbox.lock
      exec 9<Mailbox; flock 9
      mboxappend --method \(method) --timeout 20s Mailbox <message 9<&- & pid=$!; sleep 0.2
      kill -\(signal) $pid; wait $pid; echo $?; rm -f Mailbox.lock message; cat Mailbox
      """, in: scratch)
    #expect(result.output == "75\nFrom a\n\n")
    #expect(result.errors.contains("stopped by signal"))
    #expect(scratch.names == ["Mailbox"])
  }

  @Test("the end of the lease, which dotlock announces")
  func leaseEnd() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      printf 'From a\\n\\n' >Mailbox
      (echo x; sleep 9 & echo $! >sleeper; wait) | dotlock --lease 1s --warning 700ms --kill 100ms Mailbox mboxappend Mailbox
      echo $?; kill $(cat sleeper); rm sleeper; cat Mailbox
      """, in: scratch)
    #expect(result.output == "75\nFrom a\n\n")
    #expect(scratch.names == ["Mailbox"])
  }

  @Test("an alarm that the caller has left pending ends it like any other")
  func inheritedAlarm() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      echo 0 >Mailbox.lock; echo x >message
      python3 -c 'import os, signal; signal.alarm(1); os.execvp("mboxappend", ["mboxappend", "Mailbox"])' <message
      echo $?
      """, in: scratch)
    #expect(result.output == "75\n")
    #expect(scratch.names == ["Mailbox.lock", "message"])
  }
}
