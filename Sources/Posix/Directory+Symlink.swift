internal import Glibc
package import SystemPackage

extension Directory {
  /// Makes a symbolic link in the directory; never replaces a file.
  package func makeSymlink(_ name: FilePath, to target: FilePath) throws(Errno) {
    let raw = raw
    try name.call { (name) throws(Errno) in
      try target.call { (target) throws(Errno) in try systemCheck { symlinkat(target, raw, name) } }
    }
  }

  /// Where a symbolic link in the directory leads; `nil` when there is none.
  package func symlinkTarget(_ name: FilePath) throws(Errno) -> FilePath? {
    let raw = raw
    var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    do throws(Errno) {
      _ = try name.call { (name) throws(Errno) in try systemCall { readlinkat(raw, name, &target, Int(PATH_MAX)) } }
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw error
    }
    return FilePath(platformString: target)
  }
}
