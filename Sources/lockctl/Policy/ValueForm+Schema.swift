internal import CommandLine
internal import LockPolicy

extension ValueForm {
  /// The values as members of a JSON Schema. YAML reads some texts as numbers, so both are listed.
  var schema: [(name: String, value: JSON)] {
    switch self {
    case .duration(let range, let words):
      let seconds = range.upperBound.components.seconds
      return alternatives(
        pattern: #"[0-9]+(\.[0-9]+)?(ms|s|m|h|d)?"#, words: words,
        number: ["type": "number", "minimum": .integer(0), "maximum": .integer(Int(seconds))])
    case .size(let range, let words):
      return alternatives(
        pattern: "[0-9]+([KMGT]i?B?|kB|B)?", words: words,
        number: ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
    case .number(let range):
      return [("type", "number"), ("minimum", .number(range.lowerBound)), ("maximum", .number(range.upperBound))]
    case .flag: return [("type", "boolean")]
    case .mode: return alternatives(pattern: "(0o)?[0-7]{1,4}", words: [], number: ["type": "integer"])
    case .choice(let words): return [("enum", .array(words.map(JSON.string)))]
    case .methods: return [("type", "string"), ("pattern", .string("^(\(Self.oneMethod)|\(Self.manyMethods))$"))]
    case .suffix: return [("type", "string"), ("pattern", "^[^/]+$"), ("maxLength", .integer(64))]
    }
  }

  private static let oneMethod = Method.allCases.map(\.rawValue).joined(separator: "|")
  private static let manyMethods = "(\(oneMethod))([+](\(oneMethod)))+"

  private func alternatives(pattern: String, words: [String], number: JSON) -> [(name: String, value: JSON)] {
    let text = "^(" + ([pattern] + words).joined(separator: "|") + ")$"
    return [("anyOf", [["type": "string", "pattern": .string(text)], number])]
  }

  /// A value's text as the JSON value that the schema knows it as.
  func literal(_ text: String) -> JSON {
    switch self {
    case .flag: .flag(text == "true")
    case .number: Double(text).map(JSON.number) ?? .string(text)
    default: .string(text)
    }
  }
}
