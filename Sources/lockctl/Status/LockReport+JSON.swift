internal import CommandLine
internal import FileLocking
internal import Mailbox
internal import Posix
internal import SystemPackage

// What programs read; the keys are described in lockctl(8).
extension LockReport {
  var json: JSON {
    [
      "file": .string(seen.location.path.string), "lock_file": .string(seen.lockPath.string), "state": .string(state),
      "rules": .string(seen.isLocal ? "local" : "network"), "holder": holder?.json ?? .null,
      "age": JSON(seen.age), "clock": .string(seen.isServerTime ? "server" : "host"),
      "limit": JSON(seen.limit), "left": JSON(timeLeft), "stale": staleness.map { .flag($0.isStale) } ?? .null,
      "reason": JSON(reason), "observe": JSON(seen.observation), "fence_owed": .flag(owesFence),
      "queue": queue.map { .array($0.map(\.json)) } ?? .null,
      "posts": seen.posts.map { .array($0.map(\.json)) } ?? .null,
      "kernel_locks": fileLocks.map { .array($0.map(\.json)) } ?? .null,
      "permit": seen.permit.map { .array($0.map { .string($0.string) }) } ?? .null,
      "permit_obstacle": JSON(seen.permitObstacle),
      "journal": left.journal?.json(journalWriter) ?? .null,
      "kept_lists": left.keptLists.map { .array($0.map { .object(Self.members($0.name, $0.list)) }) } ?? .null,
      "set_aside": left.setAside.map { .array($0.map { .string($0.string) }) } ?? .null,
    ]
  }

  private var state: String {
    switch seen.sighting {
    case .nothing: seen.permitObstacle != nil ? "blocked" : isLockedByKernel ? "kernel" : "free"
    case .strange: "blocked"
    case .lock: "locked"
    }
  }

  private var reason: String? {
    if case .strange(let kind) = seen.sighting { "the lock file is \(kind)" } else { staleness?.reason }
  }

  private static func members(_ name: FilePath, _ list: KeptList?) -> [(name: String, value: JSON)] {
    [("name", .string(name.string)), ("maildir", JSON(list?.maildir.string)), ("messages", JSON(list?.messages))]
  }
}

extension JournalInspection {
  fileprivate func json(_ process: OtherProcess?) -> JSON {
    [
      "path": .string(path.string), "user": JSON(user), "age": JSON(age), "writer": .string(writer.rawValue),
      "pid": JSON(process?.pid), "program": JSON(process?.program),
      "mailbox_length": JSON(content?.mailboxLength), "record_length": JSON(content?.recordLength),
      "present": JSON(content?.present), "maildir": JSON(content?.list?.maildir.string),
      "messages": JSON(content?.list?.messages), "recovery": .string(outcome), "bytes": JSON(cutBytes),
      "reason": JSON(reason),
    ]
  }

  /// In the words of `lockctl recover`.
  private var outcome: String {
    switch plan {
    case .drop: "dropped"
    case .cut: "cut"
    case .complete: "completed"
    case .setAside: "set-aside"
    case .leave: "left"
    }
  }

  private var cutBytes: Int64? { if case .cut(let bytes) = plan { bytes } else { nil } }

  private var reason: String? {
    switch plan {
    case .setAside(let reason), .leave(let reason): reason
    case .drop, .cut, .complete: nil
    }
  }
}

extension LockHolder {
  fileprivate var json: JSON {
    [
      "kind": .string(kind.rawValue), "pid": JSON(pid), "host": JSON(host),
      "program": JSON(program), "proven": .flag(program != nil), "user": JSON(user),
    ]
  }
}

extension LeftPost {
  var json: JSON {
    [
      "name": .string(name.string), "host": .string(host), "pid": JSON(pid), "age": JSON(age),
    ]
  }
}

extension OtherProcess {
  fileprivate var json: JSON { ["pid": JSON(pid), "program": JSON(program)] }
}

extension ListedLock {
  fileprivate var json: JSON {
    [
      "method": .string(method), "exclusive": .flag(isExclusive), "waiting": .flag(isWaiting),
      "pid": JSON(pid),
      "program": JSON(pid.flatMap { OtherProcess($0).program }),
    ]
  }
}

extension JSON {
  fileprivate init(_ text: String?) { self = text.map(JSON.string) ?? .null }

  fileprivate init(_ number: (some BinaryInteger)?) { self = number.map { .integer(Int($0)) } ?? .null }

  /// In seconds.
  fileprivate init(_ duration: Duration?) {
    let milliseconds = duration.map { $0 / .milliseconds(1) }
    self = milliseconds.map { .number($0.rounded() / 1000) } ?? .null
  }
}
