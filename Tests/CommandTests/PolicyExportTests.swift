import Glibc
import TestSupport
import Testing

/// What `lockctl policy export` prints, as the programs read it that it is for.
struct PolicyExportTests {
  /// Options, and the numbers that every program should have then: tries, seconds between them, stale seconds.
  struct Sample: CustomTestStringConvertible {
    let options: String
    let tries: Int
    let pause: Int
    let stale: Int?
    /// Where each pause may be a quarter shorter.
    let triesByChance: Int
    var testDescription: String { options }
  }

  static let samples = [
    Sample(options: "", tries: 31, pause: 1, stale: 900, triesByChance: 41),
    Sample(
      options: "--method dotlock --foreign-after 60s -o wait.longest=250ms", tries: 31, pause: 1, stale: 60,
      triesByChance: 41),
    Sample(options: "--method fcntl -n", tries: 1, pause: 1, stale: 900, triesByChance: 1),
    Sample(
      options: "--timeout 1500ms -o wait.longest=1m --steal-after 901s", tries: 2, pause: 2, stale: 901,
      triesByChance: 3),
    Sample(
      options: "--timeout 20s -o wait.longest=7s --steal-after never", tries: 4, pause: 7, stale: nil, triesByChance: 5),
    Sample(
      options: "--timeout forever -o wait.longest=1d --foreign-after 1ms", tries: 1 << 31 - 1, pause: 2000, stale: 60,
      triesByChance: 1 << 31 - 1),
  ]

  @Test(arguments: samples)
  func `mutt reads it`(_ sample: Sample) throws {
    let said = try export("mutt", sample, "mutt -n -F $PWD/lines -D")
    #expect(said.contains("dotlock_program=\"/usr/bin/mutt_dotlock\"\n"))
  }

  @Test(arguments: samples)
  func `procmail delivers by it`(_ sample: Sample) throws {
    let said = try export(
      "procmail", sample, "procmail -m VERBOSE=on DEFAULT=$PWD/box \"$PWD/lines\" <message 2>&1; cat box")
    #expect(said.contains("Assigning \"LOCKSLEEP=\(sample.pause)\"\n"))
    #expect(said.contains("Assigning \"LOCKTIMEOUT=\(sample.stale ?? 0)\"\n"))
    #expect(said.contains("Locking \"") && said.contains("\nhello\n"))
  }

  @Test(arguments: samples)
  func `maildrop delivers by it`(_ sample: Sample) throws {
    let said = try export(
      "maildrop", sample,
      "echo \"to \\\"$PWD/box\\\"\" >>lines; chmod 600 lines; maildrop -V 9 $PWD/lines <message 2>&1; cat box")
    #expect(said.contains("LOCKSLEEP=\"\(sample.pause)\"\n"))
    #expect(said.contains("LOCKTIMEOUT=\"\(sample.stale ?? 315_360_000)\"\n"))
    #expect(said.contains("Flock()ing") && said.contains("\nhello\n"))
  }

  @Test(arguments: samples)
  func `mailutils moves mail by it`(_ sample: Sample) throws {
    let said = try export(
      "mailutils", sample,
      """
      movemail --config-file=$PWD/lines --config-lint 2>/dev/null || exit
      movemail --config-file=$PWD/lines $PWD/message $PWD/box 2>&1 && cat lines
      """)
    #expect(said.contains("  retry-count \(sample.tries);\n"))
    #expect(said.contains("  retry-sleep \(sample.pause);\n"))
    #expect(said.contains("  expire-timeout ") == (sample.stale != nil))
    #expect(said.contains("  expire-timeout \(sample.stale ?? 0);\n") == (sample.stale != nil))
  }

  @Test(.enabled(if: isThere("/usr/sbin/exim4")), arguments: samples)
  func `exim takes it into a transport`(_ sample: Sample) throws {
    let said = try export(
      "exim", sample,
      """
      printf 'begin transports\\nt:\\n  driver = appendfile\\n  file = /nowhere\\n.include %s\\n' $PWD/lines >exim.conf
      chmod 755 .
      exim4 -C $PWD/exim.conf -bP transport t 2>/dev/null
      """)
    #expect(said.contains("\nlock_retries = \(sample.tries)\n"))
    let isDotlock = !sample.options.contains("method fcntl")
    #expect(said.contains(isDotlock ? "\nuse_lockfile\n" : "\nno_use_lockfile\n"))
    #expect(said.contains(sample.options.contains("method dotlock") ? "\nno_use_fcntl_lock\n" : "\nuse_fcntl_lock\n"))
    #expect(said.contains("\nlockfile_mode = 0644\n") == isDotlock)
  }

