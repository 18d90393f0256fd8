internal import Glibc
public import LockPolicy
internal import Posix
public import SystemPackage

extension Subject {
  /// Looks at a file the way rules do: where it is, on which kind of file system, on which host, and who asks.
  ///
  /// - Parameters:
  ///   - location: the file.
  ///   - program: the name that `match: program` is compared with.
  /// - Throws: `LockFailure` when the directory cannot be opened.
  public init(_ location: FileLocation, program: String = Host.program) throws(LockFailure) {
    let filesystem = try attempt(location.directory, "cannot open the directory") { () throws(Errno) in
      FileSystemType(magic: try Directory(location.directory).fileSystemMagic())
    }
    self.init(
      path: location.path, filesystem: filesystem.name, isLocal: filesystem.isLocal, host: Host.name,
      user: Self.names(of: geteuid()), program: program)
  }

  /// The login name as /etc/passwd has it, and the number. Not getpwuid(3): a static program must not load the
  /// name service's modules, so users that only a directory service knows are matched by number.
  private static func names(of uid: uid_t) -> [String] {
    guard let passwd = fopen("/etc/passwd", "re") else { return [String(uid)] }
    defer { fclose(passwd) }
    while let entry = fgetpwent(passwd) {
      if entry.pointee.pw_uid == uid, let name = entry.pointee.pw_name { return [String(cString: name), String(uid)] }
    }
    return [String(uid)]
  }
}

extension PolicyDocument {
  /// The effective settings for the file at `path`, as this process on this host is to use them.
  ///
  /// - Parameters:
  ///   - path: the file; it need not exist.
  ///   - overrides: settings of this invocation, which win over the document's.
  ///   - program: the name that `match: program` is compared with.
  /// - Returns: the policy; its origins are in ``resolution(for:overrides:program:)``.
  /// - Throws: `LockFailure` or `PolicyContradiction`.
  public func resolved(
    for path: FilePath, overrides: [Assignment] = [], program: String = Host.program
  ) throws -> Policy {
    try resolution(for: path, overrides: overrides, program: program).policy
  }

  /// The effective settings for the file at `path`, each with its origin.
  ///
  /// - Parameters:
  ///   - path: the file; it need not exist.
  ///   - overrides: settings of this invocation, which win over the document's.
  ///   - program: the name that `match: program` is compared with.
  /// - Returns: the settings and their origins.
  /// - Throws: `LockFailure` or `PolicyContradiction`.
  public func resolution(
    for path: FilePath, overrides: [Assignment] = [], program: String = Host.program
  ) throws -> ResolvedPolicy {
    // Without rules nobody looks at the subject, and looking at it costs system calls per message.
    guard !rules.isEmpty else { return try resolved(for: nil, overrides: overrides) }
    return try resolved(for: Subject(FileLocation(of: path), program: program), overrides: overrides)
  }
}

/// This host and this process, as rules and lock files name them.
public enum Host {
  /// The host's name, as uname(2) tells it.
  public static var name: String {
    var names = utsname()
    uname(&names)
    return withUnsafePointer(to: &names.nodename) {
      $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
    }
  }

  /// The last component of the name under which this process was started.
  public static var program: String {
    let path = CommandLine.unsafeArgv[0].map { FilePath(platformString: $0) }
    return path?.lastComponent?.string ?? ""
  }
}
