internal import FileLocking
internal import Posix
internal import SystemPackage

/// A file for a message too large for memory, which vanishes with its descriptor, however the process ends.
struct SpoolFile: ~Copyable {
  let directory: FilePath
  let descriptor: Descriptor
  /// How many bytes are left out behind the header, so that the message begins as far from a block's beginning as it
  /// will in the mailbox: then a file system that can give two files the same blocks need not write it twice.
  let gap: Int

  /// What file systems share are blocks of that size; where they are larger, nothing is shared.
  static let blockSize = 4096

  /// Makes one in the first of the directories where that is possible.
  ///
  /// - Parameter mailbox: the name of the mailbox in the first directory; `nil`: of none.
  /// - Throws: `LockFailure` about the first directory: the others were only tried because of it.
  init(in directories: [FilePath], for mailbox: FilePath?) throws(LockFailure) {
    var failure: LockFailure?
    for path in directories {
      do throws(Errno) {
        let place = try Directory(path)
        descriptor = try Self.make(in: place)
        directory = path
        gap = failure == nil ? mailbox.map { Self.gap(before: $0, in: place) } ?? 0 : 0
        return
      } catch {
        failure = failure ?? LockFailure(error, path, "cannot make a file for the message")
      }
    }
    throw failure ?? LockFailure(.noSuchFileOrDirectory, "", "no directory for the message")
  }

  /// Another delivery may come first; then nothing is shared.
  private static func gap(before mailbox: FilePath, in directory: borrowing Directory) -> Int {
    guard let magic = try? directory.fileSystemMagic(), FileSystemType(magic: magic).isLocal,
      let end = try? directory.status(of: mailbox).size
    else { return 0 }
    return (Int(end % Int64(blockSize)) + blockSize - SpoolStorage.margin) % blockSize
  }

  /// The file of a journal.
  init(_ descriptor: consuming Descriptor, in directory: FilePath, gap: Int) {
    self.descriptor = descriptor
    self.directory = directory
    self.gap = gap
  }

  private static func make(in directory: borrowing Directory) throws(Errno) -> Descriptor {
    if let file = try directory.openNamelessIfPossible(mode: 0o600) { return file }
    return try makeUnlinked(in: directory)
  }

  /// On NFS the client keeps the unlinked file as `.nfsXXXX` until it is closed.
  static func makeUnlinked(in directory: borrowing Directory) throws(Errno) -> Descriptor {
    while true {
      let name = FilePath(".spool.\(ThisProcess.id).\(BootTime.now.nanoseconds)")
      do throws(Errno) {
        let file = try directory.open(name, [.readWrite, .create, .exclusive, .noFollow], mode: 0o600)
        try directory.unlink(name)
        return file
      } catch  where error == .fileExists {
        continue
      }
    }
  }
}

extension Directory {
  /// - Returns: `nil` where there are no such files.
  func openNamelessIfPossible(mode: UInt32) throws(Errno) -> Descriptor? {
    do throws(Errno) {
      return try openNameless(mode: mode)
    } catch {
      // EISDIR and ENOENT: a kernel or a file system from before O_TMPFILE; EINVAL and ENOTSUP: NFS, overlayfs, FUSE.
      switch error {
      case .notSupported, .isDirectory, .noSuchFileOrDirectory, .invalidArgument, .noFunction: return nil
      default: throw error
      }
    }
  }
}
