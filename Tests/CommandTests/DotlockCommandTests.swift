import Glibc
import TestSupport
import Testing

@Suite("dotlock(8)")
struct DotlockCommandTests {
  @Test(
    "runs the program under the lock, returns its status and leaves nothing", arguments: [0, 1, 3, 75, 99, 111, 255])
  func status(status: Int32) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("dotlock box sh -c 'ls; exit \(status)'", in: scratch)
    #expect(result == (status, "box.lock\n", ""))
    #expect(scratch.names == [])
  }

  @Test("a program that was stopped notices a signal all the same")
  func stoppedProgram() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo fifo
      dotlock box sh -c 'trap "exit 6" TERM; echo ready >fifo; kill -STOP $$; sleep 20' & wrapper=$!
      read x <fifo; sleep 0.2; kill $wrapper; wait $wrapper; echo $?; ls *.lock
      """, in: scratch)
    #expect(result.output == "6\n")
    #expect(scratch.names == ["fifo"])
  }

  @Test("passes standard input, output and error through")
  func streams() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("dotlock box sh -c 'cat; echo no >&2'", in: scratch, input: Array("in".utf8))
    #expect(result == (0, "in", "no\n"))
  }

  @Test("leaves options after FILE to the program, and accepts --")
  func options() throws {
    let scratch = ScratchDirectory()
    #expect(try Shell.run("dotlock -v box echo -v --help -- x", in: scratch).output == "-v --help -- x\n")
    #expect(try Shell.run("dotlock -- -box echo ok; dotlock box echo -- ok", in: scratch).output == "ok\n-- ok\n")
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    let command: String
    let mail: Int32
    let shell: Int32
    let says: String
    var testDescription: String { command }
  }

  static let failures = [
    Failure(command: "dotlock OPT", mail: 75, shell: 64, says: "usage: dotlock"),
    Failure(command: "dotlock OPT box", mail: 75, shell: 64, says: "usage: dotlock"),
    Failure(
      command: "dotlock OPT --leese 3s box true", mail: 75, shell: 64,
      says: "unknown option '--leese'; did you mean '--lease'?"),
    Failure(command: "dotlock OPT -Z box true", mail: 75, shell: 64, says: "unknown option '-Z'"),
    Failure(command: "dotlock OPT --lease", mail: 75, shell: 64, says: "option '--lease' needs a value"),
    Failure(command: "dotlock OPT --nonblock=1 box true", mail: 75, shell: 64, says: "takes no value"),
    Failure(
      command: "dotlock OPT -o lease.lenght=3s box true", mail: 75, shell: 64, says: "did you mean 'lease.length'?"),
    Failure(command: "dotlock OPT -o lease box true", mail: 75, shell: 64, says: "'lease' is not KEY=VALUE"),
    Failure(
      command: "dotlock OPT --lease soon box true", mail: 75, shell: 64, says: "--lease soon: 'soon' is not a duration"),
    Failure(command: "dotlock OPT --conflict-exit-code 256 box true", mail: 75, shell: 64, says: "not an exit status"),
    Failure(
      command: "dotlock OPT --lease 3s box true", mail: 75, shell: 75, says: "lease.warning (5s) must be shorter"),
    Failure(command: "dotlock OPT --policy missing.yaml box true", mail: 75, shell: 75, says: "missing.yaml"),
    Failure(command: "dotlock OPT nowhere/box true", mail: 75, shell: 75, says: "nowhere"),
    Failure(command: "dotlock OPT box/ true", mail: 75, shell: 75, says: "ends in a slash"),
    Failure(command: "dotlock OPT '' true", mail: 75, shell: 64, says: "is empty"),
    Failure(command: "dotlock OPT / true", mail: 75, shell: 75, says: "is a directory"),
    Failure(command: "dotlock OPT box ./missing", mail: 75, shell: 127, says: "./missing: cannot run: No such file"),
    Failure(command: "dotlock OPT box missing-program", mail: 75, shell: 127, says: "missing-program: cannot run"),
    Failure(
      command: "dotlock OPT box /etc/passwd", mail: 75, shell: 126, says: "/etc/passwd: cannot run: Permission denied"),
    Failure(command: "dotlock OPT box sh -c 'kill -KILL $$'", mail: 75, shell: 137, says: "sh: ended by signal 9"),
    Failure(
      command: "dotlock OPT -o dotlock.suffix=a/b box true", mail: 75, shell: 64, says: "not the end of a file name"),
    Failure(command: "dotlock OPT $(printf %0252d 1) true", mail: 75, shell: 75, says: "File name too long"),
  ]

  @Test("reports each failure in one line and in its caller's numbers, and leaves nothing", arguments: failures)
  func failure(failure: Failure) throws {
    let dialects: [(String, Int32)] = [
      ("", failure.mail), ("--exit-codes qmail", 111), ("-o exit-codes=shell", failure.shell),
    ]
    for (option, status) in dialects {
      let scratch = ScratchDirectory()
      let command = failure.command.split(separator: "OPT", omittingEmptySubsequences: false).joined(separator: option)
      let result = try Shell.run(command, in: scratch)
      #expect(result.status == status, "\(command): \(result.errors)")
      #expect(result.errors.contains(failure.says), "\(command): \(result.errors)")
      #expect(result.errors.isEmpty || result.errors.hasPrefix("dotlock: "))
      #expect(result.errors.filter { $0 == "\n" }.count <= 1, "\(result.errors)")
      #expect(result.output == "")
      #expect(scratch.names == [])
    }
  }

  @Test("a lock that is held: waits, gives up, and says who has it; with the status that was asked for")
  func busy() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      dotlock box sh -c '
        env -u DOTLOCK_HELD dotlock -n box true; echo $?
        env -u DOTLOCK_HELD dotlock -n -q --conflict-exit-code 9 box true; echo $?
        env -u DOTLOCK_HELD dotlock --timeout 50ms --exit-codes qmail box true; echo $?'
      """, in: scratch)
    #expect(result.output == "75\n9\n111\n")
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.contains("is locked by box.lock of process") })
    #expect(lines.last?.hasSuffix("gave up after 50ms") == true)
    #expect(scratch.names == [])
  }

  @Test("warns the program before the lease ends, kills it at the end, and then lets go")
  func lease() throws {
    let scratch = ScratchDirectory()
    let warned = try Shell.run(
      "dotlock --lease 700ms --warning 600ms --kill 100ms box sh -c 'trap \"echo warned; exit 4\" ALRM; sleep 9 & wait'",
      in: scratch)
    #expect(warned == (4, "warned\n", ""))
    let killed = try Shell.run(
      "dotlock --lease 400ms --warning 300ms --kill 200ms box sh -c 'trap \"\" ALRM; sleep 9; sleep 9'; echo $?; ls",
      in: scratch)
    #expect(killed.output == "75\n")
    #expect(killed.errors.contains("the lease of 400ms is over: the program was killed"))
    #expect(scratch.names == [])
  }

  @Test("kills a stopped program at the end of the lease, too")
  func stopped() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "dotlock --lease 400ms --warning 300ms --kill 200ms box sh -c 'kill -STOP $$'; echo $?; ls", in: scratch)
    #expect(result.output == "75\n")
  }

  @Test("passes signals on and outlives the program", arguments: ["TERM", "HUP", "USR1", "ALRM"])
  func signals(name: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo fifo
      dotlock box sh -c 'trap "echo got; ls; exit 5" \(name); echo ready >fifo; sleep 9 & wait' &
      wrapper=$!; read x <fifo
      kill -\(name) $wrapper; wait $wrapper; echo $?; ls *.lock
      """, in: scratch)
    #expect(result.output.hasPrefix("got\n") && result.output.contains("\n5\n"), "\(result)")
    #expect(!scratch.names.contains("box.lock"))
  }

  @Test("stopped by a signal while it waits, leaves everything as it was", arguments: ["TERM", "HUP", "ALRM"])
  func stoppedWhileWaiting(name: String) throws {
    let scratch = ScratchDirectory()
    try scratch.write("0", to: "box.lock")
    let result = try Shell.run(
      "dotlock --timeout 20s box true & pid=$!; sleep 0.2; kill -\(name) $pid; wait $pid; echo $?; ls", in: scratch)
    #expect(result.output == "75\nbox.lock\n")
    #expect(result.errors.contains("stopped by signal"))
  }

  @Test("removes only its own lock, and reports a lock that was taken from it")
  func stolen() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("dotlock box sh -c 'rm box.lock; echo 0 >box.lock'; echo $?; cat box.lock", in: scratch)
    #expect(result.output == "75\n0\n")
    #expect(result.errors == "dotlock: \(scratch.path)/box.lock: is not our lock any more\n")
  }

  @Test("holds the methods that --method names, and only the dotlock otherwise")
  func methods() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      touch box
      dotlock box flock -n box echo free
      dotlock --method dotlock+flock box flock -n box echo free || echo held
      dotlock --method flock box sh -c 'ls; flock -n box echo free || echo held'
      """, in: scratch)
    #expect(result.output == "free\nheld\nbox\nheld\n")
    #expect(scratch.names == ["box"])
  }

  @Test("a program does not outlive its dotlock, which may be a program under another lock")
  func killed() throws {
    let scratch = ScratchDirectory()
    try scratch.write("trap '' ALRM\nwhile :; do echo >>inside; sleep 0.02; done\n", to: "script")
    let result = try Shell.run(
      """
      dotlock --lease 3s --warning 1200ms --kill 1s a dotlock b sh script; echo $?
      [ -s inside ] && ls a.lock; rm -f inside; sleep 0.2; ls inside
      """, in: scratch)
    #expect(result.output == "75\n")
    #expect(scratch.names == ["b.lock", "script"])
  }

  @Test("a program that cannot be watched is gone before the lock is")
  func unwatched() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      strace -o /dev/null -e inject=timer_settime:error=EINVAL:when=1 dotlock box sh -c 'sleep 0.5; echo late'; echo $?
      sleep 0.6
      """, in: scratch)
    #expect(result.output == "75\n")
    #expect(result.errors.contains("cannot watch the program"))
    #expect(scratch.names == [])
  }

  @Test("tells the program which lock it holds, also when it holds several")
  func nested() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "dotlock a dotlock b dotlock -n a sh -c 'dotlock -n b echo in; ls'", in: scratch)
    #expect(result == (0, "in\na.lock\nb.lock\n", ""))
  }

  @Test("writes the record with the policy's mode under qmail's umask")
  func record() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("umask 077; dotlock box sh -c 'stat -c \"%a %s\" box.lock; cat box.lock'", in: scratch)
    #expect(result.output.wholeMatch(of: /644 (\d+)\n\d+~p[0-9A-Za-z]\n/) != nil, "\(result)")
  }

  @Test("runs a script without #! as a shell would, and a program found along PATH")
  func scripts() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("echo 'echo hello $1' >s; chmod +x s; dotlock box ./s you", in: scratch)
    #expect(result == (0, "hello you\n", ""))
  }

  @Test("works with descriptors 0, 1 and 2 closed")
  func closedDescriptors() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "dotlock box sh -c 'echo ran >proof' <&- >&- 2>&-; echo $?; cat proof", in: scratch)
    #expect(result.output == "0\nran\n")
    #expect(scratch.names == ["proof"])
  }

  @Test("keeps a directory that it cannot write as it is")
  func unwritable() throws {
    try #require(geteuid() == 0, "only root can become somebody else")
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "chmod 755 .; setpriv --reuid=65534 --clear-groups dotlock box true; echo $?", in: scratch)
    #expect(result.output == "75\n")
    #expect(result.errors.contains("cannot make a lock file: Permission denied\n"))
    #expect(scratch.names == [])
    let locked = try Shell.run(
      """
      for content in '77~pR' 0; do
        echo "$content" >box.lock; chmod 644 box.lock; setpriv --reuid=65534 --clear-groups dotlock box true; echo $?
      done; rm box.lock
      """, in: scratch)
    #expect(locked.output == "75\n75\n")
    let lines = locked.errors.split(separator: "\n")
    #expect(lines.first?.hasSuffix("cannot make a lock file: Permission denied; there is one of process 77") == true)
    #expect(lines.last?.hasSuffix("Permission denied; there is one, which another program made") == true)
  }

  @Test("keeps many processes apart: none sees another inside")
  func exclusion() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      echo 0 >count
      for w in 1 2 3 4 5 6 7 8; do (
        for i in 1 2 3 4 5 6 7 8 9 10; do
          dotlock box sh -c 'mkdir inside || echo overlap; n=$(cat count); echo $((n + 1)) >count; rmdir inside'
        done) &
      done; wait; cat count
      """, in: scratch)
    #expect(result == (0, "80\n", ""))
    #expect(scratch.names == ["count"])
  }
}
