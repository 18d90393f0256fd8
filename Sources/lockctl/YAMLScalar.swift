internal import CommandLine

/// A text as a YAML scalar: bare where nobody could take it for something else.
func yamlScalar(_ text: String) -> String {
  let isBare = text.utf8.allSatisfy { byte in
    Character(Unicode.Scalar(byte)).isLetter && byte < 0x80 || (0x30...0x39).contains(byte)
      || "./+-_".utf8.contains(byte)
  }
  if isBare, let first = text.first, first != "-" { return text }
  return JSON.string(text).text
}