  @Test(.enabled(if: isThere("/usr/sbin/postconf")), arguments: samples)
  func `postconf reads it`(_ sample: Sample) throws {
    let said = try export("postfix", sample, "mv lines main.cf; : >master.cf; postconf -c $PWD -n 2>&1")
    #expect(said.contains("\ndeliver_lock_attempts = \(sample.triesByChance)\ndeliver_lock_delay = \(sample.pause)s\n"))
    #expect(said.contains("\nstale_lock_time = \(sample.stale ?? 315_360_000)s\n"))
    #expect(!said.contains("warning"))
  }

  @Test(.enabled(if: isThere("/usr/bin/doveconf")), arguments: samples)
  func `doveconf reads it`(_ sample: Sample) throws {
    let said = try export("dovecot", sample, "doveconf -c $PWD/lines mbox_write_locks mbox_dotlock_change_timeout")
    #expect(said.hasPrefix("mbox_write_locks = "))
  }

  /// Exports in a directory with a message, and then runs a script on ./lines.
  private func export(_ program: String, _ sample: Sample, _ check: String) throws -> String {
    let scratch = ScratchDirectory()
    try scratch.write("From a@b  Mon Nov 23 12:00:00 2026\nSubject: test\n\nhello\n\n", to: "message")
    let run = try Shell.run(
      "lockctl policy export --for \(program) \(sample.options) >lines || exit\n" + check, in: scratch)
    #expect(run.status == 0 && run.errors == "")
    return run.output
  }
}

private func isThere(_ program: String) -> Bool { access(program, X_OK) == 0 }

// MARK: - What it says

struct PolicyExportTextTests {
  @Test func `dovecot gets the order of the methods, and tries a lock file only where the policy does`() throws {
    let both = try export("dovecot --method fcntl+dotlock").output
    #expect(both.contains("\nmbox_write_locks = fcntl dotlock_try\nmbox_read_locks = fcntl\n"))
    let strict = try export("dovecot -o dotlock.unwritable-directory=fail").output
    #expect(strict.contains("\nmbox_write_locks = dotlock fcntl\nmbox_read_locks = fcntl\n"))
    let alone = try export("dovecot --method dotlock --steal-after never").output
    #expect(alone.contains("\nmbox_write_locks = dotlock\nmbox_read_locks = dotlock\n"))
    #expect(alone.contains("\nmbox_dotlock_change_timeout = 0 secs\n"))
  }

  @Test(
    "what would not exclude says so, and fails",
    arguments: [
      ("procmail --method flock", "procmail takes dotlock and fcntl, the policy flock"),
      ("mutt --method flock", "Mutt takes fcntl and dotlock, the policy flock"),
      ("mailutils --method flock", "GNU mailutils takes fcntl, the policy flock"),
      ("maildrop --method fcntl --built-with dotlock+flock", "maildrop takes dotlock and flock, the policy fcntl"),
      (
        "postfix --method dotlock -o dotlock.suffix=.lk",
        "Postfix takes dotlock, the policy dotlock (lock files .lock, not .lk)"
      ),
      ("procmail --method dotlock -o 'dotlock.suffix=.l k' --built-with fcntl", "procmail takes dotlock and fcntl"),
    ])
  func refusal(options: String, reason: String) throws {
    let run = try export(options)
    #expect(run.status == 69)
    #expect(run.output.replacing("\n# ", with: " ").contains(" DOES NOT EXCLUDE: \(reason)"))
    #expect(run.errors.hasPrefix("lockctl: ") && run.errors.contains("does not exclude: \(reason)"))
  }

  @Test(arguments: [
    "procmail --method flock --built-with flock", "mutt --method flock --built-with flock+dotlock",
    "maildrop --method dotlock -o dotlock.suffix=.lk", "mailutils -o dotlock.suffix=.lk",
    "procmail --method fcntl -o 'dotlock.suffix=$(x)'",
  ])
  func `what excludes is no failure`(options: String) throws {
    let run = try export(options)
    #expect(run.status == 0 && run.errors == "")
    #expect(!run.output.contains("DOES NOT EXCLUDE"))
    #expect(!run.output.contains("$(x)"))
  }

  @Test func `another order, a method too many and one too few are told`() throws {
    let order = "- takes fcntl and dotlock in this order, not the policy's"
    #expect(try words("mutt --method dotlock+fcntl").contains(order))
    #expect(try words("procmail --method dotlock").contains("- also takes fcntl, not in the policy"))
    let few = try words("procmail --method dotlock+flock")
    #expect(few.contains("- does not take flock: only dotlock keeps it and our programs apart, and nothing does where"))
    #expect(try !words("exim").contains("may be stolen"))
    let theft = "not touched for 15m (steal.foreign-after) its lock file may be stolen"
    #expect(try words("exim --method dotlock").contains(theft))
  }

