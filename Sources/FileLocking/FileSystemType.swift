internal import Posix
internal import SystemPackage

/// The kind of file system that a directory is on, and whether the local rules may be trusted there.
///
/// Local means: one kernel sees every change, OFD and flock locks are exact, and an inode is proof of identity.
/// Everything that is not known to be local follows the network rules, which hold everywhere.
package struct FileSystemType: Sendable, Equatable {
  /// The short name that policies use.
  package let name: String
  /// Whether the local rules apply.
  package let isLocal: Bool

  package init(magic: UInt) {
    let known = Self.table.first { $0.magic == magic }
    name = known?.name ?? "0x" + String(magic, radix: 16)
    isLocal = known?.isLocal ?? false
  }

  /// The names that a policy can match, besides a magic number in hexadecimal.
  package static var names: [String] { table.map(\.name) + ["local", "network"] }

  private static let table: [(name: String, magic: UInt, isLocal: Bool)] = [
    ("ext4", 0xEF53, true), ("xfs", 0x5846_5342, true), ("btrfs", 0x9123_683E, true), ("tmpfs", 0x0102_1994, true),
    ("zfs", 0x2FC1_2FC1, true), ("f2fs", 0xF2F5_2010, true),
    ("nfs", 0x6969, false), ("cifs", 0xFF53_4D42, false), ("smb2", 0xFE53_4D42, false), ("fuse", 0x6573_5546, false),
    ("overlay", 0x794C_7630, false), ("9p", 0x0102_1997, false), ("ceph", 0x00C3_6400, false),
    ("afs", 0x5346_414F, false), ("gfs2", 0x0116_1970, false), ("ocfs2", 0x7461_636F, false),
    ("lustre", 0x0BD0_0BD0, false), ("vfat", 0x4D44, false), ("ramfs", 0x8584_58F6, false),
  ]
}
