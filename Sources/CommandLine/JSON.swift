/// A JSON value, as the programs print it.
package enum JSON: Sendable {
  case string(String)
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case null
  case array([JSON])
  /// The members in the order in which they are printed.
  case object([(name: String, value: JSON)])

  /// The value as text, one member to a line, without a newline at the end.
  package var text: String { text(indent: "") }

  private func text(indent: String) -> String {
    switch self {
    case .string(let text): quoted(text)
    case .integer(let value): String(value)
    case .number(let value): value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    case .flag(let value): String(value)
    case .null: "null"
    case .array(let items): list(items.map { $0.text(indent: indent + "  ") }, "[", "]", indent: indent)
    case .object(let members):
      list(members.map { quoted($0.name) + ": " + $0.value.text(indent: indent + "  ") }, "{", "}", indent: indent)
    }
  }
}

private func list(_ items: [String], _ opening: String, _ closing: String, indent: String) -> String {
  if items.isEmpty { return opening + closing }
  return opening + "\n" + items.map { indent + "  " + $0 }.joined(separator: ",\n") + "\n" + indent + closing
}

private func quoted(_ text: String) -> String {
  var result = "\""
  for character in text.unicodeScalars {
    switch character {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
      let code = String(character.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
    default: result.unicodeScalars.append(character)
    }
  }
  return result + "\""
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
  package init(stringLiteral text: String) { self = .string(text) }
  package init(dictionaryLiteral members: (String, JSON)...) { self = .object(members.map { ($0, $1) }) }
  package init(arrayLiteral items: JSON...) { self = .array(items) }
}
