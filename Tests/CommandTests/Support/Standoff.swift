import TestSupport
import Testing

/// Programs that are stopped at one of their system calls, and go on when others have come and gone.
enum Standoff {
  /// `begin NAME COMMAND...` runs a command under strace until it has ended or is stopped, `go_on NAME` continues it,
  /// `finish NAME` waits for its end. Everything of each is in $log: NAME.in, NAME.out and what strace tells, NAME.
  static func functions(_ log: borrowing ScratchDirectory) -> String {
    """
    log=\(log.path)
    begin() {
      name=$1; shift
      "$@" <$log/$name.in >$log/$name.out 2>&1 &
      eval "run_$name=$!"
      until grep -qs -e 'stopped by SIGSTOP' -e ' +++ ' $log/$name; do sleep 0.01; done
    }
    go_on() { kill -CONT "$(sed -n '1s/ .*//p' $log/$1)" 2>/dev/null; }
    finish() { eval "wait \\$run_$1"; echo $1 $?; }
    """
  }
}

extension [TracedCall] {
  /// Whether the whole message is in the mailbox when the program has made that call, one of these.
  func isWritten(by call: TracedCall) -> Bool { last { $0.name == "write" }.map { $0.place <= call.place } ?? false }
}

extension Job {
  /// A delivery that steals the lock; one that the kernel keeps is waited for a moment.
  func robbery(by name: String) -> String {
    delivery(by: name, locking.hasKernelLock ? "--timeout 400ms" : "") + "; echo \(name) $?"
  }
}

extension Aftermath {
  /// Whoever reported success has delivered exactly once; who did not has not, or once at most if he was late when all
  /// was written; messages of a maildir are there exactly once, whatever was reported; and nothing else is there.
  ///
  /// - Parameter statuses: lines with a name and a status.
  func expect(_ job: Job, _ statuses: String, late: Set<String>, prompt: Set<String>, _ place: Comment) {
    let lines = statuses.split(separator: "\n")
    var expected = job.mailboxExists ? ["old"] : []
    for sender in late.union(prompt) where job.work != .move || sender != "victim" {
      let isDelivered = lines.contains("\(sender) 0") || late.contains(sender) && count(sender) == 1
      if isDelivered { expected.append(sender) }
    }
    let moved = job.work == .move ? job.moved + ["m4"] : []
    #expect(names?.filter { $0.hasPrefix("m") } == moved, place)
    #expect(names?.sorted() == (expected + moved).sorted(), place)
    #expect(!job.mailboxExists || names?.first == "old", place)
    #expect(lines.contains("victim 0") || lines.contains("victim 75"), place)
    #expect(statuses.hasSuffix("next 0\nrest 0\n"), place)
  }
}
