import Glibc

/// The directory in which everything happens, and the programs that compete in it.
struct Field {
  let directory: String
  let options: Options
  private let environment: [String]
  /// The plain thing to run under a lock.
  private let nothing = "/bin/true"

  init(_ options: Options, in parent: String) throws(Failure) {
    self.options = options
    guard let path = realpath(parent, nil) else { throw Failure("\(parent): no such directory") }
    defer { free(path) }
    var template = Array("\(String(cString: path))/lockbench.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure("\(parent): cannot make a directory there") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    environment = [
      "PATH=/usr/bin:/bin", "HOME=" + directory, "LOGNAME=root", "USER=root", "SENDER=ann@example.org", "LANG=C",
    ]
    try write(Self.message, to: "message")
    // Other users pass through on their way to a crowd.
    chmod(directory, 0o711)
    try write("", to: "file")
    try write("MAILDIR=\(directory)\nDEFAULT=\(directory)/procmail\n:0:\nprocmail\n", to: "procmailrc")
    try write("to \"\(directory)/maildrop\"\n", to: "mailfilter")
  }

  func remove() { _ = Command(["/bin/rm", "-rf", directory], environment: environment, input: "/dev/null").run() }

  // MARK: Locking

  func lockers() -> [Contender] {
    let file = directory + "/file"
    let dotlock = options.programs + "/dotlock"
    return [
      locker("dotlock", dotlock, [file]),
      options.policy.flatMap { locker("dotlock, policy file", dotlock, ["--policy", $0, file]) },
      locker("dotlockfile", "dotlockfile", ["-l", "-P", file + ".lock"]),
      locker("lockmail", "lockmail", [file]),
      locker("flock", "flock", [file]),
      locker("with-lock-ex", "with-lock-ex", ["-w", file]),
    ].compactMap { $0 }
  }

  private func locker(_ name: String, _ program: String, _ words: [String]) -> Contender? {
    guard let path = find(program) else { return nil }
    let mark = directory + "/mark"
    // The lock must be there while the command runs, the command must run, its status must come back.
    let script = "\(locked(name)) && : >\"$1\" && exit 7"
    let trial = command([path] + words + ["/bin/sh", "-c", script, "sh", mark])
    let lock = directory + "/file.lock"
    return Contender(
      name: name, command: command([path] + words + [nothing]),
      proof: {
        let status = trial.run().status
        if unlink(mark) == -1 { return "its command did not run under the lock, status \(status)" }
        return status == 7 ? nil : "status \(status) in place of its command's"
      },
      check: { access(lock, F_OK) == -1 })
  }

  /// A shell condition that is true while FILE is locked, by whatever means that program uses.
  private func locked(_ name: String) -> String {
    switch name {
    case "flock": "! flock -n \(directory)/file /bin/true"
    case "with-lock-ex": "test -z \"$(with-lock-ex -q \(directory)/file echo free)\""
    default: "test -e \(directory)/file.lock"
    }
  }

  // MARK: Delivery

  func deliverers() -> [Contender] {
    let append = options.programs + "/mboxappend"
    let mailbox = directory + "/Mailbox"
    return [
      deliverer("mboxappend", append, [mailbox], to: mailbox),
      options.policy.flatMap {
        deliverer("mboxappend, policy file", append, ["--policy", $0, mailbox], to: mailbox)
      },
      // Without -f procmail writes no From_ line, which is less than the job.
      deliverer(
        "procmail", "procmail", ["-f", "ann@example.org", directory + "/procmailrc"], to: directory + "/procmail"),
      deliverer("maildrop", "maildrop", [directory + "/mailfilter"], to: directory + "/maildrop"),
    ].compactMap { $0 }
  }

  /// - Parameters:
  ///   - message: the name of the message's file.
  ///   - length: the least that is added.
  ///   - reset: puts the mailbox back before each run; without one it is cut when it has become long.
  func deliverer(
    _ name: String, _ program: String, _ words: [String], to mailbox: String, message: String = "message",
    length: Int = Field.message.utf8.count, reset: (() -> Void)? = nil
  ) -> Contender? {
    guard let path = find(program) else { return nil }
    let command = command([path] + words, input: message)
    var before = 0
    let grown = {
      let growth = size(of: mailbox) - before
      // The From_ line and perhaps a few header lines, but not two messages.
      return growth >= length && growth < length + 300
    }
    return Contender(
      name: name, command: command,
      proof: {
        for _ in 1...2 {
          reset?()
          before = size(of: mailbox)
          let status = command.run().status
          guard status == 0, grown() else { return "status \(status), and the mailbox has \(size(of: mailbox)) bytes" }
        }
        return nil
      },
      prepare: {
        reset?()
        before = size(of: mailbox)
        guard reset == nil, before > 1 << 20 else { return }
        // Never to nothing: the first message of a mailbox is another job.
        truncate(mailbox, 0)
        _ = command.run()
        before = size(of: mailbox)
      },
      check: grown)
  }

  // MARK: Helpers

  /// Prints how many system calls one run makes; what the program runs comes in the same trace, under other numbers.
  func countCalls(of contender: Contender) {
    guard let strace = find("strace") else { return }
    let trace = directory + "/trace"
    let words = [strace, "-f", "-qq", "-o", trace] + contender.command.words
    guard command(words).run().status == 0, let text = read(trace) else { return }
    let calls = text.split(separator: "\n").filter {
      !$0.contains("resumed>") && !$0.contains("+++") && !$0.contains("---")
    }
    guard let process = calls.first?.prefix(while: { $0 != " " }) else { return }
    let own = calls.filter { $0.hasPrefix(process + " ") }
    print("  \(contender.name) makes \(own.count) system calls, \(calls.count) with those of what it runs")
  }

  func command(_ words: [String], input: String = "message") -> Command {
    Command(words, environment: environment, input: directory + "/" + input)
  }

  func write(_ text: String, to name: String) throws(Failure) {
    let path = directory + "/" + name
    // maildrop wants its filter private.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(descriptor) }
    guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
      throw Failure("cannot write \(path)")
    }
  }

  /// A message of exactly 1 KiB with the header that mail has.
  static let message: String = {
    let header = """
      Received: from mail.example.net (mail.example.net [192.0.2.25]) by mx.example.org; Mon, 5 Jan 2026 08:15:00 +0000
      Message-ID: <20260105081500.1@example.net>
      Date: Mon, 5 Jan 2026 08:15:00 +0000
      From: Ann <ann@example.net>
      To: Ben <ben@example.org>
      Subject: one kibibyte


      """
    let line = "All work and no play makes a mailbox dull, and a full one slow to read.\n"
    let text = header + String(repeating: line, count: 1024 / line.utf8.count)
    return text.prefix(1023) + "\n"
  }()
}

/// The path of a program: itself if it has a slash, else looked for as the shell does.
func find(_ program: String) -> String? {
  let places = program.contains("/") ? [""] : ["/usr/bin/", "/bin/", "/usr/local/bin/"]
  return places.map { $0 + program }.first { access($0, X_OK) == 0 }
}

/// The length of a file; 0 if there is none.
func size(of path: String) -> Int {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_size : 0
}

private func read(_ path: String) -> String? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: size(of: path))
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}
