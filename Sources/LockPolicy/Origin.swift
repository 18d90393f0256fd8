/// A place in a policy file.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The file as it was named.
  public let file: String
  /// The line, from 1.
  public let line: Int
  /// The column in characters, from 1.
  public let column: Int

  /// A place in a policy file; line and column count from 1.
  public init(file: String, line: Int, column: Int) {
    (self.file, self.line, self.column) = (file, line, column)
  }

  /// `file:line:column`.
  public var description: String { "\(file):\(line):\(column)" }
}

/// Where an effective value comes from.
public enum Origin: Sendable, Equatable, CustomStringConvertible {
  /// Nobody set it.
  case builtIn
  /// The `defaults` of a policy file.
  case defaults(SourceLocation)
  /// The rule of that number, from 1.
  case rule(Int, SourceLocation)
  /// The command line, in the words that were used there.
  case commandLine(String)

  /// `built-in`, `/etc/dotlock.yaml:12`, `rule 2 at /etc/dotlock.yaml:31`, `-o`.
  public var description: String {
    switch self {
    case .builtIn: "built-in"
    case .defaults(let place): "\(place.file):\(place.line)"
    case .rule(let number, let place): "rule \(number) at \(place.file):\(place.line)"
    case .commandLine(let words): words
    }
  }

  /// How a diagnostic about the value begins.
  var position: String {
    switch self {
    case .defaults(let place), .rule(_, let place): place.description
    case .builtIn, .commandLine: description
    }
  }
}

/// A value for a setting, and who gave it.
public struct Assignment: Sendable {
  let index: Int
  /// The value as it was written.
  public let text: String
  /// Who gave it.
  public let origin: Origin

  /// The setting that is given a value.
  public var setting: Setting { Settings.table[index] }

  /// Checks that `text` is a value of the setting `key`.
  ///
  /// - Throws: an unknown key (with the nearest one), or what is wrong with the value.
  public init(_ key: String, _ text: String, origin: Origin) throws(ValueError) {
    guard let index = Settings.position(of: key) else {
      throw ValueError("unknown key '\(key)'; \(Settings.advice(for: key))")
    }
    try self.init(index, text, origin: origin)
  }

  /// Checks that `text` is a value of the setting at a position in the table.
  package init(_ index: Int, _ text: String, origin: Origin) throws(ValueError) {
    var scratch = Policy()
    try Settings.table[index].store(text, &scratch)
    (self.index, self.text, self.origin) = (index, text, origin)
  }

  /// Reads `KEY=VALUE`.
  ///
  /// - Throws: as ``init(_:_:origin:)``, or that there is no `=`.
  public init(option pair: String, origin: Origin = .commandLine("-o")) throws(ValueError) {
    guard let equals = pair.firstIndex(of: "=") else { throw ValueError("'\(pair)' is not KEY=VALUE") }
    try self.init(String(pair[..<equals]), String(pair[pair.index(after: equals)...]), origin: origin)
  }
}
