import Glibc
import Posix
import SystemPackage
import TestSupport
import Testing

@Suite("mboxappend(8)")
struct MboxappendTests {
  static let old = "From bob@example.org Mon Jan 02 03:04:05 2006\nSubject: old\n\nbody\n\n"
  static let message = Array("Subject: new\n\nFrom here\n".utf8)

  /// The mailbox after a delivery, with DATE for the time of it.
  static func delivered(
    _ script: String, environment: [String: String] = [:], input: [UInt8] = message, onto old: String = old
  ) throws -> String {
    let scratch = ScratchDirectory()
    try scratch.write(old, to: "Mailbox")
    let result = try Shell.run(script, in: scratch, environment: environment, input: input)
    #expect(result == (0, "", ""), "success is silent")
    #expect(scratch.names == ["Mailbox"])
    let date = #/(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/#
    return String(try scratch.text(of: "Mailbox").dropFirst(old.utf8.count)).replacing(date, with: "DATE")
  }

  @Test("appends the message and says nothing")
  func success() throws {
    let framed = "From ann@example.org DATE\nSubject: new\n\n>From here\n\n"
    #expect(try Self.delivered("mboxappend -f ann@example.org Mailbox") == framed)
    #expect(try Self.delivered("mboxappend --sender=ann@example.org ./Mailbox", onto: "") == framed)
    #expect(try Self.delivered("mboxappend -f ann@example.org -- Mailbox", onto: "From x\ny") == "\n\n" + framed)
    #expect(try Self.delivered("mboxappend -f '' Mailbox").hasPrefix("From MAILER-DAEMON DATE\n"))
  }

  @Test("quotes as the policy says")
  func quoting() throws {
    let input = Array(">From a\nFrom b\n".utf8)
    for (option, body) in [("", ">>From a\n>From b\n\n"), ("--quoting mboxo", ">From a\n>From b\n\n")] {
      #expect(try Self.delivered("mboxappend -f a \(option) Mailbox", input: input) == "From a DATE\n" + body)
    }
  }