  @Test func `rules apply to a mailbox, and are named without one`() throws {
    let scratch = ScratchDirectory()
    try scratch.write(
      """
      rules:
        - match: {path: "/**/box"}
          method: dotlock
        - match: {program: mutt}
          steal.foreign-after: 1h
        - match: {path: "/**/other"}
          lease.length: 30s
        - match: {host: far}
          method: flock

      """, to: "policy.yaml")
    let general = try Shell.run("lockctl policy export --for postfix --policy policy.yaml", in: scratch)
    #expect(general.status == 0)
    #expect(general.output.contains("\nmailbox_delivery_lock = dotlock, fcntl\n"))
    let rule = """
      # - rule 1 at line 2 (path /**/box) calls for other lines, which MAILBOX shows:
      #     mailbox_delivery_lock = dotlock
      #     virtual_mailbox_lock = dotlock
      # - rule 4 at line 8 (host far) calls for other lines, which MAILBOX shows:
      #     mailbox_delivery_lock = flock
      #     virtual_mailbox_lock = flock

      """
    #expect(general.output.hasSuffix(rule))
    let mailbox = try Shell.run("lockctl policy export --for postfix --policy policy.yaml box", in: scratch)
    #expect(mailbox.output.contains("\nmailbox_delivery_lock = dotlock\n"))
    #expect(mailbox.output.replacing("\n# ", with: " ").contains("(rule 1 applies)"))
    // A site's rule about another program is for that program's lines.
    let mutt = try Shell.run("lockctl policy export --for maildrop --policy policy.yaml", in: scratch)
    #expect(mutt.status == 69 && !mutt.output.contains("rule 2"))
    #expect(mutt.output.contains("\n# DOES NOT EXCLUDE: rule 4 at line 8 (host far): the method there is flock\n"))
  }

  @Test func `each program's own way to judge a lock file is told`() throws {
    #expect(try words("maildrop").contains("- never takes away what was left behind: its watchdog ends it before"))
    let quick = try words("maildrop --steal-after 20s --lease 20s --foreign-after 1m")
    #expect(quick.contains("\nLOCKREFRESH=10\n"))
    #expect(!quick.contains("never takes away"))
    #expect(try words("mutt").contains("- takes no lock file away by itself, whatever its age: no steal.observe"))
    #expect(try words("exim").contains("- judges a lock file by its name and age alone: no steal.observe"))
  }

  @Test func `a rule about a network file system has Dovecot make its lock files by link`() throws {
    let scratch = ScratchDirectory()
    try scratch.write("rules: [{match: {filesystem: nfs}, method: dotlock}]\n", to: "policy.yaml")
    let run = try Shell.run("lockctl policy export --for dovecot --policy policy.yaml", in: scratch)
    #expect(run.output.contains("\n#     dotlock_use_excl = no\n"))
    #expect(!run.output.contains("\ndotlock_use_excl"))
  }

  @Test func `a mailbox's name ends no comment, and is no command`() throws {
    let scratch = ScratchDirectory()
    let run = try Shell.run(
      #"lockctl policy export --for mutt "$(printf 'a\nset x=`touch hit` \\')" >lines; mutt -n -F $PWD/lines -D"#,
      in: scratch)
    #expect(run.status == 0 && run.errors == "")
    #expect(run.output.contains("\ndotlock_program="))
    #expect(try Shell.run("ls", in: scratch).output == "lines\n")
  }

  @Test func `every line but the settings is a short comment`() throws {
    for program in ["postfix", "exim", "dovecot", "mutt", "procmail", "maildrop", "mailutils"] {
      let lines = try export(program).output.split(separator: "\n")
      #expect(lines.filter { $0.hasPrefix("#") }.allSatisfy { $0.count <= 79 })
      #expect(lines.contains { !$0.hasPrefix("#") })
    }
  }

  @Test func `what cannot be asked is a wrong command line`() throws {
    #expect(try export("exmi").errors.contains("unknown program 'exmi'; did you mean 'exim'?"))
    for wrong in ["exmi", "exim --built-with fcntl", "mutt --built-with lockf", "mutt box box"] {
      #expect(try export(wrong).status == 64)
    }
    #expect(try export("mutt /nowhere/at/all/box").status == 66)
    #expect(try export("mutt --lease 3s").status == 78)
  }

  private func export(_ options: String) throws -> (status: Int32, output: String, errors: String) {
    let scratch = ScratchDirectory()
    return try Shell.run("lockctl policy export --for \(options)", in: scratch)
  }

  /// Without the line ends, which may come between any two words.
  private func words(_ options: String) throws -> String {
    try export(options).output.replacing("\n#   ", with: " ")
  }
}
