/// The values that a setting takes, for readers, for help texts and for the schema.
public enum ValueForm: Sendable, Equatable {
  /// A duration within a range, or one of some words.
  case duration(ClosedRange<Duration>, words: [String] = [])
  /// A size in bytes within a range, or one of some words.
  case size(ClosedRange<Int>, words: [String] = [])
  /// A decimal number within a range.
  case number(ClosedRange<Double>)
  /// `true` or `false`.
  case flag
  /// Permission bits in octal; those given must be among them.
  case mode(required: UInt32)
  /// One of some words.
  case choice([String])
  /// Locking methods joined by `+`.
  case methods
  /// The end of a file name.
  case suffix

  /// The values in a few words, as help texts and diagnostics name them.
  public var summary: String {
    switch self {
    case .duration(let range, let words):
      (["\(range.lowerBound.policyText) to \(range.upperBound.policyText)"] + words).joined(separator: ", or ")
    case .size(_, let words): (["bytes, or KiB, MiB, GiB, TiB"] + words).joined(separator: ", or ")
    case .number(let range): "\(shortest(range.lowerBound)) to \(shortest(range.upperBound))"
    case .flag: "true or false"
    case .mode: "octal permissions"
    case .choice(let words): words.joined(separator: ", ")
    case .methods: Method.allCases.map(\.rawValue).joined(separator: ", ") + ", joined by +"
    case .suffix: "the end of a file name"
    }
  }

  /// What stands for a value in a usage line.
  public var placeholder: String {
    switch self {
    case .duration: "TIME"
    case .size: "SIZE"
    case .number: "NUMBER"
    case .flag: "BOOL"
    case .mode: "MODE"
    case .choice(let words): words.joined(separator: "|")
    case .methods: "METHODS"
    case .suffix: "SUFFIX"
    }
  }
}
