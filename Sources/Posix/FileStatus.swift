internal import CPosix
internal import Glibc

/// What fstat(2) tells about a file.
package struct FileStatus: Sendable {
  package let device: UInt64
  package let inode: UInt64
  package let mode: UInt32
  package let links: UInt64
  package let owner: UInt32
  package let group: UInt32
  package let size: Int64
  package let modified: FileTime
  package let accessed: FileTime
  /// When anything about it was changed last. Nobody can set this.
  package let changed: FileTime

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    mode = status.st_mode
    links = UInt64(status.st_nlink)
    owner = status.st_uid
    group = status.st_gid
    size = Int64(status.st_size)
    modified = FileTime(status.st_mtim)
    accessed = FileTime(status.st_atim)
    changed = FileTime(status.st_ctim)
  }

  package var isRegular: Bool { mode & S_IFMT == S_IFREG }
  package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
  package var isSymlink: Bool { mode & S_IFMT == S_IFLNK }
  /// Whether what is made in this directory gets its group.
  package var givesGroup: Bool { mode & S_ISGID != 0 }
  /// Whether names in this directory can only be taken away by their owners.
  package var isSticky: Bool { mode & S_ISVTX != 0 }

  /// The file's kind in the words of ls(1)'s readers.
  package var kind: String {
    switch mode & S_IFMT {
    case S_IFREG: "a regular file"
    case S_IFDIR: "a directory"
    case S_IFLNK: "a symbolic link"
    case S_IFIFO: "a fifo"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }

  package func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

/// A file's time stamp, by the clock of whoever serves the file system.
package struct FileTime: Sendable, Equatable, Comparable {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  init(_ time: timespec) { nanoseconds = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec) }

  var timespec: timespec {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return rest < 0
      ? Glibc.timespec(tv_sec: Int(seconds) - 1, tv_nsec: Int(rest) + 1_000_000_000)
      : Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
  }

  package static func < (a: FileTime, b: FileTime) -> Bool { a.nanoseconds < b.nanoseconds }

  /// How much later than `earlier` this time is.
  package func since(_ earlier: FileTime) -> Duration { .nanoseconds(nanoseconds &- earlier.nanoseconds) }
}
