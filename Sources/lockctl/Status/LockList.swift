internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import Mailbox
internal import SystemPackage

/// The locks in one directory.
struct LockList {
  private let path: FilePath
  private let reports: [LockReport]
  private let cleared: [LeftPost]

  init(_ path: FilePath, clearing: Bool, _ subject: (FileLocation) throws -> LockSubject) throws {
    // Any name will do that is not there: the directory is what counts.
    self.path = try FileLocation(of: path.appending("lockctl")).directory
    let place = try LockDirectory(self.path)
    guard let names = place.names else {
      throw LockFailure(.permissionDenied, self.path, "cannot read the directory")
    }
    var (reports, cleared): ([LockReport], [LeftPost]) = ([], [])
    for location in try Self.lockedFiles(names, in: self.path, subject) {
      let subject = try subject(location)
      let report = try subject.report(in: place)
      let seen = report.seen
      for post in seen.posts ?? [] where clearing && post.isNobodys(subject.policy, in: place) {
        try post.clear(from: place)
        cleared.append(post)
      }
      let isWorthIt =
        seen.sighting != .nothing || seen.permit != nil || seen.permitObstacle != nil || seen.queuePlace != nil
        || seen.posts?.isEmpty == false || !report.left.isEmpty
      if isWorthIt { reports.append(report) }
    }
    (self.reports, self.cleared) = (reports, cleared)
  }

  /// The files beside which there may be a lock file, a permit directory, a post or a journal. Each file has a suffix of its own, so
  /// every name in the directory is a candidate, and every name that ends in its own suffix is one without it.
  private static func lockedFiles(
    _ names: [FilePath], in directory: FilePath, _ subject: (FileLocation) throws -> LockSubject
  ) throws -> [FileLocation] {
    let present = Set(names)
    var found: Set<FilePath> = []
    for name in names {
      let suffix = try subject(FileLocation(directory: directory, name: name)).policy.dotlock.suffix
      if present.contains(name.appendingToName(suffix)) { found.insert(name) }
      for lock in [name, name.without(".steal"), name.without(".queue"), LeftPost.lockName(of: name, suffix: suffix)] {
        if let file = lock?.without(suffix) { found.insert(file) }
      }
      if let mailbox = MailboxInspection.mailbox(of: name) { found.insert(mailbox) }
    }
    return found.sorted { $0.string < $1.string }.map { FileLocation(directory: directory, name: $0) }
  }

  var text: String {
    let posts = cleared.map { "\(path.entry($0.name)): cleared, not touched for \($0.age.readable)\n" }
    return (reports.map(\.text) + posts.map { String($0.dropLast()).visible + "\n" }).joined()
  }

  var json: JSON {
    [
      "directory": .string(path.string), "locks": .array(reports.map(\.json)), "cleared": .array(cleared.map(\.json)),
    ]
  }
}
