/// What is known of a message besides its own bytes: from whom it comes, and how it came here.
///
/// The `From ` line that begins a message in an mbox takes its sender from the first of these that is there: the
/// `sender` given here; qmail's `UFLINE`; a `From ` line that leads the message, as Postfix, Exim and sendmail send
/// it; the environment's `SENDER`; the message's own `Return-Path` header; and else it is `MAILER-DAEMON`.
///
/// With `UFLINE` set, `RPLINE` and `DTLINE` are written too, as qmail-local does, and a `From ` line that leads the
/// message is its sender's forgery, and is marked like any other.
public struct Envelope: Sendable {
  /// The sender's address; empty for a message that reports a failed delivery. `nil`: look elsewhere.
  package var sender: [UInt8]?
  /// qmail's `From ` line, with its newline.
  package var fromLine: [UInt8]?
  /// qmail's `Return-Path` header, with its newline.
  package var returnPathLine: [UInt8]?
  /// qmail's `Delivered-To` header, with its newline.
  package var deliveredToLine: [UInt8]?
  /// The address in the environment's `SENDER`.
  package var environmentSender: [UInt8]?

  /// An envelope with a known sender, or with none.
  ///
  /// - Parameter sender: the address, with or without angle brackets; empty for a message that reports a failed
  ///   delivery; `nil` to look into the message for it.
  public init(sender: String? = nil) { self.sender = sender.map { Array($0.utf8) } }

  /// An envelope as mail systems hand it to a program.
  ///
  /// - Parameters:
  ///   - sender: the sender that the caller was told, which wins over the environment.
  ///   - environment: gives the bytes of a variable of the environment, which need not be UTF-8.
  public init(sender: [UInt8]? = nil, environment: (String) -> [UInt8]?) {
    self.sender = sender
    fromLine = environment("UFLINE")
    returnPathLine = environment("RPLINE")
    deliveredToLine = environment("DTLINE")
    environmentSender = environment("SENDER")
  }
}
