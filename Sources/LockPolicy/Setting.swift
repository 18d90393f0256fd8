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

/// Made only when the setting is read or set: a table of key paths would cost each program a third of its start-up.
typealias Place<Value> = WritableKeyPath<Policy, Value> & Sendable

extension Setting {
  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Duration>, _ range: ClosedRange<Duration>,
    option: String? = nil,
    _ help: String
  ) {
    self.init(
      key: key, form: .duration(range), help: help, option: option,
      store: { text, policy throws(ValueError) in policy[keyPath: place()] = try readDuration(text, in: range) },
      show: { $0[keyPath: place()].policyText })
  }

  /// A duration, or `word` for no limit.
  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Duration?>, _ range: ClosedRange<Duration>,
    or word: String,
    option: String? = nil, _ help: String
  ) {
    self.init(
      key: key, form: .duration(range, words: [word]), help: help, option: option,
      store: { text, policy throws(ValueError) in
        policy[keyPath: place()] = text == word ? nil : try readDuration(text, in: range, or: [word])
      },
      show: { $0[keyPath: place()]?.policyText ?? word })
  }

  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Policy.Refresh>,
    _ range: ClosedRange<Duration>, option: String?, _ help: String
  ) {
    self.init(
      key: key, form: .duration(range, words: ["auto", "off"]), help: help, option: option,
      store: { text, policy throws(ValueError) in
        policy[keyPath: place()] =
          switch text {
          case "auto": .auto
          case "off": .off
          default: .every(try readDuration(text, in: range, or: ["auto", "off"]))
          }
      },
      show: {
        switch $0[keyPath: place()] {
        case .auto: "auto"
        case .off: "off"
        case .every(let interval): interval.policyText
        }
      })
  }

  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Double>, _ range: ClosedRange<Double>,
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
        policy[keyPath: place()] = value
      },
      show: { shortest($0[keyPath: place()]) })
  }

  init(_ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Bool>, _ help: String) {
    self.init(
      key: key, form: .flag, help: help, option: nil,
      store: { text, policy throws(ValueError) in
        guard let value = Bool(text) else { throw ValueError("'\(text)' is not true or false") }
        policy[keyPath: place()] = value
      },
      show: { String($0[keyPath: place()]) })
  }

  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Int>, _ range: ClosedRange<Int>,
    _ help: String
  ) {
    self.init(
      key: key, form: .size(range), help: help, option: nil,
      store: { text, policy throws(ValueError) in policy[keyPath: place()] = try readSize(text, in: range) },
      show: { sizeText($0[keyPath: place()]) })
  }

  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Int?>, _ range: ClosedRange<Int>,
    or word: String, option: String?, _ help: String
  ) {
    self.init(
      key: key, form: .size(range, words: [word]), help: help, option: option,
      store: { text, policy throws(ValueError) in
        policy[keyPath: place()] = text == word ? nil : try readSize(text, in: range)
      },
      show: { $0[keyPath: place()].map(sizeText) ?? word })
  }

  /// Permission bits, among which the `required` ones must be.
  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<UInt32>, requiring required: UInt32,
    _ help: String
  ) {
    self.init(
      key: key, form: .mode(required: required), help: help, option: nil,
      store: { text, policy throws(ValueError) in policy[keyPath: place()] = try readMode(text, requiring: required) },
      show: { octal($0[keyPath: place()]) })
  }

  init<Word: RawRepresentable<String> & CaseIterable & SendableMetatype>(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<Word>, option: String? = nil,
    _ help: String
  ) {
    let words = Word.allCases.map(\.rawValue)
    self.init(
      key: key, form: .choice(words), help: help, option: option,
      store: { text, policy throws(ValueError) in
        guard let value = Word(rawValue: text) else { throw .unknown("value", text, among: words) }
        policy[keyPath: place()] = value
      },
      show: { $0[keyPath: place()].rawValue })
  }

  init(
    _ key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<MethodList>, option: String, _ help: String
  ) {
    self.init(
      key: key, form: .methods, help: help, option: option,
      store: { text, policy throws(ValueError) in policy[keyPath: place()] = try MethodList(text) },
      show: { $0[keyPath: place()].description })
  }

  /// The end of a file name.
  init(suffix key: String, _ place: @escaping @autoclosure @Sendable () -> any Place<String>, _ help: String) {
    self.init(
      key: key, form: .suffix, help: help, option: nil,
      store: { text, policy throws(ValueError) in
        guard (1...64).contains(text.utf8.count), !text.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 })
        else { throw ValueError("'\(text)' is not the end of a file name: 1 to 64 bytes, without '/'") }
        policy[keyPath: place()] = text
      },
      show: { $0[keyPath: place()] })
  }
}