  @Test("takes what each mail system passes")
  func callers() throws {
    let qmail = [
      "UFLINE": "From bob@example.org Tue Feb 03 04:05:06 2004\n", "SENDER": "no@example.org",
      "RPLINE": "Return-Path: <bob@example.org>\n", "DTLINE": "Delivered-To: ann@example.org\n",
    ]
    let postfix = Array("From bob@example.org  Tue Feb  3 04:05:06 2004\nDelivered-To: ann\n\nFrom here\n".utf8)
    #expect(
      try Self.delivered("mboxappend Mailbox", environment: qmail)
        == "From bob@example.org DATE\nReturn-Path: <bob@example.org>\nDelivered-To: ann@example.org\n"
        + "Subject: new\n\n>From here\n\n")
    #expect(
      try Self.delivered("mboxappend Mailbox", environment: qmail, input: postfix).hasSuffix(
        "Delivered-To: ann@example.org\n>From bob@example.org  DATE\nDelivered-To: ann\n\n>From here\n\n"
      ))
    #expect(
      try Self.delivered("mboxappend Mailbox", environment: ["SENDER": "no"], input: postfix)
        == "From bob@example.org  DATE\nDelivered-To: ann\n\n>From here\n\n")
    #expect(
      try Self.delivered("mboxappend Mailbox", environment: ["SENDER": ""]).hasPrefix("From MAILER-DAEMON DATE\n"))
    let smtpd = Array("Return-Path: <eve@example.org>\nSubject: x\n\n".utf8)
    #expect(try Self.delivered("mboxappend Mailbox", input: smtpd).hasPrefix("From eve@example.org DATE\nReturn-Path"))
  }

  @Test("delivers an empty message, NUL bytes and lines without an end")
  func oddMessages() throws {
    for (input, body) in [("", "\n"), ("a\0b\nFrom evil\n", "a\0b\n>From evil\n\n"), ("x\r\n\r\n", "x\r\n\r\n\n")] {
      #expect(try Self.delivered("mboxappend -f a Mailbox", input: Array(input.utf8)) == "From a DATE\n" + body)
    }
  }

  @Test("a 100 MiB line passes in constant memory")
  func hugeLine() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      python3 - <<'END'
      import resource, subprocess
      p = subprocess.Popen(["mboxappend", "-f", "a", "Mailbox"], stdin=subprocess.PIPE)
      for i in range(100): p.stdin.write(b"x" * (1 << 20))
      p.stdin.close()
      print(p.wait(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
      END
      stat -c %s Mailbox
      """, in: scratch)
    let numbers = result.output.split { $0.isWhitespace }.compactMap { Int($0) }
    #expect(numbers.count == 3 && numbers[0] == 0, "\(result)")
    #expect(numbers[1] < 32 << 10, "KiB resident")
    #expect(numbers[2] == 100 << 20 + "From a Mon Jan 02 03:04:05 2006\n\n\n".utf8.count)
    #expect(scratch.names == ["Mailbox"])
  }

  @Test("under dotlock, uses the lock that is held")
  func underDotlock() throws {
    let framed = "From a DATE\nSubject: new\n\n>From here\n\n"
    #expect(try Self.delivered("dotlock ./Mailbox mboxappend -f a ./Mailbox") == framed)
    #expect(try Self.delivered("dotlock Mailbox sh -c 'cd /; exec mboxappend -f a \"$OLDPWD\"/Mailbox'") == framed)
  }

  @Test("under dotlock, delivers nothing once the lock is not the wrapper's any more")
  func underStolenDotlock() throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "Mailbox")
    let result = try Shell.run(
      "dotlock Mailbox sh -c 'rm Mailbox.lock; echo 0 >Mailbox.lock; mboxappend Mailbox; echo $?'", in: scratch,
      input: Self.message)
    #expect(result.output == "75\n")
    #expect(try scratch.text(of: "Mailbox") == Self.old)
    #expect(try scratch.text(of: "Mailbox.lock") == "0\n")
  }

  @Test("says with -v what it does")
  func verbose() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("mboxappend -v Mailbox", in: scratch, input: Self.message)
    let lines = result.errors.split(separator: "\n")
    #expect(result.status == 0 && result.output == "" && lines.count == 2)
    #expect(lines.first?.hasSuffix("/Mailbox: locked") == true && lines.last?.hasSuffix("/Mailbox: delivered") == true)
  }

  @Test("works with standard output and error closed, and writes nothing of its own into the mailbox")
  func closedOutput() throws {
    let framed = "From a DATE\nSubject: new\n\n>From here\n\n"
    #expect(try Self.delivered("mboxappend -f a Mailbox >&- 2>&-") == framed)
    #expect(try Self.delivered("mboxappend -v -f a Mailbox >&- 2>&-") == framed)
  }

  @Test("keeps the access time, so that the mail counts as new")
  func times() throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "Mailbox")
    let result = try Shell.run(
      "touch -a -d @1700000000 Mailbox; touch -m -d @1600000000 Mailbox; mboxappend Mailbox; stat -c '%X' Mailbox",
      in: scratch, input: Self.message)
    #expect(result.output == "1700000000\n")
  }

  @Test(
    "in a directory where it can make no files, goes on with the kernel's lock; a large message is kept elsewhere",
    .enabled(if: geteuid() == 0, "only root can become somebody else"), arguments: [10, 6_000_000])
  func unwritableDirectory(length: Int) throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "Mailbox")
    let deliver = "setpriv --reuid=65534 --clear-groups mboxappend -f a"
    let result = try Shell.run(
      """
      chmod 755 .; chown 65534 Mailbox
      head -c \(length) /dev/zero | \(deliver) -o dotlock.unwritable-directory=fail Mailbox 2>/dev/null; echo $?
      head -c \(length) /dev/zero | \(deliver) --method dotlock Mailbox 2>/dev/null; echo $?; stat -c %s Mailbox
      head -c \(length) /dev/zero | \(deliver) Mailbox; echo $?; stat -c %s Mailbox
      """, in: scratch)
    let added = "From a Mon Jan 02 03:04:05 2006\n\n\n".utf8.count + length
    #expect(result.output == "75\n75\n\(Self.old.utf8.count)\n0\n\(Self.old.utf8.count + added)\n")
    #expect(result.errors == "")
    #expect(scratch.names == ["Mailbox"])
  }

  // Not looked at, it would be tried for again and again without a pause.
  @Test(
    "in a directory where it can make no files, looks at a lock file that is there",
    .enabled(if: geteuid() == 0, "only root can become somebody else"))
  func unwritableDirectoryWithLock() throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "Mailbox")
    let deliver = "setpriv --reuid=65534 --clear-groups mboxappend -f a --timeout 0"
    let result = try Shell.run(
      """
      chmod 755 .; chown 65534 Mailbox; umask 022
      echo 1 >Mailbox.lock; echo hello | \(deliver) Mailbox; echo $?
      echo hello | \(deliver) --method dotlock Mailbox; echo $?
      echo 1~w0 >Mailbox.lock; echo hello | \(deliver) Mailbox; echo $?
      """, in: scratch)
    #expect(result.output == "75\n75\n0\n")
    #expect(result.errors.contains("is locked by Mailbox.lock, which another program made"))
    #expect(result.errors.contains("cannot make a lock file: Permission denied"))
    #expect(result.errors.filter { $0 == "\n" }.count == 2)
  }

  // The nearest thing to a delegation of the NFS server: opening fails until it is given back.
  @Test("waits for whoever has a lease on the file or its lock file", arguments: ["Mailbox", "Mailbox.lock"])
  func lease(name: String) throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "Mailbox")
    let holder = """
      import fcntl, os, signal, subprocess, time
      signal.signal(signal.SIGIO, signal.SIG_IGN)
      file = os.open("\(name)", os.O_RDWR | os.O_CREAT)
      fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
      p = subprocess.Popen(["mboxappend", "--timeout", "5s", "Mailbox"], stdin=subprocess.DEVNULL)
      time.sleep(0.2)
      early = p.poll()
      fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
      if "lock" in "\(name)": os.unlink("\(name)")
      print(early, p.wait())
      """
    try scratch.write(holder, to: "holder")
    let result = try Shell.run("python3 holder", in: scratch)
    #expect(result.output == "None 0\n", "\(result.errors)")
  }

  @Test("the manual page names every option")
  func manual() throws {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let page = try Directory(root.appending("man")).open("mboxappend.8", .readOnly)
    let text = String(decoding: try page.bytes(atMost: 1 << 20, from: 0), as: UTF8.self)
    let help = try Shell.run("mboxappend --help", in: ScratchDirectory()).output
    let options = help.matches(of: #/(?m:^) +(?:-\w, )?-(-[a-z-]+)/#).map { String($0.1) }
    #expect(options.count > 15)
    for option in options {
      #expect(
        text.contains("Fl \(option) ") || text.contains(", \(option)\n") || text.contains("Fl \(option)\n"), "\(option)"
      )
    }
  }
}
