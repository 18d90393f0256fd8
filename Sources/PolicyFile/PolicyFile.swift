public import LockPolicy
public import SystemPackage

/// Reads the file in which a site writes down how its mailboxes are locked.
public enum PolicyFile {
  /// Where the policy is when nobody says otherwise.
  public static let defaultPath: FilePath = "/etc/dotlock.yaml"

  /// Reads a policy from a file that nobody but root and the caller can have written.
  ///
  /// - Parameter path: the file; `nil` means ``defaultPath`` if it exists, else the built-in defaults.
  /// - Returns: the policy, free of contradictions.
  /// - Throws: ``PolicyError``: the first thing that is wrong.
  public static func load(_ path: FilePath? = nil) throws(PolicyError) -> PolicyDocument {
    do throws(PolicyError) {
      return try parse(try trustedBytes(of: path ?? defaultPath), source: path ?? defaultPath)
    } catch {
      if path == nil, error.errno == .noSuchFileOrDirectory { return PolicyDocument() }
      throw error
    }
  }

  /// Reads a policy from the bytes of a file.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - source: the file's name, for messages and origins.
  /// - Returns: the policy, free of contradictions.
  /// - Throws: ``PolicyError``: the first thing that is wrong.
  public static func parse(_ bytes: [UInt8], source: FilePath) throws(PolicyError) -> PolicyDocument {
    let text = try SourceText(bytes, source: source)
    guard let root = try Composer.document(of: text) else { return PolicyDocument(source: source) }
    let document = try DocumentReader(source: source).document(root)
    do throws(PolicyContradiction) { try document.refuseContradictions() } catch {
      throw PolicyError(error, in: source)
    }
    return document
  }
}

extension PolicyError {
  fileprivate init(_ contradiction: PolicyContradiction, in source: FilePath) {
    switch contradiction.origin {
    case .defaults(let place), .rule(_, let place): self.init(place, contradiction.reason)
    case .builtIn, .commandLine: self.init(source, contradiction.reason)
    }
  }
}
