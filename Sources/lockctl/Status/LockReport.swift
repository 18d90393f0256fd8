internal import FileLocking
internal import LockPolicy
internal import Mailbox
internal import Posix
internal import SystemPackage

/// What lockctl tells about the lock on one file.
struct LockReport {
  let seen: LockInspection
  /// What deliveries have left, if the file is a mailbox.
  let left: MailboxInspection
  let holder: LockHolder?
  /// The process that the journal is of, when the kernel proves it.
  let journalWriter: OtherProcess?
  /// Who waits in the line, on this host; `nil` when the kernel does not tell.
  let queue: [OtherProcess]?
  /// The kernel's locks on the file; `nil` when it does not tell.
  let fileLocks: [ListedLock]?

  init(_ seen: LockInspection, _ left: MailboxInspection) {
    (self.seen, self.left) = (seen, left)
    holder = LockHolder(seen)
    let writer = holder?.pid.map(OtherProcess.init)
    journalWriter = writer.flatMap { $0.holdsLock(on: left.journal?.place) ? $0 : nil }
    let all = try? ListedLock.all()
    fileLocks = all?.filter { seen.filePlace != nil && $0.isOn(seen.filePlace) }
    // Whoever stands in the line has its flock, or waits for it; and keeps his place while he has the lock.
    let line = all?.filter { seen.queuePlace != nil && $0.isOn(seen.queuePlace) && $0.method == "flock" }
    let holder = holder?.pid
    queue = line?.compactMap(\.pid).filter { $0 != holder }.map(OtherProcess.init)
  }

  /// Whether somebody has a lock on the file itself that keeps writers out.
  var isLockedByKernel: Bool {
    isLockedOutOfSight || fileLocks?.contains { !$0.isWaiting && ["fcntl", "flock"].contains($0.method) } == true
  }

  /// Whether the holder of a record lock is on another host, say.
  var isLockedOutOfSight: Bool {
    seen.hasRecordLock == true && fileLocks?.contains { !$0.isWaiting && $0.method == "fcntl" } != true
  }

  /// After this time without a touch the lock counts as left behind.
  var timeLeft: Duration? {
    guard let limit = seen.limit, let age = seen.age else { return nil }
    return max(.zero, limit - age)
  }

  /// Whether the lock may be taken away, and why; `nil` without one.
  var staleness: (isStale: Bool, reason: String)? {
    guard let staleness = seen.staleness else { return nil }
    switch staleness {
    case .none(nil): return (false, "it never is by its age")
    case .none: return (false, "not before it was not touched for \(seen.limit?.readable ?? "")")
    case .old(let age, let limit):
      return (true, "not touched for \(age.readable), which is longer than \(limit.readable)")
    case .dead, .ordered: return (true, staleness.text)
    }
  }
}

/// Who has a lock, as far as it can be told.
struct LockHolder {
  enum Kind: String { case writer, program, script, foreign }

  let kind: Kind
  /// What the lock file says.
  let pid: Int32?
  /// What another program's lock file says.
  let host: String?
  let user: UInt32
  /// The program that the process runs, when the kernel proves that it is that process.
  let program: String?

  init?(_ seen: LockInspection) {
    guard let lock = seen.lock else { return nil }
    user = lock.owner
    guard let record = lock.record else {
      (kind, program) = (.foreign, nil)
      // `PID`, as most write it, or `PID:HOST`.
      let words = (seen.foreignText ?? "").split { $0 == ":" || $0.isWhitespace }
      pid = words.first.flatMap { Int32($0) }.flatMap { $0 > 0 ? $0 : nil }
      host = pid != nil && words.count == 2 ? String(words[1]) : nil
      return
    }
    (pid, host) = (record.pid > 0 ? record.pid : nil, nil)
    let process = OtherProcess(record.pid)
    program = process.holdsLock(on: seen.lockPlace) ? process.program : nil
    kind =
      switch record.holder {
      case .writer, .remoteWriter: .writer
      case .program, .remoteProgram: .program
      case .script, .remoteScript: .script
      }
  }

  /// `process 123 (mboxappend)`.
  var text: String {
    guard let pid else { return kind == .foreign ? "another program" : "a process that a power cut has ended" }
    if let program { return "process \(pid) (\(program))" }
    let process = "process \(pid)" + (host.map { " on \($0)" } ?? "")
    return (kind == .foreign ? "another program, " : "") + process + " (by its own word)"
  }
}

extension Duration {
  /// As people want to see it: two or three digits, cut off below.
  var readable: String {
    if self < .zero { return "-" + (.zero - self).readable }
    let seconds = components.seconds
    return switch seconds {
    case ..<10: Duration.milliseconds(Int64(self / .milliseconds(1))).policyText
    case ..<200: Duration.seconds(seconds).policyText
    case ..<12_000: Duration.seconds(seconds / 60 * 60).policyText
    case ..<400_000: Duration.seconds(seconds / 3600 * 3600).policyText
    default: Duration.seconds(seconds / 86_400 * 86_400).policyText
    }
  }
}
