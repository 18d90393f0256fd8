/// A way to lock a file.
public enum Method: String, Sendable, CaseIterable {
  /// A lock file beside the file, made with link(2).
  case dotlock
  /// A lock on the file's bytes, owned by the open file description (F_OFD_SETLK).
  case fcntl
  /// A lock on the whole file by flock(2).
  case flock
}

/// Locking methods in the order in which they are taken, each at most once and at least one.
public struct MethodList: Sendable, Equatable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The methods, first taken first.
  public let methods: [Method]

  /// A list written in source code.
  ///
  /// - Precondition: it is not empty and names no method twice.
  public init(arrayLiteral methods: Method...) { self.init(methods) }

  /// A list of methods.
  ///
  /// - Precondition: it is not empty and names no method twice.
  public init(_ methods: [Method]) {
    precondition(!methods.isEmpty && methods.indices.allSatisfy { !methods[..<$0].contains(methods[$0]) })
    self.methods = methods
  }

  /// Reads names joined by `+`.
  ///
  /// - Throws: what is wrong with the text: an unknown name, a name twice.
  public init(_ text: String) throws(ValueError) {
    var methods: [Method] = []
    for name in text.split(separator: "+", omittingEmptySubsequences: false) {
      guard let method = Method(rawValue: String(name)) else {
        let names = Method.allCases.map(\.rawValue)
        let hint = nearest(to: String(name), among: names).map { "did you mean '\($0)'?" }
        throw ValueError("unknown method '\(name)'; \(hint ?? "join " + names.joined(separator: ", ") + " by +")")
      }
      guard !methods.contains(method) else { throw ValueError("'\(name)' is named twice; each method is taken once") }
      methods.append(method)
    }
    self.methods = methods
  }

  /// Whether `method` is in the list.
  public func contains(_ method: Method) -> Bool { methods.contains(method) }

  /// The names joined by `+`.
  public var description: String {
    methods.reduce(into: "") { text, method in text += text.isEmpty ? method.rawValue : "+\(method.rawValue)" }
  }
}
