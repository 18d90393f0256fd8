import LockPolicy
import TestSupport
import Testing

/// The configurations in examples/ are tried with the real programs by `make mta`; here they are compared with what is
/// said of them.
@Suite("examples/")
struct ExampleTests {
  @Test("has a directory for every program, with a README that names each of its files")
  func readmes() throws {
    let files = try Repository.files(below: "examples").filter {
      // swift build puts the last of them there.
      $0.contains("/") && !$0.hasPrefix("messages/") && !$0.hasSuffix("/Package.resolved")
    }
    let programs = Set(files.map { String($0.prefix { $0 != "/" }) })
    #expect(
      programs.isSuperset(of: [
        "qmail", "postfix", "exim", "opensmtpd", "procmail", "maildrop", "mutt", "dovecot", "getmail", "fetchmail",
        "cron",
        "mailutils", "shell-script", "swift-program",
      ]))
    for file in files {
      let program = String(file.prefix { $0 != "/" })
      let readme = try Repository.text("examples/\(program)/README.md")
      let name = String(file.dropFirst(program.count + 1))
      #expect(name == "README.md" || readme.contains("`\(name)`") || readme.contains("`\(name) "), "\(file)")
    }
  }

  @Test("has every line that the manual and the README show", arguments: ["man/mboxappend.8", "README.md"])
  func shown(document: String) throws {
    let files = try Repository.files(below: "examples").filter { !$0.hasSuffix(".md") }
    let known = Set(try files.flatMap { lines(of: try Repository.text("examples/\($0)")) })
    let shown = configurationLines(in: try Repository.text(document))
    #expect(shown.count >= 2)
    for line in shown { #expect(known.contains(line), "\(line)") }
  }

  @Test("has Dovecot lock as the default policy does")
  func dovecot() throws {
    let settings = lines(of: try Repository.text("examples/dovecot/mbox.conf"))
    let policy = Policy()
    #expect(settings.contains("mbox_write_locks = \(policy.method.methods.map(\.rawValue).joined(separator: " "))"))
    #expect(settings.contains("mbox_lock_timeout = \(policy.wait.timeout?.components.seconds ?? 0) secs"))
  }

  @Test(
    "has what lockctl policy export prints",
    arguments: [("dovecot", "dovecot/mbox.conf"), ("mailutils", "mailutils/mailutils.conf")])
  func exported(program: String, file: String) throws {
    let scratch = ScratchDirectory()
    let export = try Shell.run("lockctl policy export --for \(program)", in: scratch)
    let example = Set(lines(of: try Repository.text("examples/\(file)")))
    for line in lines(of: export.output) where !line.hasPrefix("#") {
      #expect(example.contains(line.replacing("dotlock_try", with: "dotlock")), "\(line)")
    }
  }

  private func lines(of text: String) -> [String] {
    text.split(separator: "\n").map { line in String(line.drop { $0 == " " }) }
  }

  /// What stands between .Bd and .Ed in the section of examples, or the lines with a program's path.
  private func configurationLines(in document: String) -> [String] {
    guard let examples = document.ranges(of: ".Sh EXAMPLES\n").first else {
      return lines(of: document).filter { $0.hasPrefix("|/usr/local/bin/") || $0.hasPrefix("mailbox_command") }
    }
    var found: [String] = []
    var isShown = false
    for line in lines(of: String(document[examples.upperBound...])) {
      if line.hasPrefix(".Sh ") { break }
      if line.hasPrefix(".") { isShown = line.hasPrefix(".Bd ") } else if isShown { found.append(line) }
    }
    return found
  }
}
