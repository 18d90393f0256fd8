import CPosix
import Glibc

/// The directory in which everything happens, and the programs that compete in it.
struct Field {
  let directory: String
  private let options: Options
  private let environment: [String]
  /// The plain thing to run under a lock.
  private let nothing = "/bin/true"

  init(_ options: Options, in place: String) throws(Failure) {
    self.options = options
    var template = Array("\(place)/lockbench.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil, let path = realpath(template, nil) else {
      throw Failure("\(place): cannot make a directory there")
    }
    defer { free(path) }
    directory = String(cString: path)
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

  private func deliverer(_ name: String, _ program: String, _ words: [String], to mailbox: String) -> Contender? {
    guard let path = find(program) else { return nil }
    let command = command([path] + words)
    var before = 0
    let grown = {
      let growth = fileSize(of: mailbox) - before
      // The From_ line and perhaps a few header lines, but not two messages.
      return growth > Field.message.utf8.count && growth < Field.message.utf8.count + 300
    }
    return Contender(
      name: name, command: command,
      proof: {
        for _ in 1...2 {
          before = fileSize(of: mailbox)
          let status = command.run().status
          guard status == 0, grown() else {
            return "status \(status), and the mailbox has \(fileSize(of: mailbox)) bytes"
          }
        }
        return nil
      },
      prepare: {
        before = fileSize(of: mailbox)
        guard before > 1 << 20 else { return }
        // Never to nothing: the first message of a mailbox is another job.
        truncate(mailbox, 0)
        _ = command.run()
        before = fileSize(of: mailbox)
      },
      check: grown)
  }

  /// Ours, to a mailbox that has the same size before each run: real up to what a memory file system holds, else sparse.
  func deliverer(
    _ name: String, _ options: [String] = [], size: Int, message: String? = nil
  ) throws(Failure) -> Contender {
    let mailbox = directory + "/" + name.filter(\.isLetter)
    if size > 1 << 30 { try writeSparse(mailbox, size) } else { try write(mailbox, repeating: Self.post, size: size) }
    let added = fileSize(of: message ?? directory + "/message")
    return Contender(
      name: name, command: command([self.options.programs + "/mboxappend"] + options + [mailbox], input: message),
      proof: { nil }, prepare: { truncate(mailbox, size) },
      check: { (added..<added + 300).contains(fileSize(of: mailbox) - size) })
  }

  // MARK: Helpers

  var isInMemory: Bool {
    var status = statfs()
    // TMPFS_MAGIC
    return statfs(directory, &status) == 0 && status.f_type == 0x0102_1994
  }

  /// Makes a file of that size that ends in a blank line, as a mailbox does.
  @discardableResult
  func write(_ path: String, repeating text: String, size: Int) throws(Failure) -> String {
    let portion = String(repeating: text, count: max(1, (1 << 20) / text.utf8.count)).utf8
    let file = fopen(path, "w")
    defer { fclose(file) }
    var rest = size
    while rest > 0 {
      let piece = rest > portion.count ? Array(portion) : Array(portion.prefix(rest - 2)) + Array("\n\n".utf8)
      guard fwrite(piece, 1, piece.count, file) == piece.count else { throw Failure("cannot write \(path)") }
      rest -= piece.count
    }
    return path
  }

  private func writeSparse(_ path: String, _ size: Int) throws(Failure) {
    try write(path, repeating: Self.post, size: 4096)
    let file = open(path, O_WRONLY)
    defer { close(file) }
    guard pwrite(file, "\n\n", 2, size - 2) == 2 else { throw Failure("cannot write \(path)") }
  }

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

  func command(_ words: [String], input: String? = nil) -> Command {
    Command(words, environment: environment, input: input ?? directory + "/message")
  }

  private func write(_ text: String, to name: String) throws(Failure) {
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

extension Field {
  /// That message as it stands in a mailbox.
  static let post = "From ann@example.net Mon Jan  5 08:15:00 2026\n" + message + "\n"
}

/// The path of a program: itself if it has a slash, else looked for as the shell does.
func find(_ program: String) -> String? {
  let places = program.contains("/") ? [""] : ["/usr/bin/", "/bin/", "/usr/local/bin/"]
  return places.map { $0 + program }.first { access($0, X_OK) == 0 }
}

/// The length of a file; 0 if there is none.
func fileSize(of path: String) -> Int {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_size : 0
}

private func read(_ path: String) -> String? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: fileSize(of: path))
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}
