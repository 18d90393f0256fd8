internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

// What people read.
extension LockReport {
  /// One line: whether the file is locked, and by whom.
  var headline: String {
    let file = seen.location.path.string
    switch seen.sighting {
    case .nothing:
      if let obstacle = seen.permitObstacle { return "\(file): blocked: \(seen.lockPath).steal \(obstacle)" }
      return "\(file): \(isLockedByKernel ? "no lock file, but locked by the kernel" : "free")"
    case .strange(let kind): return "\(file): blocked: \(seen.lockPath) is \(kind)"
    case .lock(let lock):
      let state = lock.isWriterGone ? "left behind" : "locked"
      return "\(file): \(state) by \(holder?.text ?? "")"
    }
  }

  var text: String { headline.visible + "\n" + aligned(rows, indent: "  ") }

  private var rows: [[String]] { lockRows + waitingRows + otherRows + left.rows(journalWriter) }

  private var lockRows: [[String]] {
    guard let holder, let age = seen.age, let staleness else {
      return seen.sighting == .nothing ? [] : [["stale", "never: no program makes that as a lock; see lockctl break"]]
    }
    let clock = seen.isServerTime ? "" : " by this host's clock, since the server's cannot be seen"
    let verdict = (staleness.isStale ? "yes: " : "no: ") + staleness.reason
    let left = timeLeft.map { $0 > .zero && !staleness.isStale ? ", in \($0.readable)" : "" } ?? ""
    return [
      ["lock file", "\(seen.lockPath), of user \(holder.user), \(holder.kind.article)"],
      ["touched", "\(age.readable) ago\(clock)"],
      ["stale", verdict + left + observationText],
    ] + (owesFence ? [["fence", "owed: a writer that was stolen from may be late"]] : [])
  }

  /// A look does not tell what a thief has to watch.
  private var observationText: String {
    guard case .old = seen.staleness, let time = seen.observation, time > .zero else { return "" }
    return "; a thief watches it for \(time.readable) first"
  }

  /// Whether the lock's record says so.
  var owesFence: Bool { seen.lock?.record?.owesFence == true }

  private var waitingRows: [[String]] {
    var rows: [[String]] = []
    let queue = queue ?? []
    if !queue.isEmpty { rows.append(["waiting", queue.map(\.text).joined(separator: ", ")]) }
    for post in seen.posts ?? [] {
      rows.append(
        ["post", "process \(post.pid) on \(post.host), touched \(post.age.readable) ago: \(post.name)"])
    }
    if seen.posts == nil { rows.append(["posts", "cannot be seen: the directory cannot be read"]) }
    return rows
  }

  /// What is told after a lock file was taken away by force: only the end of a process takes away a kernel's lock.
  func kernelLockLines(of holder: LockReport) -> [String] {
    let owner = holder.holder.flatMap { $0.pid.map(OtherProcess.init) }
    let owners = (fileLocks ?? []).filter { !$0.isWaiting && $0.isExclusive }.map { lock in
      lock.pid.map { OtherProcess($0).text } ?? (owner?.holdsLock(on: seen.filePlace) == true ? owner?.text : nil)
    }
    guard !owners.isEmpty || isLockedOutOfSight else { return [] }
    let whose = owners.compactMap { $0 }.first ?? "the process that has the lock"
    return ["\(seen.location.path): stays locked by the kernel until \(whose) ends or lets go of it"]
  }

  private var otherRows: [[String]] {
    var rows: [[String]] = []
    for lock in fileLocks ?? [] { rows.append(["kernel", lock.text]) }
    if isLockedOutOfSight {
      rows.append(["kernel", "fcntl, exclusive, held by a process that cannot be seen from here"])
    }
    if seen.permitObstacle == nil, let names = seen.permit {
      let content = names.isEmpty ? "empty" : names.map(\.string).joined(separator: ", ")
      rows.append(["permit", "\(seen.lockPath).steal: \(content)"])
    }
    if let obstacle = seen.permitObstacle {
      rows.append(["permit", "\(seen.lockPath).steal \(obstacle): the lock cannot be taken before that is removed"])
    }
    return rows
  }
}

extension LockHolder.Kind {
  fileprivate var article: String {
    switch self {
    case .writer: "held by a program of this toolkit"
    case .program: "held for a program that dotlock runs"
    case .script: "held for a script"
    case .foreign: "made by another program"
    }
  }
}

extension ListedLock {
  /// The policy's word for the method, where there is one.
  var method: String {
    switch kind {
    case "POSIX", "OFDLCK": "fcntl"
    case "FLOCK": "flock"
    default: kind.lowercased()
    }
  }

  fileprivate var text: String {
    "\(method), \(isExclusive ? "exclusive" : "shared"), \(isWaiting ? "waited for" : "held") by "
      + (pid.map { OtherProcess($0).text } ?? "an open file, the kernel does not tell whose")
  }
}

extension OtherProcess {
  /// `process 123 (mboxappend)`.
  var text: String { "process \(pid)" + (program.map { " (\($0))" } ?? "") }
}
