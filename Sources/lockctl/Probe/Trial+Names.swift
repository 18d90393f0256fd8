internal import Posix
internal import SystemPackage

extension Trial {
  func create(_ scratch: borrowing Scratch) throws -> StepReport {
    _ = try scratch.make(file)
    try Misbehaviour.unlessFailing("a file that exists was made again") { () throws(Errno) in
      _ = try scratch.make(file)
    }
    var watch = Stopwatch()
    while !watch.isDone {
      _ = try watch.time { () throws(Errno) in try scratch.make(other) }
      try scratch.directory.unlink(other)
    }
    return watch.report
  }

  func link(_ scratch: borrowing Scratch) throws -> StepReport {
    let post = try scratch.make(file)
    var watch = Stopwatch()
    while !watch.isDone {
      try watch.time { () throws(Errno) in try scratch.directory.link(file, to: other) }
      // A lock file is known by its inode: one that looks different under its new name could not be proven ours.
      let (own, seen) = (try post.status(), try scratch.directory.open(other, [.readOnly, .noFollow]).status())
      guard seen.isSameFile(as: own), own.links == 2 else { throw Misbehaviour("the new name leads to another file") }
      try Misbehaviour.unlessFailing("a name that exists was given away again") { () throws(Errno) in
        try scratch.directory.link(file, to: other)
      }
      try scratch.directory.unlink(other)
    }
    return watch.report
  }

  func nameless(_ scratch: borrowing Scratch) throws -> StepReport {
    var watch = Stopwatch()
    while !watch.isDone {
      try watch.time { () throws(Errno) in
        try scratch.directory.link(scratch.directory.openNameless(mode: 0o600), as: file)
      }
      try scratch.directory.unlink(file)
    }
    return watch.report
  }

  /// FILE.lock loses its name only into a directory that the next holder removes first, so that whoever comes too late
  /// fails; also when the directory has been made again meanwhile, for the next one who wants to move a lock file.
  func permit(_ scratch: borrowing Scratch) throws -> StepReport {
    _ = try scratch.make(file)
    try scratch.directory.makeDirectory(Self.permitDirectory, mode: 0o700)
    let old = try scratch.directory.subdirectory(Self.permitDirectory)
    try scratch.directory.removeDirectory(Self.permitDirectory)
    try refuse(old, scratch, "a removed directory took a file")
    try scratch.directory.makeDirectory(Self.permitDirectory, mode: 0o700)
    try refuse(old, scratch, "a removed directory took a file for the one made after it")
    try scratch.directory.removeDirectory(Self.permitDirectory)
    return try useOfPermit(scratch)
  }

  private func refuse(_ old: borrowing Directory, _ scratch: borrowing Scratch, _ otherwise: String) throws {
    try Misbehaviour.unlessFailing(otherwise) { () throws(Errno) in
      try scratch.directory.rename(file, to: other, in: old)
    }
    // An error that hides that it was done would be no refusal.
    _ = try scratch.directory.status(of: file)
  }

  /// A directory that is there takes the file: else the refusals above would mean nothing.
  private func useOfPermit(_ scratch: borrowing Scratch) throws -> StepReport {
    var watch = Stopwatch()
    while !watch.isDone {
      try watch.time { () throws(Errno) in
        try scratch.directory.makeDirectory(Self.permitDirectory, mode: 0o700)
        let permit = try scratch.directory.subdirectory(Self.permitDirectory)
        try scratch.directory.rename(file, to: other, in: permit)
        try permit.unlink(other)
        try scratch.directory.removeDirectory(Self.permitDirectory)
      }
      _ = try scratch.make(file)
    }
    return watch.report
  }
}
