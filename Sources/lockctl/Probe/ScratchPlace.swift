internal import FileLocking
internal import Posix
internal import SystemPackage

/// The scratch directory of a probe, inside the directory that is probed.
struct ScratchPlace {
  private let parent: FilePath
  private let name: FilePath

  /// A name for one that nobody else has.
  static func unique(in directory: FilePath) -> FilePath {
    let host = String(Host.name.map { $0 == "/" ? "_" : $0 })
    let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    return directory.entry(FilePath(".lockctl-probe.\(host).\(ThisProcess.id).\(random)"))
  }

  init(_ path: FilePath) {
    (parent, name) = (path.removingLastComponent(), path.lastComponent.map { FilePath($0.string) } ?? "")
  }

  func make() throws(Errno) -> StepReport {
    let directory = try Directory(parent)
    do throws(Errno) {
      // Others must not find anything in it that they could play with while root probes their directory.
      try directory.makeDirectory(name, mode: 0o700)
      return StepReport()
    } catch {
      return StepReport(failure: "\(error)", numbers: ["opened": 1])
    }
  }

  func open() throws(Errno) -> Scratch {
    Scratch(directory: try Directory(parent).subdirectory(name), path: parent.entry(name))
  }

  /// Removes the files that trials make, and nothing else: whoever owns the directory above could have put another one
  /// in this one's place.
  func remove() throws(Errno) -> StepReport {
    do throws(Errno) {
      try open().empty()
      try Directory(parent).removeDirectory(name)
    } catch {
      // Whoever was stopped early may not have made it yet.
      guard error == .noSuchFileOrDirectory else { throw error }
    }
    return StepReport()
  }
}

/// A scratch directory that is open.
struct Scratch: ~Copyable {
  let directory: Directory
  let path: FilePath

  /// A new file.
  func make(_ name: FilePath) throws(Errno) -> Descriptor {
    try directory.open(name, [.readWrite, .create, .exclusive, .noFollow], mode: 0o600)
  }

  fileprivate func empty() {
    if let permit = try? directory.subdirectory(Trial.permitDirectory) { try? permit.unlink(Trial.permit.other) }
    try? directory.removeDirectory(Trial.permitDirectory)
    for trial in Trial.allCases {
      try? directory.unlink(trial.file)
      try? directory.unlink(trial.other)
    }
  }
}
