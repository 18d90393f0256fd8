/// One policy key: its name, the values it takes, and where its value lives in a ``Policy``.
public struct Setting: Sendable {
  /// The key as people write it, with its section: `lease.length`.
  public let key: String
  /// The values it takes.
  public let form: ValueForm
  /// One line of help, without a full stop.
  public let help: String
  /// The long command-line option that sets it, without the dashes, for the everyday keys.
  public let option: String?
  /// Reads a text into the policy.
  let store: @Sendable (String, inout Policy) throws(ValueError) -> Void
  /// Shows the policy's value as a text that ``store`` reads back.
  let show: @Sendable (Policy) -> String

  /// The built-in default, as text.
  public var defaultText: String { show(Policy()) }

  /// The value that `policy` has for this key, as text.
  public func text(in policy: Policy) -> String { show(policy) }

  /// The key without its section: `length` of `lease.length`.
  public var name: String { key.firstIndex(of: ".").map { String(key[key.index(after: $0)...]) } ?? key }

  /// The key's section: `lease` of `lease.length`; `nil` for a key that stands alone.
  public var section: String? { key.firstIndex(of: ".").map { String(key[..<$0]) } }
}

// Two closures rather than a key path: key paths are made at run time, which every program would pay for at start-up.
typealias Read<Value> = @Sendable (Policy) -> Value
typealias Write<Value> = @Sendable (inout Policy, Value) -> Void

extension Setting {
  init(
    _ key: String, _ read: @escaping Read<Duration>, _ write: @escaping Write<Duration>, _ range: ClosedRange<Duration>,
    option: String? = nil,
    _ help: String
  ) {
    self.init(
      key: key, form: .duration(range), help: help, option: option,
      store: { text, policy throws(ValueError) in try write(&policy, readDuration(text, in: range)) },
      show: { read($0).policyText })
  }

  /// A duration, or `word` for no limit.
  init(
    _ key: String, _ read: @escaping Read<Duration?>, _ write: @escaping Write<Duration?>,
    _ range: ClosedRange<Duration>,
    or word: String,
    option: String? = nil, _ help: String
  ) {
    self.init(
      key: key, form: .duration(range, words: [word]), help: help, option: option,
      store: { text, policy throws(ValueError) in
        write(&policy, text == word ? nil : try readDuration(text, in: range, or: [word]))
      },
      show: { read($0)?.policyText ?? word })
  }

  init(
    _ key: String, _ read: @escaping Read<Policy.Refresh>, _ write: @escaping Write<Policy.Refresh>,
    _ range: ClosedRange<Duration>, option: String?, _ help: String
  ) {
    self.init(
      key: key, form: .duration(range, words: ["auto", "off"]), help: help, option: option,
      store: { text, policy throws(ValueError) in
        switch text {
        case "auto": write(&policy, .auto)
        case "off": write(&policy, .off)
        default: write(&policy, .every(try readDuration(text, in: range, or: ["auto", "off"])))
        }
      },
      show: {
        switch read($0) {
        case .auto: "auto"
        case .off: "off"
        case .every(let interval): interval.policyText
        }
      })
  }

  init(
    _ key: String, _ read: @escaping Read<Double>, _ write: @escaping Write<Double>, _ range: ClosedRange<Double>,
    _ help: String
  ) {
    self.init(
      key: key, form: .number(range), help: help, option: nil,
      store: { text, policy throws(ValueError) in
        // Double(_:) would also read hexadecimal, infinity and nan.
        guard text.allSatisfy({ "0123456789.eE+-".contains($0) }), let value = Double(text), value.isFinite
        else { throw ValueError("'\(text)' is not a number; expected \(ValueForm.number(range).summary)") }
        guard range.contains(value) else {
          throw ValueError("\(text) is out of range: \(ValueForm.number(range).summary)")
        }
        write(&policy, value)
      },
      show: { shortest(read($0)) })
  }

  init(_ key: String, _ read: @escaping Read<Bool>, _ write: @escaping Write<Bool>, _ help: String) {
    self.init(
      key: key, form: .flag, help: help, option: nil,
      store: { text, policy throws(ValueError) in
        guard let value = Bool(text) else { throw ValueError("'\(text)' is not true or false") }
        write(&policy, value)
      },
      show: { String(read($0)) })
  }

  init(
    _ key: String, _ read: @escaping Read<Int>, _ write: @escaping Write<Int>, _ range: ClosedRange<Int>,
    _ help: String
  ) {
    self.init(
      key: key, form: .size(range), help: help, option: nil,
      store: { text, policy throws(ValueError) in try write(&policy, readSize(text, in: range)) },
      show: { sizeText(read($0)) })
  }

  init(
    _ key: String, _ read: @escaping Read<Int?>, _ write: @escaping Write<Int?>, _ range: ClosedRange<Int>,
    or word: String, option: String?, _ help: String
  ) {
    self.init(
      key: key, form: .size(range, words: [word]), help: help, option: option,
      store: { text, policy throws(ValueError) in
        write(&policy, text == word ? nil : try readSize(text, in: range))
      },
      show: { read($0).map(sizeText) ?? word })
  }

  /// Permission bits, among which the `required` ones must be.
  init(
    _ key: String, _ read: @escaping Read<UInt32>, _ write: @escaping Write<UInt32>, requiring required: UInt32,
    _ help: String
  ) {
    self.init(
      key: key, form: .mode(required: required), help: help, option: nil,
      store: { text, policy throws(ValueError) in try write(&policy, readMode(text, requiring: required)) },
      show: { octal(read($0)) })
  }

  init<Word: RawRepresentable<String> & CaseIterable & SendableMetatype>(
    _ key: String, _ read: @escaping Read<Word>, _ write: @escaping Write<Word>, option: String? = nil,
    _ help: String
  ) {
    let words = Word.allCases.map(\.rawValue)
    self.init(
      key: key, form: .choice(words), help: help, option: option,
      store: { text, policy throws(ValueError) in
        guard let value = Word(rawValue: text) else { throw .unknown("value", text, among: words) }
        write(&policy, value)
      },
      show: { read($0).rawValue })
  }

  init(
    _ key: String, _ read: @escaping Read<MethodList>, _ write: @escaping Write<MethodList>, option: String,
    _ help: String
  ) {
    self.init(
      key: key, form: .methods, help: help, option: option,
      store: { text, policy throws(ValueError) in try write(&policy, MethodList(text)) },
      show: { read($0).description })
  }

  /// The end of a file name.
  init(suffix key: String, _ read: @escaping Read<String>, _ write: @escaping Write<String>, _ help: String) {
    self.init(
      key: key, form: .suffix, help: help, option: nil,
      store: { text, policy throws(ValueError) in
        guard (1...64).contains(text.utf8.count), !text.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 })
        else { throw ValueError("'\(text)' is not the end of a file name: 1 to 64 bytes, without '/'") }
        write(&policy, text)
      },
      show: { read($0) })
  }
}
