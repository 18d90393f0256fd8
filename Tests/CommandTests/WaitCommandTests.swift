import TestSupport
import Testing

@Suite("Waiting for a lock")
struct WaitCommandTests {
  static let methods = ["dotlock", "fcntl", "flock", "dotlock+fcntl", "fcntl+dotlock", "dotlock+flock"]

  @Test("everybody of a crowd gets it, one at a time", arguments: methods)
  func crowd(method: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      echo 0 >count
      for worker in 1 2 3 4 5 6 7 8 9 10 11 12; do
        (for turn in 1 2 3; do
          dotlock --method \(method) --timeout 60s box sh -c 'read n <count; echo $((n + 1)) >count' || echo failed
        done) &
      done
      wait; cat count
      """, in: scratch)
    #expect(result == (0, "36\n", ""))
    #expect(scratch.names.filter { $0 != "box" } == ["count"])
  }

  @Test("is over at the deadline", arguments: methods)
  func deadline(method: String) throws {
    let result = try held(method, "dotlock --method \(method) --timeout 200ms box true; echo $?")
    #expect(result.output == "75\n0\n")
    #expect(result.errors.contains("gave up after 200ms"))
  }

  @Test("is over when a signal asks for it", arguments: methods, ["TERM", "INT", "HUP"])
  func signal(method: String, signal: String) throws {
    // A shell lets its background processes ignore SIGINT; python does not.
    let result = try held(
      method,
      """
      python3 -c 'import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])' \
        dotlock --method \(method) --timeout 60s box true & waiter=$!
      until grep -q . /proc/$waiter/wchan 2>/dev/null && grep -q dotlock /proc/$waiter/comm; do :; done; sleep 0.1
      kill -\(signal) $waiter; wait $waiter; echo $?
      """)
    #expect(result.output == "75\n0\n")
  }

  @Test("goes on behind a waiter that is stopped", arguments: methods)
  func stoppedWaiter(method: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo fifo
      dotlock --method \(method) box sh -c 'echo ready >fifo; read x <fifo' & holder=$!
      read x <fifo
      dotlock --method \(method) --timeout 60s box echo first & first=$!
      sleep 0.2; kill -STOP $first
      dotlock --method \(method) -o wait.longest=100ms --timeout 20s box echo second & second=$!
      sleep 0.1; echo on >fifo; wait $second; echo $?
      kill -CONT $first; wait $first; echo $?; wait $holder; echo $?
      """, in: scratch)
    // A kernel lock that was granted to whoever is stopped is his: only dotlocks have thieves.
    #expect(result.output.hasSuffix("0\n0\n"))
    if method == "dotlock" { #expect(result.output == "second\n0\nfirst\n0\n0\n") }
  }

  @Test("for another program's lock file ends when that goes")
  func foreign() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      echo 123 >box.lock
      dotlock -o wait.longest=60s -o wait.first=60s --timeout 60s box echo in & waiter=$!
      sleep 0.2; rm box.lock; wait $waiter; echo $?
      """, in: scratch)
    #expect(result.output == "in\n0\n")
  }

  /// Runs a script while somebody holds the lock; the last line of its output is the holder's status.
  private func held(_ method: String, _ script: String) throws -> (status: Int32, output: String, errors: String) {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkfifo fifo
      dotlock --method \(method) box sh -c 'echo ready >fifo; read x <fifo' & holder=$!
      read x <fifo
      \(script)
      echo on >fifo; wait $holder; echo $?
      """, in: scratch)
    #expect(scratch.names.filter { $0 != "box" } == ["fifo"])
    return result
  }
}

@Suite("Shared locks")
struct SharedLockTests {
  @Test("readers are in together, writers are not among them", arguments: ["fcntl", "flock"])
  func readers(method: String) throws {
    let scratch = ScratchDirectory()
    let reader = "dotlock -s --method \(method)"
    let result = try Shell.run(
      """
      : >box
      \(reader) box \(reader) -n box echo both
      \(reader) box dotlock -q -n --method \(method) box echo no; echo $?
      dotlock --method \(method) box \(reader) -q -n box echo no; echo $?
      \(reader) --timeout 60s box true && dotlock --method \(method) box \(reader) --timeout 100ms box echo no; echo $?
      """, in: scratch)
    #expect(result.output == "both\n75\n75\n75\n")
  }

  @Test("need no file that could be written, and make none")
  func readOnly() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "dotlock -s --method fcntl box echo no; echo $?; ls; : >box; chmod 400 box; dotlock -s --method fcntl box echo yes",
      in: scratch)
    #expect(result.output == "75\nyes\n")
    #expect(result.errors.contains("box: cannot open: No such file or directory"))
  }

  @Test("are refused where the list has a dotlock", arguments: ["", "--method dotlock", "--method dotlock+fcntl"])
  func refused(method: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("dotlock -s \(method) box echo no", in: scratch)
    #expect(result.status == 75 && result.output == "")
    #expect(result.errors.contains("a dotlock cannot be shared; take fcntl or flock"))
    #expect(scratch.names == [])
  }
}
