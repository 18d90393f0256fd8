import Glibc
import TestSupport
import Testing

@Suite("Locks that are left behind, and stolen")
struct StealCommandTests {
  /// A lock that is not touched for a second may be stolen; whoever holds one touches it three times a second.
  private static let quick = "-o steal.after=1s -o steal.observe=100ms"

  @Test("a delivery steals at once from a writer that is gone, says so, and goes on")
  func deadWriter() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "printf '99999~wZ\\n' >box.lock; printf 'a\\n' | mboxappend -v box; echo $?; grep -c ^From box; ls", in: scratch)
    #expect(result.output == "0\n1\nbox\n")
    #expect(result.errors.contains("box.lock: stolen from process 99999: its process is gone\n"))
  }

  @Test("a delivery that was killed holds nobody up")
  func killedWriter() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      printf 'a\\n' | strace -f -o trace -e inject=fsync:signal=KILL mboxappend box; ls *.lock
      printf 'b\\n' | mboxappend --timeout 5s box; echo $?; ls
      """, in: scratch)
    #expect(result.output == "box.lock\n0\nbox\ntrace\n")
  }

  @Test("a holder that is stopped is stolen from; it notices, kills its program, removes nothing, reports it")
  func stoppedHolder() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo fifo
      dotlock \(Self.quick) box sh -c 'echo $$ >fifo; exec sleep 60' & holder=$!
      read program <fifo; kill -STOP $holder
      dotlock -v \(Self.quick) --timeout 60s box sh -c '
        cp box.lock seen; kill -CONT '$holder'; until [ -e noticed ]; do sleep 0.05; done; cmp box.lock seen && echo same
      ' & thief=$!
      wait $holder; echo $?; kill -0 $program 2>/dev/null || echo gone; : >noticed; wait $thief; echo $?; ls
      """, in: scratch)
    #expect(result.output == "75\ngone\nsame\n0\nfifo\nnoticed\nseen\n")
    #expect(result.errors.contains("box.lock: stolen from process "))
    #expect(result.errors.contains("is not our lock any more: the program was killed"))
  }

  @Test("a stopped holder that has a kernel lock, too, is waited for", arguments: ["fcntl", "flock"])
  func stoppedCombination(method: String) throws {
    let scratch = ScratchDirectory()
    let both = "\(Self.quick) --method dotlock+\(method)"
    let result = try Shell.run(
      """
      mkfifo fifo
      dotlock \(both) box sh -c 'echo ready >fifo; read x <fifo' & holder=$!
      read x <fifo; kill -STOP $holder
      dotlock \(both) --timeout 1500ms box echo stolen; echo $?
      kill -CONT $holder; echo on >fifo; wait $holder; echo $?; ls
      """, in: scratch)
    #expect(result.output == "75\n0\nbox\nfifo\n")
    #expect(result.errors.contains("it is stale, but its file is locked by a living process"))
  }

  @Test("when dotlock itself is killed, its lock is judged by age")
  func killedWrapper() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo fifo
      dotlock \(Self.quick) box sh -c 'echo ready >fifo; sleep 30' & holder=$!
      read x <fifo; kill -KILL $holder; wait $holder 2>/dev/null
      dotlock -n \(Self.quick) box echo early; echo $?
      dotlock \(Self.quick) --timeout 20s box echo later; echo $?; ls
      """, in: scratch)
    #expect(result.output == "75\nlater\n0\nfifo\n")
  }

  @Test(
    "the kernel locks of a killed dotlock live as long as what its program has started", arguments: ["fcntl", "flock"])
  func inheritedKernelLock(method: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo fifo hold; exec 3<>hold
      dotlock --method \(method) box sh -c '(echo $$ >fifo; read x <hold; echo left) & wait' & holder=$!
      read program <fifo; kill -KILL $holder; wait $holder 2>/dev/null
      dotlock -q -n --method \(method) box echo early; echo $?
      echo on >&3; dotlock --method \(method) --timeout 20s box echo later
      """, in: scratch)
    #expect(result.output == "75\nleft\nlater\n")
  }

  @Test(
    "somebody else's permit in a sticky directory does not end a lease that is refreshed in time",
    .enabled(if: geteuid() == 0, "only root can become somebody else"))
  func strangersPermit() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      chmod 1777 .; touch box; chown nobody box; mkfifo fifo; chmod 666 fifo
      setpriv --reuid=nobody --clear-groups dotlock --refresh 100ms box sh -c 'echo on >fifo; sleep 0.7' & holder=$!
      read x <fifo; setpriv --reuid=65533 --clear-groups mkdir box.lock.steal
      wait $holder; echo $?; ls
      """, in: scratch)
    #expect(result == (0, "0\nbox\nbox.lock.steal\nfifo\n", ""))
  }

  @Test(
    "is not made where the mailbox could not be copied with its group, while somebody has it open",
    .enabled(if: geteuid() == 0, "only root can make such a spool"))
  func group() throws {
    let scratch = ScratchDirectory()
    let user = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    let options = "--lease 1s -o lease.warning=200ms -o lease.kill=100ms --steal-after 1s -o steal.observe=50ms"
    let result = try Shell.run(
      """
      mkdir -m 1777 spool; cd spool; chmod 711 ..; printf 'From a\\n\\nold\\n\\n' >ann; chown 65534:8 ann; chmod 660 ann
      \(user) dotlock \(options) ann sh -c 'kill -9 $PPID'; exec 8<ann; sleep 1.2
      echo one | \(user) mboxappend \(options) --timeout 1s ann; echo $?
      exec 8<&-; echo two | \(user) mboxappend \(options) --timeout 9s ann; echo $?; ls -A
      """, in: scratch)
    #expect(result.output == "75\n0\nann\n", "\(result)")
    #expect(result.errors.contains("belongs to group 8, which only its members can give to a copy"), "\(result)")
  }
}
