import TestSupport
import Testing

/// On a terminal of its own, which echoes what is typed: what is waited for does not stand in the command itself.
///
/// The terminal is made by CPython's pty module; a job-control shell is the one that sees `dotlock` stop.
@Suite("dotlock(8) on a terminal")
struct TerminalTests {
  private func onTerminal(_ steps: String, in scratch: borrowing ScratchDirectory) throws -> (
    status: Int32, output: String, errors: String
  ) {
    try scratch.write(
      """
      import os, pty, select, sys, time
      pid, terminal = pty.fork()
      if pid == 0:
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
      seen = b""
      def wait(what, seconds=20):
        global seen
        end = time.monotonic() + seconds
        while what.encode() not in seen:
          if time.monotonic() > end or not select.select([terminal], [], [], end - time.monotonic())[0]:
            print("no", repr(what), "in", seen.decode(errors="replace")); sys.exit(1)
          try: data = os.read(terminal, 4096)
          except OSError: data = b""
          if not data: print("end before", repr(what), "in", seen.decode(errors="replace")); sys.exit(1)
          seen += data
        seen = seen.split(what.encode(), 1)[1]
      def send(text): os.write(terminal, text.encode())
      send("unset HISTFILE; PS1='ready'; stty -echo\\n")
      wait("ready")
      \(steps)
      print("done")
      """, to: "steps.py")
    return try Shell.run("python3 steps.py", in: scratch)
  }

  @Test("gives the program the terminal, and takes it back")
  func foreground() throws {
    let scratch = ScratchDirectory()
    let result = try onTerminal(
      """
      send("dotlock box sh -c 'echo name\\\\?; read x; echo hello $x'; echo status $?\\n")
      wait("name?"); send("ann\\n"); wait("hello ann"); wait("status 0"); send("echo back\\n"); wait("back")
      """, in: scratch)
    #expect(result.output == "done\n")
    #expect(scratch.names == ["steps.py"])
  }

  @Test("lets the keyboard interrupt the program, and goes on until it ends")
  func interrupt() throws {
    let scratch = ScratchDirectory()
    let result = try onTerminal(
      """
      send("dotlock box sh -c 'trap \\"echo c$((1))t; exit 6\\" INT; echo g$((1))o; read x'; echo status $?\\n")
      wait("g1o"); send("\\x03"); wait("c1t"); wait("status 6")
      """, in: scratch)
    #expect(result.output == "done\n")
    #expect(scratch.names == ["steps.py"])
  }

  @Test("has the terminal again when the program could not be started")
  func missingProgram() throws {
    let scratch = ScratchDirectory()
    let result = try onTerminal(
      """
      send("sh -c 'dotlock box nosuch; echo g$((1))o; read x; echo got $x'\\n")
      wait("g1o"); send("ann\\n"); wait("got ann")
      """, in: scratch)
    #expect(result.output == "done\n")
  }

  @Test("leaves the shell its terminal when the program goes on in the background")
  func background() throws {
    let scratch = ScratchDirectory()
    // Not a shell's script: a shell that is just about to start a program cannot be stopped.
    try scratch.write(
      "import time\nprint('g1o', flush=True)\ntime.sleep(1)\nprint('more', input())\n", to: "program.py")
    let result = try onTerminal(
      """
      send("dotlock box python3 program.py\\n")
      wait("g1o"); send("\\x1a"); wait("Stopped"); wait("ready"); send("bg\\n"); wait("ready"); time.sleep(1.5)
      send("echo sh$((1))ell\\n"); wait("sh1ell"); wait("ready"); send("fg\\n"); time.sleep(0.3)
      send("mail\\n"); wait("more mail"); wait("ready"); send("echo sh$((2))ell\\n"); wait("sh2ell")
      """, in: scratch)
    #expect(result.output == "done\n")
    #expect(scratch.names == ["program.py", "steps.py"])
  }

  @Test("stops in the background when the program wants the terminal, and gets it with fg")
  func startedInBackground() throws {
    let scratch = ScratchDirectory()
    let result = try onTerminal(
      """
      send("dotlock box sh -c 'read x; echo more $x' &\\n"); wait("ready")
      time.sleep(0.5); send("jobs\\n"); wait("Stopped"); wait("ready")
      send("fg\\n"); time.sleep(0.3); send("mail\\n"); wait("more mail"); send("echo status $?\\n"); wait("status 0")
      """, in: scratch)
    #expect(result.output == "done\n")
    #expect(scratch.names == ["steps.py"])
  }

  @Test("stops the script that it is run by, too")
  func script() throws {
    let scratch = ScratchDirectory()
    try scratch.write("print('g1o', flush=True)\nprint('more', input())\n", to: "program.py")
    try scratch.write("dotlock box python3 program.py; echo t$((1))n", to: "script")
    let result = try onTerminal(
      """
      send("sh script\\n"); wait("g1o"); send("\\x1a"); wait("Stopped"); wait("ready")
      send("fg\\n"); time.sleep(0.3); send("mail\\n"); wait("more mail"); wait("t1n")
      """, in: scratch)
    #expect(result.output == "done\n")
  }

  @Test("kills a program that was stopped until its lease was over, before it can go on")
  func stoppedTooLong() throws {
    let scratch = ScratchDirectory()
    let result = try onTerminal(
      """
      send("dotlock --lease 1s --warning 500ms --kill 100ms box sh -c 'echo g$((1))o; trap \\"echo late >late\\" ALRM; while :; do :; done'\\n")
      wait("g1o"); send("\\x1a"); wait("Stopped"); wait("ready"); time.sleep(1.2)
      send("fg\\n"); wait("was killed"); wait("ready")
      """, in: scratch)
    #expect(result.output == "done\n")
    #expect(scratch.names == ["box.lock", "steps.py"])
  }

  @Test("stops with the program, and goes on with it")
  func stop() throws {
    let scratch = ScratchDirectory()
    let result = try onTerminal(
      """
      send("dotlock box sh -c 'echo g$((1))o; read x; echo more $x'; echo status $?\\n")
      wait("g1o"); send("\\x1a"); wait("Stopped"); wait("ready")
      send("ls *.lock\\n"); wait("box.lock"); send("fg\\n"); time.sleep(0.2); send("mail\\n"); wait("more mail")
      """, in: scratch)
    #expect(result.output == "done\n")
  }
}
