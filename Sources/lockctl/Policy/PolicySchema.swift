internal import CommandLine
internal import FileLocking
internal import LockPolicy

/// Policy files described as JSON Schema (draft 2020-12), made from the settings table.
enum PolicySchema {
  static var json: JSON {
    [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "dotlock.yaml(5): how mailboxes are locked",
      "type": ["object", "null"],
      "additionalProperties": .flag(false),
      "properties": [
        "version": ["const": .integer(1), "description": "version of the format"],
        "defaults": settings(also: [], "settings for every mailbox"),
        "rules": [
          "description": "every rule that matches applies; a later one wins",
          "type": ["array", "null"],
          "items": settings(also: [("match", match)], "settings for the mailboxes that match"),
        ],
      ],
    ]
  }

  /// Settings in their sections, or with dotted keys.
  private static func settings(also others: [(name: String, value: JSON)], _ help: String) -> JSON {
    let sections = Settings.sections.map { section in
      let members = Settings.table.filter { $0.section == section }.map { ($0.name, value($0)) }
      return (section, object(members))
    }
    return object(others + sections + Settings.table.map { ($0.key, value($0)) }, help)
  }

  private static func object(_ properties: [(name: String, value: JSON)], _ help: String? = nil) -> JSON {
    let description = help.map { [(name: "description", value: JSON.string($0))] } ?? []
    return .object(
      description + [
        ("type", ["object", "null"]), ("additionalProperties", .flag(false)), ("properties", .object(properties)),
      ])
  }

  private static func value(_ setting: Setting) -> JSON {
    .object(
      [
        ("description", .string("\(setting.help): \(setting.form.summary)")),
        ("default", setting.form.literal(setting.defaultText)),
      ] + setting.form.schema)
  }

  private static var match: JSON {
    let kinds: [(name: String, value: JSON)] = MatchKey.allCases.map { key in
      (key.rawValue, ["anyOf": [pattern(key), ["type": "array", "items": pattern(key), "minItems": .integer(1)]]])
    }
    return [
      "description": "all of these must match, each with any one of its patterns", "type": "object",
      "additionalProperties": .flag(false), "minProperties": .integer(1), "properties": .object(kinds),
    ]
  }

  private static func pattern(_ key: MatchKey) -> JSON {
    switch key {
    case .path: ["type": "string", "pattern": "^[/*](.*[^/])?$"]
    case .filesystem:
      [
        "anyOf": [
          ["enum": .array(FileSystemType.names.map(JSON.string))], ["type": "string", "pattern": "^0x[0-9a-fA-F]+$"],
          // What an editor's YAML reader makes of 0x6969 without quotes.
          ["type": "integer"],
        ]
      ]
    case .user: ["type": ["string", "integer"], "minLength": .integer(1)]
    case .host, .program: ["type": "string", "minLength": .integer(1)]
    }
  }
}
