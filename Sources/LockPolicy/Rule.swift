public import SystemPackage

/// What a policy is asked about: one file, on one host, for one user and program.
public struct Subject: Sendable {
  /// The file's absolute path with every symbolic link resolved.
  public var path: FilePath
  /// The file-system type by its short name: `ext4`, `nfs`, ...
  public var filesystem: String
  /// Whether the file system follows the local rules; matched by `filesystem: local` and `network`.
  public var isLocal: Bool
  /// The host's name.
  public var host: String
  /// The effective user's names: the login name if it is known, and the number.
  public var user: [String]
  /// The program that asks.
  public var program: String

  /// A subject with everything that rules can look at.
  public init(path: FilePath, filesystem: String, isLocal: Bool, host: String, user: [String], program: String) {
    (self.path, self.filesystem, self.isLocal) = (path, filesystem, isLocal)
    (self.host, self.user, self.program) = (host, user, program)
  }
}

/// What a rule can look at.
public enum MatchKey: String, Sendable, CaseIterable {
  /// The resolved absolute path; a glob in which `**` crosses `/`.
  case path
  /// The file system's type, or `local` or `network`.
  case filesystem
  /// The host's full name or its first label; a glob.
  case host
  /// The effective user's name or number.
  case user
  /// The program that takes the lock.
  case program
}

/// Settings for the files that match.
public struct Rule: Sendable {
  /// All of these must match; each with any one of its patterns.
  public let match: [MatchKey: [String]]
  /// The settings, in the order of the file.
  public let assignments: [Assignment]
  /// Where the rule begins.
  public let location: SourceLocation

  /// A rule; an empty `match` applies to every file.
  public init(match: [MatchKey: [String]], assignments: [Assignment], location: SourceLocation) {
    (self.match, self.assignments, self.location) = (match, assignments, location)
  }

  /// Whether every key of the rule matches the subject.
  public func applies(to subject: Subject) -> Bool {
    match.allSatisfy { key, patterns in patterns.contains { subject.matches(key, $0) } }
  }

  /// Whether the subjects of this rule include all those of `other`, as far as that shows without a subject.
  func applies(whereverDoes other: Rule) -> Bool {
    match.allSatisfy { key, patterns in other.match[key]?.allSatisfy(patterns.contains) ?? false }
  }
}

extension Subject {
  fileprivate func matches(_ key: MatchKey, _ pattern: String) -> Bool {
    switch key {
    case .path:
      path.withPlatformString { bytes in
        Glob(pattern, separator: UInt8(ascii: "/")).matches(
          UnsafeBufferPointer(start: bytes, count: path.length).map(UInt8.init(bitPattern:)))
      }
    case .filesystem: pattern == filesystem || pattern == (isLocal ? "local" : "network")
    case .host:
      [host, String(host.prefix { $0 != "." })].contains {
        Glob(pattern.lowercased()).matches(Array($0.lowercased().utf8))
      }
    case .user: user.contains(pattern)
    case .program: pattern == program
    }
  }
}
