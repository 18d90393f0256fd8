import CPosix
import Glibc
import SystemPackage

/// Two descriptors that no other process of these tests inherits by chance.
struct Pipe {
  let reading: CInt
  let writing: CInt

  init() throws {
    var ends: [CInt] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC) == 0 else { throw Errno(rawValue: errno) }
    (reading, writing) = (ends[0], ends[1])
  }
}

/// Writes to and reads from a process at the same time: neither side can be left waiting on a full pipe.
struct Exchange {
  /// What came from each descriptor.
  private(set) var received: [[UInt8]]
  private var input: ArraySlice<UInt8>
  private var writing: CInt
  private var reading: [CInt]

  /// Takes the descriptors over, and closes them.
  init(writing: CInt, input: [UInt8], reading: [CInt]) {
    // A program that does not read its input must not kill or block the tests.
    signal(SIGPIPE, SIG_IGN)
    _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    (self.writing, self.input, self.reading) = (writing, input[...], reading)
    received = reading.map { _ in [] }
  }

  mutating func run() {
    while writing >= 0 || reading.contains(where: { $0 >= 0 }) {
      if input.isEmpty { finishWriting() }
      var polled = reading.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      polled.append(pollfd(fd: writing, events: Int16(POLLOUT), revents: 0))
      guard poll(&polled, nfds_t(polled.count), -1) >= 0 else { continue }
      if polled[reading.count].revents != 0 { write() }
      for index in reading.indices where polled[index].revents != 0 { read(index) }
    }
  }

  private mutating func write() {
    let count = input.withUnsafeBytes { Glibc.write(writing, $0.baseAddress, $0.count) }
    if count >= 0 { return input = input.dropFirst(count) }
    if errno != EAGAIN && errno != EINTR { finishWriting() }
  }

  private mutating func finishWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  private mutating func read(_ index: Int) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(reading[index], &buffer, buffer.count)
    if count > 0 { return received[index] += buffer[..<count] }
    if count == -1, errno == EINTR { return }
    close(reading[index])
    reading[index] = -1
  }
}
