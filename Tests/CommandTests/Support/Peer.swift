import Glibc
import TestSupport
import Testing

/// A program of somebody else that locks mailboxes, in the shell.
///
/// What is said here of each is what Debian 12's version does: liblockfile 1.17, procmail 3.22, maildrop 2.9.3,
/// mutt 2.2.12, mailutils 3.15, util-linux 2.38, Python 3.11. The manuals quote it.
struct Peer: Sendable, CustomTestStringConvertible {
  /// When a peer takes a lock file of ours away.
  enum Breaking {
    case never
    /// As soon as the file is this many seconds old.
    case after(Int)
    /// As soon as no process of this host has the number in the record.
    case deadProcess
    /// As soon as it meets it.
    case always
  }

  let name: String
  let program: String
  let package: String
  /// Runs ./inside under the peer's lock of spool/box, or gives up; $haste is for whatever may sleep.
  let under: String
  /// Its exit status when somebody else has the lock.
  let refusal: Int32
  /// Each method of ours that excludes it.
  let methods: [String]
  /// The mode of its lock file, a blank, and the bytes, as a regular expression; empty when it makes none.
  let leaves: String
  let breaking: Breaking

  var testDescription: String { name }

  /// Runs a script beside spool/box, which is empty; `inside` is what the peer will run.
  func run(
    _ script: String, inside: String, hasty: Bool, in directory: borrowing ScratchDirectory
  ) throws -> (status: Int32, output: String, errors: String) {
    try #require(access(program, X_OK) == 0, "\(program) is missing: apt-get install \(package)")
    try directory.write(Self.look + inside, to: "inside")
    try directory.write("From a@b  Mon Nov 23 12:00:00 2026\nSubject: test\n\nhello\n", to: "message")
    let haste = hasty ? Self.sleepless : ""
    let prelude = "umask 022\nhaste='\(haste)'\nunder() {\n\(under)\n}\n" + Self.look
    try directory.write(prelude, to: "prelude")
    return try Shell.run("mkdir spool; touch spool/box; . ./prelude\n" + script, in: directory)
  }

  /// A second of these programs' sleep takes no time.
  static let sleepless = "strace -o /dev/null -e trace=clock_nanosleep -e inject=clock_nanosleep:retval=0"

  /// `look` tells everything of the lock file but when it was read: the same twice means that nobody touched it.
  private static let look = "look() { stat -c '%i %a %s %y %z' spool/box.lock; cat spool/box.lock; } 2>&1\n"
}

extension Peer {
  static let all: [Peer] = [
    liblockfile("", .after(300), leaves: "644 0\n"),
    liblockfile(" -p", .deadProcess, leaves: #"644 \d+\n"#),
    lockfile("", .never),
    lockfile(" -l 500", .after(500)),
    Peer(
      name: "procmail", program: "/usr/bin/procmail", package: "procmail",
      // It waits for ever: its log tells when it tries again, which it does at most once after breaking a lock.
      under: """
        [ -p log ] || mkfifo log
        printf ':0 w: spool/box.lock\\n| sh inside\\n' >rc
        procmail -m PATH="$PATH" MAILDIR="$PWD" DEFAULT=/dev/null VERBOSE=on LOCKSLEEP=0 SUSPEND=0 "$PWD/rc" \
          <message 2>log &
        tries=0
        while read -r said; do
          case $said in *Locking*) tries=$((tries + 1)); [ $tries != 3 ] || kill $!;; esac
        done <log
        wait $!
        """,
      refusal: 75, methods: ["dotlock"], leaves: "400 0", breaking: .after(1024)),
    Peer(
      name: "lockmail", program: "/usr/bin/lockmail.maildrop", package: "maildrop",
      under: "$haste lockmail.maildrop -t 6 spool/box sh inside",
      refusal: 75, methods: ["dotlock", "fcntl"], leaves: #"644 \d+:.+"#, breaking: .after(300)),
    mutt("", .never),
    mutt(" -f", .always),
    mailutils("", .never),
    mailutils(" -f10", .after(600)),
    mailutils(" -p", .deadProcess, leaves: #"644 \d+"#),
    Peer(
      name: "flock", program: "/usr/bin/flock", package: "util-linux", under: "flock -n spool/box sh inside",
      refusal: 1, methods: ["flock"], leaves: "", breaking: .never),
    Peer(
      name: "Python's mailbox", program: "/usr/bin/python3", package: "python3",
      under: """
        /usr/bin/python3 -c '
        import mailbox, os
        box = mailbox.mbox("spool/box")
        box.lock()
        os.system("sh inside")
        box.unlock()' 2>said
        """,
      refusal: 1, methods: ["dotlock", "fcntl"], leaves: "644 ", breaking: .never),
  ]

  private static func liblockfile(_ options: String, _ breaking: Breaking, leaves: String) -> Peer {
    Peer(
      name: "dotlockfile\(options)", program: "/usr/bin/dotlockfile", package: "liblockfile-bin",
      // Of three tries the first reads the clock wrongly and the second only removes an old lock.
      under: "$haste dotlockfile -P\(options) -r 2 -l spool/box.lock sh inside",
      refusal: 4, methods: ["dotlock"], leaves: leaves, breaking: breaking)
  }

  private static func lockfile(_ options: String, _ breaking: Breaking) -> Peer {
    Peer(
      name: "lockfile\(options)", program: "/usr/bin/lockfile", package: "procmail",
      under: "$haste lockfile\(options) -r 1 spool/box.lock && { sh inside; rm -f spool/box.lock; }",
      refusal: 73, methods: ["dotlock"], leaves: "444 0", breaking: breaking)
  }

  private static func mutt(_ options: String, _ breaking: Breaking) -> Peer {
    Peer(
      name: "mutt_dotlock\(options)", program: "/usr/bin/mutt_dotlock", package: "mutt",
      under: "$haste mutt_dotlock\(options) -r 1 spool/box && { sh inside; mutt_dotlock -u spool/box; }",
      refusal: 3, methods: ["dotlock"], leaves: "0 ", breaking: breaking)
  }

  /// Not by the name under which it also stands on the PATH: that is ours here.
  private static func mailutils(_ options: String, _ breaking: Breaking, leaves: String = "644 ") -> Peer {
    Peer(
      name: "mailutils' dotlock\(options)", program: "/usr/bin/dotlock.mailutils", package: "mailutils",
      under: """
        $haste dotlock.mailutils\(options) -r 1 -t 1 spool/box && { sh inside; dotlock.mailutils -u spool/box; }
        """,
      refusal: 3, methods: ["dotlock"], leaves: leaves, breaking: breaking)
  }
}
