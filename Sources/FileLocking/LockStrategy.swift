internal import LockPolicy

/// One way to lock a file. A new method is a new file with one of these, and a line in ``makeStrategy(for:)``.
///
/// Classes, so that a lock can hold a list of them; each belongs to one ``HeldLock``, and the descriptors in it are
/// owned by `~Copyable` values.
protocol LockStrategy: AnyObject {
  /// The policy's name for it.
  var method: Method { get }

  /// One try, without waiting.
  func tryLock(_ target: inout LockTarget) throws(LockFailure) -> Attempt

  /// Who is in the way, as far as it can be told, to end a line that begins with the file's path.
  func describeHolder(_ target: borrowing LockTarget) -> String

  /// What will tell a waiter that the holder has let go.
  ///
  /// - Parameter canQueue: whether the waiter can sleep in the kernel until a lock is granted.
  func wakeUp(_ target: borrowing LockTarget, canQueue: Bool) -> WakeUp

  /// After this time another try is worth it, whether the holder has let go or not; `nil`: never.
  var timeLeft: Duration? { get }

  /// Fails unless the lock is still this holder's.
  func prove(_ target: borrowing LockTarget) throws(LockFailure)

  /// Tells thieves that the holder is alive, where the method has thieves.
  func refresh(_ target: borrowing LockTarget) throws(LockFailure)

  /// Lets go of what is held, and of what was prepared in order to hold it; a later try can begin anew.
  ///
  /// What is not provably this holder's is left alone, and reported.
  func unlock(_ target: borrowing LockTarget) throws(LockFailure)
}

/// What one try came to.
enum Attempt {
  case taken
  /// Somebody else holds the lock.
  case busy
  /// The caller cannot use this method in this directory.
  case unavailable(LockFailure)
}

func makeStrategy(for method: Method) -> any LockStrategy {
  switch method {
  case .dotlock: DotlockStrategy()
  case .fcntl: FcntlStrategy()
  case .flock: FlockStrategy()
  }
}
